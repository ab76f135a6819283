package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// The routes of these tests: one as it comes, and one for each setting.
const originRoutes = `
  - {path: /lax, to: ["{{app}}"], csrf: lax}
  - {path: /off, to: ["{{app}}"], csrf: "off"}
  - {path: /listed, to: ["{{app}}"], origins: ["https://app.example.com"]}
  - {path: /cors, to: ["{{app}}"], origins: ["https://app.example.com"], cors: true, require: {roles: [analyst]}}
  - {path: /cors/admin, to: ["{{app}}"], origins: ["https://app.example.com"], cors: true, require: {roles: [admin]}}
  - {path: /cors/away, to: ["http://127.0.0.1:1"], origins: ["https://app.example.com"], cors: true}
  - {path: /es/cors, to: ["{{app}}"], origins: ["https://app.example.com"], cors: true, elasticsearch: true}
`

// TestAnUnsafeRequestWithASessionNeedsEvidence: a case is one line. OWN stands for
// the gateway's own origin.
func TestAnUnsafeRequestWithASessionNeedsEvidence(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: originRoutes})
	b := g.Browser()
	b.SignIn("/", "alice")
	own := g.URL.String()
	for _, tc := range []struct {
		what, method, path string
		headers            []string
		status             int
	}{
		{"a page of ours", "POST", "/x", []string{"Origin", "OWN"}, 200},
		{"a page of ours, by the browser's word", "POST", "/x", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"an old browser's Referer", "POST", "/x", []string{"Referer", "OWN/page"}, 200},
		{"nothing said", "POST", "/x", nil, 403},
		{"nothing said, without a body", "POST", "/_refresh", nil, 403},
		{"PUT", "PUT", "/x", nil, 403},
		{"DELETE", "DELETE", "/x", nil, 403},
		{"PATCH", "PATCH", "/x", nil, 403},
		{"GET is safe", "GET", "/x", nil, 200},
		{"GET of another site is safe", "GET", "/x", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 200},
		{"another site", "POST", "/x", []string{"Origin", "https://evil.example"}, 403},
		{"a hidden origin", "POST", "/x", []string{"Origin", "null"}, 403},
		{"another port", "POST", "/x", []string{"Origin", "http://localhost:1"}, 403},
		{"another scheme", "POST", "/x", []string{"Origin", strings.Replace(own, "http:", "https:", 1)}, 403},
		{"a sibling host", "POST", "/x", []string{"Sec-Fetch-Site", "same-site", "Origin", strings.Replace(own, "localhost", "app.localhost", 1)}, 403},
		{"our name as a prefix", "POST", "/x", []string{"Origin", own + ".evil.example"}, 403},
		{"the browser knows better than Origin", "POST", "/x", []string{"Sec-Fetch-Site", "cross-site", "Origin", "OWN"}, 403},
		{"another site's Referer", "POST", "/x", []string{"Referer", "https://evil.example/" + own}, 403},
		{"lax: nothing said", "POST", "/lax", nil, 200},
		{"lax: another site", "POST", "/lax", []string{"Origin", "https://evil.example"}, 403},
		{"off: another site", "POST", "/off", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 200},
		{"on the list", "POST", "/listed", []string{"Origin", "https://app.example.com", "Sec-Fetch-Site", "same-site"}, 200},
		{"not on the list", "POST", "/listed", []string{"Origin", "https://app.example.com.evil.example"}, 403},
		{"on the list, elsewhere", "POST", "/x", []string{"Origin", "https://app.example.com", "Sec-Fetch-Site", "same-site"}, 403},
		{"a route to ES", "POST", "/es/_bulk", nil, 403},
		{"whoever brings a credential needs no evidence", "POST", "/es/_bulk", []string{"Authorization", "ApiKey x"}, 200},
		{"a path without sign-in", "POST", "/public/x", nil, 200},
	} {
		t.Run(tc.what, func(t *testing.T) {
			headers := []string{"Origin", ""}
			for _, h := range tc.headers {
				headers = append(headers, strings.ReplaceAll(h, "OWN", own))
			}
			got := b.API(tc.method, tc.path, "", headers...)
			kind := got.Header.Get("X-Gateway-Response")
			if got.Status != tc.status || (tc.status == 403 && kind != "cross_origin") {
				t.Errorf("got %d %s", got.Status, kind)
			}
		})
	}
}

