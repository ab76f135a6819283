package pki_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/server"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
)

// listener is a gateway as a process would be, on a TLS listener of its own.
type listener struct {
	*gatewaytest.Gateway // for its Elasticsearch and application alone
	clients, servers     *authority
	address, cert, key   string
	ca, crl              string
	header               http.Header // what clients send along
	counts               *metrics.Set
	front                string // what a load balancer that passes TLS on writes in front
}

// pair makes a certificate with its key in two files.
func (a *authority) pair(t *testing.T, name, cert, key string) *x509.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost", "other.localhost"}, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, &private.PublicKey)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Raw}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// listening is how; the zero value asks for certificates and trusts no proxy.
type listening struct {
	mode   string // of client_certificates
	more   string // further keys of the section listen, each after a comma
	method string // in the place of the usual one
}

func listens(t *testing.T, how listening) *listener {
	t.Helper()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	l := &listener{clients: newAuthority(t, "clients", time.Now()), servers: newAuthority(t, "servers", time.Now()), cert: file("tls.crt"), key: file("tls.key"), ca: file("clients.pem"), crl: file("clients.crl"), counts: metrics.New()}
	l.clients.list(t, l.crl, time.Now())
	l.servers.pair(t, "gateway", l.cert, l.key)
	l.Gateway = gatewaytest.Start(t, gatewaytest.Options{Elastic: func(g *gatewaytest.Gateway, c *standin.Config) {
		g.Clock.Advance(time.Since(g.Clock.Now())) // certificates of TLS are judged by the world's clock
		c.PKI = []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{l.clients.Certificate}, DelegationEnabled: true}}
		c.RoleMappings = append(c.RoleMappings, standin.RoleMapping{Realm: "pki1", Users: []string{"robot"}, Roles: []string{"analyst"}})
	}})
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.address = free.Addr().String()
	_, port, _ := net.SplitHostPort(l.address)
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"keys": session.NewKey() + "\n", "clients.pem": armoured(l.clients.Certificate), "gateway.yaml": fmt.Sprintf(`
public_url: https://localhost:%[1]s
listen: {address: "%[2]s", cert: tls.crt, key: tls.key, client_certificates: %[3]s%[9]s}
operations: {address: ""}
elasticsearch: {urls: ["%[4]s"], ca: "%[5]s", username: %[6]s, password_file: "%[7]s"}
sessions: {keys_file: keys, store: {type: embedded, path: sessions.db}}
methods:
  - {name: corp, type: saml, realm: saml1}
  - {name: services, type: pki, %[10]s, ca: clients.pem, crl: clients.crl}
routes:
  - {to: ["%[8]s"]}
`, port, l.address, cmp.Or(how.mode, "request"), l.ElasticURL, l.Ready.Elastic.CA, gatewaytest.Account, l.Ready.Elastic.PasswordFile, l.AppURL, how.more, cmp.Or(how.method, "from: tls"))} {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.run(t, file("gateway.yaml"))
	return l
}

