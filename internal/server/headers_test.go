package server_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// forgeries are what a client may not say, as it would spell it. Adding a case is
// one line. Each is sent to a route that needs a sign-in and to a public path, over
// HTTP/1.1, over HTTP/2 and as a trailer.
func forgeries() []string {
	return []string{
		// who somebody is (controls 1 and 2)
		"X-Forwarded-User", "x-forwarded-user", "X_Forwarded_User", "X.Forwarded.User", "X-FORWARDED_Groups", "X-Forwarded-Email",
		"X-Auth-Request-User", "X-Auth_Request-Email", "X-Remote-User", "Remote-User", "remote_user", "Remote-Groups", "X-WebAuth-User",
		"X-Gateway-User", "X_Gateway_Response",
		// where it came from
		"X-Forwarded-Ssl", "X-Forwarded-Scheme", "X-Forwarded-Prefix", "X-Client-IP", "True-Client-IP", "Client-IP", "Proxy", "Proxy-Authorization",
		// certificates (control 3)
		"Client-Cert", "Client_Cert", "Client-Cert-Chain", "X-SSL-Client-Cert", "X-Amzn-Mtls-Clientcert-Leaf", "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert", "SSL-Client-Cert", "X-Client-Cert-Chain",
		// what steers Elasticsearch (control 4, contract http 1.4)
		"es-security-runas-user", "ES_Security_RunAs_User", "es-secondary-authorization", "es-secondary-x-client-authentication",
		"X-Client-Authentication", "ES-Client-Authentication", "x-elastic-product-origin", "X-Elastic-Internal-Origin",
		"_xpack_security_authentication", "_security_user",
	}
}

// arrived is what an application got, by header and by trailer.
func arrived(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for _, h := range []http.Header{r.Header, r.Trailer} {
		for _, name := range slices.Sorted(maps.Keys(h)) {
			_, _ = fmt.Fprintf(w, "%s: %q\n", name, h[name])
		}
	}
}

const forged = "forged-by-the-client"

func TestWhatAClientForgesReachesNobody(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(arrived)})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	cookie := "esgateway_session=" + b.Cookie("esgateway_session")
	front := overTLS(t, g)
	for _, path := range []string{"/", "/public", "/es"} {
		for _, name := range forgeries() {
			t.Run(path+" "+name, func(t *testing.T) {
				head := "POST " + path + " HTTP/1.1\r\nHost: " + g.URL.Host + "\r\nCookie: " + cookie + "\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"
				for how, request := range map[string]string{
					"a header":                 head + name + ": " + forged + "\r\n\r\n",
					"twice":                    head + name + ": x\r\n" + name + ": " + forged + "\r\n\r\n",
					"named by Connection":      strings.Replace(head, "close", "close, "+name, 1) + name + ": " + forged + "\r\n\r\n",
					"a trailer":                head + "Transfer-Encoding: chunked\r\nTrailer: " + name + "\r\n\r\n0\r\n" + name + ": " + forged + "\r\n\r\n",
					"a trailer not announced":  head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + name + ": " + forged + "\r\n\r\n",
					"folded into another line": head + "X-Other: x\r\n " + name + ": y\r\n" + name + ": " + forged + "\r\n\r\n",
				} {
					if status, body := raw(t, g, request); status != http.StatusOK || strings.Contains(body, forged) {
						t.Errorf("%s: %d\n%s", how, status, body)
					}
				}
				if status, body := overHTTP2(t, g, front, path, cookie, name); status != http.StatusOK || strings.Contains(body, forged) {
					t.Errorf("HTTP/2: %d\n%s", status, body)
				}
			})
		}
	}
}

