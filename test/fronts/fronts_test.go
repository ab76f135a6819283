// Package fronts_test runs real TLS front ends with the configurations of deploy/examples,
// in front of a server that reads what they hand on as the gateway does.
package fronts_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/pki"
	"github.com/esgateway/esgateway/test/parts"
)

// A front is an example, and what it is able to tell.
type front struct {
	example string
	format  string
	start   func(testing.TB, parts.FrontConfig) *parts.Front
	none    pki.State // what it says without a certificate
	good    pki.State // what it says with one
	issuers bool      // hands on the issuers that the client has sent
	http2   bool      // speaks it with clients
}

var fronts = []front{
	{"nginx/gateway.conf", "nginx", parts.StartNginx, pki.None, pki.Verified, false, false},
	{"haproxy/haproxy.cfg", "haproxy", parts.StartHAProxy, pki.None, pki.Verified, true, true},
	{"apache/gateway.conf", "apache", parts.StartApache, pki.None, pki.Verified, true, false},
	{"caddy/Caddyfile", "caddy", parts.StartCaddy, pki.None, pki.Verified, false, true},
	{"rfc9440/httpd.conf", "rfc9440", parts.StartApache, pki.Unknown, pki.Unknown, true, false},
	{"rfc9440/haproxy.cfg", "rfc9440", parts.StartHAProxy, pki.Unknown, pki.Unknown, false, true},
	{"envoy/envoy.yaml", "envoy", parts.StartEnvoy, pki.Unknown, pki.Unknown, true, true},
	{"traefik/dynamic.yaml", "traefik", parts.StartTraefik, pki.Unknown, pki.Unknown, true, true},
}

// world is a front that runs, with those who come to it.
type world struct {
	front
	*parts.Front
	server *x509.CertPool // trusts the front
	root   *parts.CA
	sub    *parts.CA
	format pki.Format
}

// seen is what the server behind the front has read.
type seen struct {
	URI    string
	State  pki.State
	Chain  [][]byte
	Error  string
	Reason pki.Reason
	Header http.Header
}