func (l *listener) run(t *testing.T, file string) {
	t.Helper()
	ready, err := config.Load(file, nil, plugins.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(t.Context())
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, ready, server.Lasting{Metrics: l.counts, Audit: audit.New(log), Log: log, Now: l.Clock.Now}, func(server.Addresses) { close(started) })
	}()
	select {
	case <-started:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// client speaks TLS with that certificate, or none.
func (l *listener) client(t *testing.T, files ...string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(l.servers.Certificate)
	trust := &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	if len(files) == 2 {
		pair, err := tls.LoadX509KeyPair(files[0], files[1])
		if err != nil {
			t.Fatal(err)
		}
		trust.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{
		TLSClientConfig: trust, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, l.address)
			if err != nil {
				return nil, err
			}
			if _, err := io.WriteString(conn, l.front); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return conn, nil
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get asks for a page as a program does. The error is that of the handshake.
func (l *listener) get(t *testing.T, c *http.Client, host string) (status int, body string, resp *http.Response, err error) {
	t.Helper()
	_, port, _ := net.SplitHostPort(l.address)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+":"+port+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range l.header {
		r.Header[name] = value
	}
	resp, err = c.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(read), resp, err
}

// TestACertificateOfOurOwnListener: whoever has the key may show it.
func TestACertificateOfOurOwnListener(t *testing.T) {
	t.Parallel()
	l := listens(t, listening{})
	dir := t.TempDir()
	mine, theirs := []string{filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key")}, []string{filepath.Join(dir, "b.crt"), filepath.Join(dir, "b.key")}
	l.clients.pair(t, "robot", mine[0], mine[1])
	newAuthority(t, "clients", time.Now()).pair(t, "robot", theirs[0], theirs[1])
	robot := l.client(t, mine...)
	for _, again := range []string{"a new connection", "a resumed one"} {
		status, body, resp, err := l.get(t, robot, "localhost")
		if err != nil || status != http.StatusOK || !strings.Contains(body, "Authorization: Bearer ") {
			t.Fatalf("%s: %d %s %v", again, status, body, err)
		}
		if resp.ProtoMajor != 2 || resp.TLS.DidResume != (again == "a resumed one") {
			t.Errorf("%s: HTTP/%d, resumed: %v", again, resp.ProtoMajor, resp.TLS.DidResume)
		}
		robot.CloseIdleConnections()
	}
	for name, c := range map[string]*http.Client{"none": l.client(t), "of another authority": l.client(t, theirs...)} {
		if status, body, _, err := l.get(t, c, "localhost"); err != nil || status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s %v", name, status, body, err)
		}
	}
	// A certificate that has ended since is refused on the same connection.
	l.Clock.Advance(2 * time.Hour)
	if status, body, _, err := l.get(t, robot, "localhost"); err != nil || !strings.Contains(body, "certificate_expired") {
		t.Errorf("after its end: %d %s %v", status, body, err)
	}
}

// TestACertificateThroughALoadBalancerThatPassesTLSOn: it names the client before TLS begins.
func TestACertificateThroughALoadBalancerThatPassesTLSOn(t *testing.T) {
	t.Parallel()
	l := listens(t, listening{more: ", trusted_proxies: [127.0.0.1], proxy_protocol: true"})
	l.front = "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\n"
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key")
	l.clients.pair(t, "robot", cert, key)
	status, body, resp, err := l.get(t, l.client(t, cert, key), "localhost")
	if err != nil || status != http.StatusOK || resp.ProtoMajor != 2 {
		t.Fatalf("%d %s %v", status, body, err)
	}
	for _, want := range []string{"Authorization: Bearer ", "X-Real-Ip: 203.0.113.7\r\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("the application does not hear %q:\n%s", want, body)
		}
	}
	// What it sends for itself, with a certificate of its own, is nobody's request.
	l.front = "PROXY TCP4 127.0.0.1 192.0.2.1 1234 443\r\n"
	if status, _, _, err := l.get(t, l.client(t, cert, key), "localhost"); err != nil || status != http.StatusUnauthorized {
		t.Errorf("a trusted proxy's own certificate: %d %v", status, err)
	}
}

// TestTheHandshakeNamesTheAuthorities whose certificates are wanted, so that a browser
// offers people the right ones alone; and none where somebody else's may be right.
func TestTheHandshakeNamesTheAuthorities(t *testing.T) {
	t.Parallel()
	named := func(l *listener) (names []string) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		asked := tls.Client(conn, &tls.Config{
			ServerName: "localhost", MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, //nolint:gosec // only what it asks for counts here
			GetClientCertificate: func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
				for _, raw := range info.AcceptableCAs {
					var name pkix.RDNSequence
					if _, err := asn1.Unmarshal(raw, &name); err != nil {
						t.Error(err)
					}
					names = append(names, name.String())
				}
				return &tls.Certificate{}, nil
			},
		})
		if err := asked.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return names
	}
	l := listens(t, listening{})
	if got := named(l); !slices.Equal(got, []string{"CN=clients"}) {
		t.Errorf("it names %q", got)
	}
	if err := os.WriteFile(l.ca, []byte(armoured(l.clients.Certificate, newAuthority(t, "more clients", time.Now()).Certificate)), 0o600); err != nil {
		t.Fatal(err)
	}
	l.Clock.Advance(6 * time.Second)
	if got := named(l); !slices.Equal(got, []string{"CN=clients", "CN=more clients"}) {
		t.Errorf("with another authority in the file it names %q", got)
	}
	pinned := listens(t, listening{more: ", trusted_proxies: [192.0.2.1], trusted_certificates: {fingerprints: ['" + strings.Repeat("AB", 32) + "']}"})
	if got := named(pinned); len(got) != 0 {
		t.Errorf("with a proxy that can be of any authority it names %q", got)
	}
}

func TestWithRequireNobodyComesInWithoutACertificate(t *testing.T) {
	t.Parallel()
	l := listens(t, listening{mode: "require"})
	if status, _, _, err := l.get(t, l.client(t), "localhost"); err == nil {
		t.Errorf("without: %d", status)
	}
}