// A WebSocket's handshake is a GET that the browser sends for any page, with the
// person's cookie and without a preflight.
func TestAWebSocketNeedsEvidenceWhateverTheRouteSays(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: originRoutes, App: http.HandlerFunc(streams)})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	for _, tc := range []struct {
		what, path string
		headers    string
		status     int
	}{
		{"a page of ours", "/ws", "Origin: OWN\r\n", 101},
		{"nothing said", "/ws", "", 403},
		{"another site", "/ws", "Origin: https://evil.example\r\n", 403},
		{"two origins", "/ws", "Origin: OWN\r\nOrigin: https://evil.example\r\n", 403},
		{"another site, csrf off", "/off", "Origin: https://evil.example\r\n", 403},
		{"nothing said, csrf lax", "/lax", "", 403},
	} {
		t.Run(tc.what, func(t *testing.T) {
			status, _ := raw(t, g, "GET "+tc.path+" HTTP/1.1\r\nHost: "+g.URL.Host+"\r\nCookie: esgateway_session="+b.Cookie("esgateway_session")+
				"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
				strings.ReplaceAll(tc.headers, "OWN", g.URL.String())+"\r\n")
			if status != tc.status {
				t.Errorf("got %d, want %d", status, tc.status)
			}
		})
	}
}

const listed = "https://app.example.com"

func TestAPreflightNeedsNoSession(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: originRoutes})
	ask := func(path, origin string, more ...string) gatewaytest.Reply {
		b := g.Browser()
		return b.API(http.MethodOptions, path, "", append([]string{
			"Origin", origin, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "content-type,x-app", "Content-Type", "",
		}, more...)...)
	}
	t.Run("a route with cors is answered here", func(t *testing.T) {
		got := ask("/cors/x", listed)
		h := got.Header
		if got.Status != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != listed || h.Get("Access-Control-Allow-Credentials") != "true" ||
			h.Get("Access-Control-Allow-Methods") != "PUT" || h.Get("Access-Control-Allow-Headers") != "content-type,x-app" ||
			!strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
			t.Errorf("%d %v", got.Status, h)
		}
	})
	t.Run("for nobody else", func(t *testing.T) {
		for _, origin := range []string{"https://evil.example", "null", g.URL.String(), listed + ":444"} {
			if got := ask("/cors/x", origin); got.Status != http.StatusForbidden || got.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %d %v", origin, got.Status, got.Header)
			}
		}
	})
	t.Run("any other route passes it on without credentials", func(t *testing.T) {
		got := ask("/x", listed, "Cookie", "a=1", "Authorization", "Bearer forged")
		if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "OPTIONS /x\n") || strings.Contains(got.Body, "Cookie:") || strings.Contains(got.Body, "Authorization:") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
	t.Run("also for somebody who is signed in", func(t *testing.T) {
		b := g.Browser()
		b.SignIn("/", "alice")
		got := b.API(http.MethodOptions, "/es/x", "", "Origin", listed, "Access-Control-Request-Method", "PUT", "Authorization", "ApiKey x")
		if got.Status != http.StatusOK || strings.Contains(got.Body, "Authorization:") || strings.Contains(got.Body, "Cookie:") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
	t.Run("what only looks like one needs a session", func(t *testing.T) {
		for what, headers := range map[string][]string{
			"no method asked for": {"Origin", listed, "Access-Control-Request-Method", ""},
			"no origin":           {"Origin", "", "Access-Control-Request-Method", "PUT"},
		} {
			if got := g.Browser().API(http.MethodOptions, "/x", "", headers...); got.Status != http.StatusUnauthorized {
				t.Errorf("%s: %d", what, got.Status)
			}
		}
		if got := g.Browser().API(http.MethodOptions, "/x", "body", "Origin", listed, "Access-Control-Request-Method", "PUT"); got.Status != http.StatusUnauthorized {
			t.Errorf("with a body: %d", got.Status)
		}
	})
}

func TestAPageOfAListedOriginMayReadEveryAnswer(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: originRoutes, App: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*") // an upstream's own opinion
		w.Header().Set("Vary", "Accept")
	})})
	alice := g.Browser()
	alice.SignIn("/", "alice")
	for _, tc := range []struct {
		what, path, origin string
		browser            *gatewaytest.Browser
		status             int
		allowed            string
	}{
		{"an answer", "/cors/x", listed, alice, 200, listed},
		{"our 401", "/cors/x", listed, g.Browser(), 401, listed},
		{"our 401 in the shape of ES", "/es/cors", listed, g.Browser(), 401, listed},
		{"our 403", "/cors/admin", listed, alice, 403, listed},
		{"our 503", "/cors/away", listed, alice, 503, listed},
		{"another origin: nothing", "/cors/x", "https://evil.example", alice, 200, ""},
		{"another origin's 401: nothing", "/cors/x", "https://evil.example", g.Browser(), 401, ""},
		{"a route without cors: the upstream's own", "/listed", listed, alice, 200, "*"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			got := tc.browser.API(http.MethodGet, tc.path, "", "Origin", tc.origin)
			if got.Status != tc.status || strings.Join(got.Header.Values("Access-Control-Allow-Origin"), "|") != tc.allowed {
				t.Errorf("got %d %v", got.Status, got.Header)
			}
			if vary := strings.Join(got.Header.Values("Vary"), ","); strings.HasPrefix(tc.path, "/cors") && !strings.Contains(vary, "Origin") {
				t.Errorf("Vary: %s", vary)
			}
		})
	}
}