func newWorld(t *testing.T, f front) *world {
	t.Helper()
	server, clients := parts.NewCA(t), parts.NewCA(t)
	format, err := pki.New(f.format, pki.Names{})
	if err != nil {
		t.Fatal(err)
	}
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := seen{URI: r.RequestURI, Header: r.Header}
		presented, err := format.Read(r.Header)
		if refusal, is := errors.AsType[*pki.Refusal](err); is {
			answer.Error, answer.Reason = err.Error(), refusal.Reason
		}
		answer.State = presented.State
		for _, c := range presented.Chain {
			answer.Chain = append(answer.Chain, c.Raw)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(behind.Close)
	gateway := strings.TrimPrefix(behind.URL, "http://")
	running := f.start(t, parts.FrontConfig{Example: f.example, Server: server.Issue(t, parts.FrontName), Clients: clients, Gateway: gateway})
	return &world{front: f, Front: running, server: server.Pool(), root: clients, sub: clients.Sub(t, "issuing"), format: format}
}

// client makes a client with or without a certificate.
func (w *world) client(t *testing.T, certificate *tls.Certificate, versions ...uint16) *http.Client {
	t.Helper()
	config := &tls.Config{RootCAs: w.server, ServerName: w.Name, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	if len(versions) > 0 {
		config.MaxVersion = versions[0]
	}
	if certificate != nil {
		// Shown whatever authorities the front names: some clients do that.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	transport := &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, w.Address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// ask sends a request with these header lines, in the spelling that they have.
func (w *world) ask(t *testing.T, client *http.Client, lines ...[2]string) (*seen, *http.Response, error) {
	t.Helper()
	_, port, err := net.SplitHostPort(w.Address)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+net.JoinHostPort(w.Name, port)+"/a%2fb?q=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		request.Header[line[0]] = append(request.Header[line[0]], line[1])
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer seen
	if response.StatusCode != http.StatusOK {
		return nil, response, nil
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return &answer, response, nil
}

// must is ask where nothing may go wrong. A slash in a name of Elasticsearch stays in it.
func (w *world) must(t *testing.T, client *http.Client, lines ...[2]string) (*seen, *http.Response) {
	t.Helper()
	answer, response, err := w.ask(t, client, lines...)
	if err != nil || answer == nil {
		t.Fatalf("no answer of the server behind the front: %v, %+v", err, response)
	}
	if !strings.EqualFold(answer.URI, "/a%2fb?q=1") {
		t.Errorf("the path has become %s", answer.URI)
	}
	return answer, response
}

func (w *world) wantNone(t *testing.T, got *seen) {
	t.Helper()
	if got.Error != "" || got.State != w.none || len(got.Chain) > 0 {
		t.Errorf("got %s with %d certificates, %s, want %s\n%v", got.State, len(got.Chain), got.Error, w.none, got.Header)
	}
}

// wantChain expects the client's own certificate, which our verifier then accepts.
func (w *world) wantChain(t *testing.T, got *seen, own tls.Certificate, issuers bool) {
	t.Helper()
	want := 1
	if issuers {
		want = len(own.Certificate)
	}
	if got.Error != "" || got.State != w.good || len(got.Chain) < want || string(got.Chain[0]) != string(own.Certificate[0]) {
		t.Fatalf("got %s with %d certificates, %s, want %s with %d\n%v", got.State, len(got.Chain), got.Error, w.good, want, got.Header)
	}
	var chain []*x509.Certificate
	for _, der := range got.Chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
	var between []byte
	if !issuers {
		for _, der := range own.Certificate[1:] {
			between = append(between, armoured(der)...)
		}
	}
	verified, err := w.verifier(t, between).Verify(chain, time.Now())
	if err != nil || len(verified) != len(own.Certificate)+1 {
		t.Errorf("our verifier: %d certificates, %v", len(verified), err)
	}
}

// verifier trusts the root; it knows what stands between, if there is anything.
func (w *world) verifier(t *testing.T, between []byte) *certs.Verifier {
	t.Helper()
	open := func(content []byte) *certs.Source[*certs.Bundle] {
		path := filepath.Join(t.TempDir(), "ca.crt")
		parts.Write(t, path, content)
		s, err := certs.OpenBundle(time.Now, path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	v := &certs.Verifier{Authorities: open(w.root.PEM())}
	if len(between) > 0 {
		v.Between = open(between)
	}
	return v
}

func armoured(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// wantGone expects that nothing of what the client has forged has come through, whether our
// reader would have looked at it or not. Apache, Caddy and Traefik let pass what has another
// name by an underscore; the gateway takes that for another name, and hands none on.
func (w *world) wantGone(t *testing.T, got *seen, forged [][2]string) {
	t.Helper()
	for name, values := range got.Header {
		for _, line := range forged {
			if !strings.Contains(name, "_") && line[1] != good && strings.Contains(strings.Join(values, "\n"), line[1]) {
				t.Errorf("%s came through as %s", line[0], name)
			}
		}
	}
}

// good is what fronts say themselves of a certificate, too.
const good = "SUCCESS"

// forged are headers with which somebody would pass for the owner of a certificate, if the
// front let them through: in the format's own names, and in others that are read alike.
func (w *world) forged(t *testing.T, victim tls.Certificate) [][2]string {
	t.Helper()
	leaf := base64.StdEncoding.EncodeToString(victim.Certificate[0])
	issuer := base64.StdEncoding.EncodeToString(victim.Certificate[1])
	text := string(armoured(victim.Certificate[0]))
	values := map[string]string{
		"nginx": url.PathEscape(text), "haproxy": leaf, "caddy": leaf, "apache": strings.ReplaceAll(text, "\n", " "), "rfc9440": ":" + leaf + ":",
		"envoy": `Hash=0;Cert="` + url.PathEscape(text) + `"`, "traefik": leaf,
	}
	var lines [][2]string
	for _, name := range w.format.Headers {
		value := values[w.format.Name]
		switch {
		case strings.HasSuffix(name, "Verify"):
			value = good
		case strings.Contains(name, "Chain") && w.format.Name == "rfc9440":
			value = ":" + issuer + ":"
		case strings.Contains(name, "Chain"):
			value = issuer
		}
		lines = append(lines, [2]string{name, value}, [2]string{strings.ToLower(name), value}, [2]string{strings.ReplaceAll(name, "-", "_"), value})
	}
	return append(lines, [2]string{"Forwarded", "for=192.0.2.7;host=elsewhere.example"})
}

func TestFronts(t *testing.T) {
	t.Parallel()
	for _, f := range fronts {
		t.Run(f.example, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, f)
			alice, mallory := w.sub.Issue(t, "alice"), w.sub.Issue(t, "mallory")
			forged := w.forged(t, w.root.Sub(t, "issuing elsewhere").Issue(t, "bob"))
			t.Run("without a certificate", func(t *testing.T) {
				got, _ := w.must(t, w.client(t, nil))
				w.wantNone(t, got)
			})
			t.Run("with one below another authority", func(t *testing.T) {
				got, _ := w.must(t, w.client(t, &alice))
				w.wantChain(t, got, alice, w.issuers)
			})
			t.Run("with one below two others", func(t *testing.T) {
				deep := w.sub.Sub(t, "deeper").Issue(t, "carol")
				above, _ := pem.Decode(w.sub.PEM())
				deep.Certificate = append(deep.Certificate, above.Bytes)
				got, _ := w.must(t, w.client(t, &deep))
				w.wantChain(t, got, deep, w.issuers)
			})
			t.Run("with one, over TLS 1.2", func(t *testing.T) {
				got, _ := w.must(t, w.client(t, &alice, tls.VersionTLS12))
				w.wantChain(t, got, alice, w.issuers)
			})
			t.Run("forged, without one", func(t *testing.T) {
				for _, lines := range [][][2]string{forged, forged[:2]} {
					got, _ := w.must(t, w.client(t, nil), lines...)
					w.wantNone(t, got)
					w.wantGone(t, got, lines)
				}
			})
			t.Run("forged, with one", func(t *testing.T) {
				got, _ := w.must(t, w.client(t, &mallory), forged...)
				w.wantChain(t, got, mallory, w.issuers)
				w.wantGone(t, got, forged)
			})
			t.Run("forged, over HTTP/2", func(t *testing.T) { w.http2Forged(t, mallory, forged) })
			t.Run("on a connection that is used again", func(t *testing.T) {
				client := w.client(t, &alice)
				for range 3 {
					// It may not be free yet; then there is another one, resumed.
					got, response := w.must(t, client)
					w.wantChain(t, got, alice, w.issuers && !response.TLS.DidResume)
				}
			})
			t.Run("in a TLS session that is resumed", w.resumed)
			t.Run("with headers that are to be forgotten", w.forgotten)
			t.Run("by a stranger", w.stranger)
		})
	}
}

// http2Forged: headers are read by other code there.
func (w *world) http2Forged(t *testing.T, mallory tls.Certificate, forged [][2]string) {
	for _, certificate := range []*tls.Certificate{nil, &mallory} {
		client := w.client(t, certificate)
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
		got, response := w.must(t, client, forged...)
		if w.http2 != (response.ProtoMajor == 2) {
			t.Errorf("the front speaks %s", response.Proto)
		}
		w.wantGone(t, got, forged)
		if certificate == nil {
			w.wantNone(t, got)
			continue
		}
		w.wantChain(t, got, mallory, w.issuers)
	}
}

// resumed: the client's own certificate must be there again. Its issuers may be lost.
func (w *world) resumed(t *testing.T) {
	alice := w.sub.Issue(t, "alice")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := w.client(t, &alice, version)
		again := false
		for range 3 {
			got, response := w.must(t, client)
			again = again || response.TLS.DidResume
			w.wantChain(t, got, alice, false)
			client.CloseIdleConnections()
		}
		if !again {
			t.Errorf("TLS %x: no session was resumed", version)
		}
	}
}

// forgotten: Connection names headers that a proxy removes, Apache and Caddy also those
// that they have set themselves. Then there may be no certificate, but never somebody
// else's, and never a proof of none.
func (w *world) forgotten(t *testing.T) {
	alice := w.sub.Issue(t, "alice")
	names := strings.Join(w.format.Headers, ", ")
	for _, connection := range []string{names, strings.ToLower(names), w.format.Headers[0], w.format.Headers[len(w.format.Headers)-1]} {
		got, _, err := w.ask(t, w.client(t, &alice), [2]string{"Connection", "close, " + connection})
		switch {
		case err != nil || got == nil: // refused by the front
		case got.State == pki.None, len(got.Chain) > 0 && string(got.Chain[0]) != string(alice.Certificate[0]):
			t.Errorf("Connection: %s: got %s with %d certificates", connection, got.State, len(got.Chain))
		}
	}
	w.lives(t, alice)
}

// stranger: a certificate that nobody vouches for gets nobody further than none at all.
func (w *world) stranger(t *testing.T) {
	for name, certificate := range map[string]tls.Certificate{
		"another root of that name": parts.NewCA(t).Sub(t, "issuing").Issue(t, "alice"),
		"the issuer is missing":     {Certificate: w.sub.Issue(t, "alice").Certificate[:1]},
	} {
		if certificate.PrivateKey == nil {
			whole := w.sub.Issue(t, "alice")
			certificate = tls.Certificate{Certificate: whole.Certificate[:1], PrivateKey: whole.PrivateKey}
		}
		got, response, err := w.ask(t, w.client(t, &certificate))
		switch {
		case err != nil: // the handshake has ended
		case got == nil && response.StatusCode >= 400:
		default:
			t.Errorf("%s: got %+v", name, got)
		}
	}
	w.lives(t, w.sub.Issue(t, "alice"))
}

// lives: what went wrong before was a refusal, and not the front's end.
func (w *world) lives(t *testing.T, alice tls.Certificate) {
	t.Helper()
	got, _ := w.must(t, w.client(t, &alice))
	w.wantChain(t, got, alice, false)
}

// TestExamplesThatAreNotRun have at least the headers of their format, and no known hole.
func TestExamplesThatAreNotRun(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		example string
		has     []string
		not     []string
	}{
		{"alb/template.yaml", []string{"Mode: verify", "TrustStoreArn"}, []string{"Mode: passthrough"}},
	} {
		content, err := os.ReadFile(filepath.Join(parts.Root(t), "deploy", "examples", tc.example))
		if err != nil {
			t.Fatal(err)
		}
		var tree yaml.Node
		if err := yaml.Unmarshal(content, &tree); err != nil {
			t.Errorf("%s: %v", tc.example, err)
		}
		for _, part := range tc.has {
			if !strings.Contains(string(content), part) {
				t.Errorf("%s has no %q", tc.example, part)
			}
		}
		for _, part := range tc.not {
			if strings.Contains(string(content), part) {
				t.Errorf("%s has %q", tc.example, part)
			}
		}
	}
}

// TestEveryFormatHasAnExample, which the table of the examples lists.
func TestEveryFormatHasAnExample(t *testing.T) {
	t.Parallel()
	root := filepath.Join(parts.Root(t), "deploy", "examples")
	table, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pki.Formats() {
		files, err := os.ReadDir(filepath.Join(root, name))
		if err != nil || len(files) == 0 || !strings.Contains(string(table), fmt.Sprintf("| [%s](", name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