// TestALoadBalancerIsKnownByItsCertificate: its address alone lets it say nothing of
// others, and its certificate is not theirs.
func TestALoadBalancerIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	pairOf := func(a *authority, name string) (c *x509.Certificate, files []string) {
		dir := t.TempDir()
		files = []string{filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")}
		return a.pair(t, name, files[0], files[1]), files
	}
	proxies := newAuthority(t, "proxies", time.Now())
	_, named := pairOf(proxies, "named")
	pinned, pin := pairOf(newAuthority(t, "elsewhere", time.Now()), "pinned")
	_, strange := pairOf(newAuthority(t, "proxies", time.Now()), "strange")
	ca := filepath.Join(t.TempDir(), "proxies.pem")
	if err := os.WriteFile(ca, []byte(armoured(proxies.Certificate)), 0o600); err != nil {
		t.Fatal(err)
	}
	fingerprint := sha256.Sum256(pinned.Raw)
	for name, tc := range map[string]struct{ trusted, says string }{
		"in headers": {"127.0.0.1", "from: header, format: nginx"},
		"in headers, from an address that is not on the list": {"192.0.2.1", "from: header, format: nginx"},
		"in its own handshake":                                {"127.0.0.1", "from: tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listens(t, listening{method: tc.says, more: fmt.Sprintf(
				", trusted_proxies: [%s], trusted_certificates: {ca: '%s', names: [other.localhost], fingerprints: ['%X']}", tc.trusted, ca, fingerprint)})
			robot, own := pairOf(l.clients, "robot")
			l.header = http.Header{"X-Ssl-Client-Verify": {"SUCCESS"}, "X-Ssl-Client-Cert": {escaped(robot)}, "X-Forwarded-For": {"203.0.113.7"}}
			for who, known := range map[string]bool{"named": true, "pinned": true, "strange": false, "a client": false, "nobody": false} {
				client := l.client(t, map[string][]string{"named": named, "pinned": pin, "strange": strange, "a client": own}[who]...)
				status, body, _, err := l.get(t, client, "localhost")
				if err != nil {
					t.Fatal(err)
				}
				want := http.StatusUnauthorized
				if known && name == "in headers" {
					want = http.StatusOK
				}
				if status != want || strings.Contains(body, "X-Real-Ip: 203.0.113.7\r\n") != (want == http.StatusOK) {
					t.Errorf("%s: %d, want %d: %s", who, status, want, body)
				}
			}
		})
	}
}

// TestAnOverdueListIsCounted, also while no client comes.
func TestAnOverdueListIsCounted(t *testing.T) {
	t.Parallel()
	l := listens(t, listening{})
	says := func(line string) {
		t.Helper()
		gatewaytest.Eventually(t, line, func() bool { // one gauge may be read while another one reads the files
			scrape := httptest.NewRecorder()
			l.counts.Handler().ServeHTTP(scrape, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
			return strings.Contains(scrape.Body.String(), "\nesgateway_"+line+"\n")
		})
	}
	l.clients.list(t, l.crl, l.Clock.Now())
	l.Clock.Advance(6 * time.Second)
	says("revocation_lists_overdue 0")
	l.Clock.Advance(time.Hour)
	says("revocation_lists_overdue 1")
	l.clients.list(t, l.crl, l.Clock.Now())
	due := l.Clock.Now().Add(time.Hour).Unix()
	l.Clock.Advance(6 * time.Second)
	says("revocation_lists_overdue 0")
	says("revocation_list_due_timestamp_seconds " + strconv.FormatFloat(float64(due), 'g', -1, 64))
}

// TestTheListenersOwnCertificateIsReadAgain once its files have changed.
func TestTheListenersOwnCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	l := listens(t, listening{})
	serialOf := func() string {
		c := l.client(t)
		defer c.CloseIdleConnections()
		_, _, resp, err := l.get(t, c, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		return resp.TLS.PeerCertificates[0].SerialNumber.String()
	}
	before := serialOf()
	next := l.servers.pair(t, "gateway", l.cert, l.key)
	l.Clock.Advance(6 * time.Second)
	if got := serialOf(); got != next.SerialNumber.String() || got == before {
		t.Errorf("the certificate is %s, want %s", got, next.SerialNumber)
	}
	if err := os.WriteFile(l.cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.Clock.Advance(6 * time.Second)
	if got := serialOf(); got != next.SerialNumber.String() {
		t.Errorf("with a broken file the certificate is %s", got)
	}
}