// overHTTP2 sends a forged header and a forged trailer.
func overHTTP2(t *testing.T, g *gatewaytest.Gateway, front *httptest.Server, path, cookie, name string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+path, io.MultiReader(strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = g.URL.Host
	r.Header = http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-origin"}, name: {forged}}
	if httpguts.ValidTrailerHeader(name) {
		r.Trailer = http.Header{name: {forged}}
	}
	resp, err := front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// What the gateway says itself survives a client that names it in Connection.
func TestWhatTheGatewaySaysOfARequest(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(arrived)})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	said := []string{
		"Authorization", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Real-Ip", "X-Request-Id",
	}
	var lies strings.Builder
	for _, name := range said[1:] { // somebody's own Authorization is refused here
		lies.WriteString(name + ": " + forged + "\r\n")
	}
	_, body := raw(t, g, "GET / HTTP/1.1\r\nHost: "+g.URL.Host+"\r\nCookie: a=1; esgateway_session="+b.Cookie("esgateway_session")+
		"; esgateway_browser=x\r\nConnection: close, "+strings.Join(said, ", ")+"\r\n"+lies.String()+"\r\n")
	want := `^Authorization: \["Bearer [^"]+"\]
Cookie: \["a=1"\]
Forwarded: \["for=127\.0\.0\.1;host=\\"localhost:PORT\\";proto=http"\]
Traceparent: \["00-[0-9a-f]{32}-[0-9a-f]{16}-00"\]
X-Forwarded-For: \["127\.0\.0\.1"\]
X-Forwarded-Host: \["localhost:PORT"\]
X-Forwarded-Port: \["PORT"\]
X-Forwarded-Proto: \["http"\]
X-Real-Ip: \["127\.0\.0\.1"\]
X-Request-Id: \["[A-Z2-7]{20}"\]
$`
	if !regexp.MustCompile(strings.ReplaceAll(want, "PORT", g.URL.Port())).MatchString(body) {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
}

// Control 7 and F28: the client's address is the rightmost that we do not trust.
func TestTheClientsAddressBehindTrustedProxies(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]", App: http.HandlerFunc(arrived)})
	for _, tc := range []struct{ what, header, address, forwarded string }{
		{"nothing said", "", "127.0.0.1", `for=127.0.0.1;`},
		{"one proxy", "X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9", `for=203.0.113.9;`},
		{"what the client wrote itself", "X-Forwarded-For: 1.1.1.1, 203.0.113.9, 10.1.1.1\r\n", "203.0.113.9", `for=203.0.113.9;`},
		{"two lines", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9", `for=203.0.113.9;`},
		{"IPv6", "X-Forwarded-For: 2001:db8::9\r\n", "2001:db8::9", `for=\"[2001:db8::9]\";`},
		{"a header nobody believes", "X-Real-IP: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n", "127.0.0.1", `for=127.0.0.1;`},
	} {
		t.Run(tc.what, func(t *testing.T) {
			_, body := raw(t, g, "GET /public HTTP/1.1\r\nHost: "+g.URL.Host+"\r\nConnection: close\r\n"+tc.header+"\r\n")
			for _, line := range []string{`X-Forwarded-For: ["` + tc.address + `"]`, `X-Real-Ip: ["` + tc.address + `"]`, `Forwarded: ["` + tc.forwarded} {
				if !strings.Contains("\n"+body, "\n"+line) {
					t.Errorf("no %s in\n%s", line, body)
				}
			}
		})
	}
}

func TestATraceGoesThrough(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(arrived)})
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	got := g.Browser().API(http.MethodGet, "/public", "", "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01", "Tracestate", "a=1")
	if !strings.Contains(got.Body, `Traceparent: ["00-`+trace+`-00f067aa0ba902b7-01"]`) || !strings.Contains(got.Body, `Tracestate: ["a=1"]`) {
		t.Errorf("the application got %s", got.Body)
	}
	if !strings.Contains(g.Log.String(), `"trace.id":"`+trace+`"`) {
		t.Error("the access line does not name the trace")
	}
}

// An answer for one person does not become everybody's.
func TestAnAnswerForAPersonIsStoredByNoSharedCache(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if said := r.URL.Query()["said"]; said != nil {
			w.Header()["Cache-Control"] = said
		}
	})})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	for _, tc := range []struct{ path, want string }{
		{"/x", "private"},
		{"/x?said=max-age=60", "max-age=60, private"},
		{"/x?said=max-age=60&said=immutable", "max-age=60, immutable, private"},
		{"/x?said=no-store", "no-store"},
		{"/x?said=Private", "Private"},
		{"/x?said=public,max-age=60", "public,max-age=60"},
		{"/x?said=s-maxage=60", "s-maxage=60"},
		{"/public", ""},
	} {
		if got := strings.Join(b.Get(tc.path).Header["Cache-Control"], "|"); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.path, got, tc.want)
		}
	}
}
