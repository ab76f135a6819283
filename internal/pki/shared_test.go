package pki_test

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/server"
	"github.com/esgateway/esgateway/internal/session"
)

// shared is a gateway whose hosts share the session cookie, with certificates alone, and
// a browser of it.
func shared(t *testing.T, f *front, sessions string) (ask func(method, address string, headers ...string) *http.Response) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"keys": session.NewKey() + "\n", "ca.pem": armoured(f.ca.Certificate), "gateway.yaml": fmt.Sprintf(`
public_url: https://sso.one.example
listen: {address: "127.0.0.1:8080", plain: behind_tls, trusted_proxies: [127.0.0.1]}
operations: {address: ""}
elasticsearch: {urls: ["%s"], ca: "%s", username: %s, password_file: "%s"}
sessions: {keys_file: keys, store: {type: embedded, path: sessions.db}%s}
methods:
  - {name: services, type: pki, from: header, format: nginx, ca: ca.pem}
routes:
  - {to: ["%[6]s"]}
  - {host: app.one.example, to: ["%[6]s"]}
`, f.ElasticURL, f.Ready.Elastic.CA, gatewaytest.Account, f.Ready.Elastic.PasswordFile, sessions, f.AppURL)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ready, err := config.Load(filepath.Join(dir, "gateway.yaml"), nil, plugins.Plugins())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	store, err := ready.OpenStore(session.StoreDeps{Now: f.Clock.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	g, err := server.Build(ready, server.Lasting{Store: store, Metrics: metrics.New(), Audit: audit.New(log), Log: log, Now: f.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Sessions.Drain(t.Context()) })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(method, address string, headers ...string) *http.Response {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), method, address, http.NoBody)
		r.TLS, r.RemoteAddr = nil, "127.0.0.1:1"
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		for _, c := range jar.Cookies(u) {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		g.Handler.ServeHTTP(w, r)
		jar.SetCookies(u, w.Result().Cookies())
		return w.Result()
	}
}

// goes navigates, and goes on as a browser does. It returns the last address and body.
func goes(t *testing.T, ask func(method, address string, headers ...string) *http.Response, method, at, site string, c *x509.Certificate) (address, body string) {
	t.Helper()
	for range 15 {
		got := ask(method, at, append(shows(c), "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", site)...)
		method = http.MethodGet
		u, _ := url.Parse(at)
		page := new(strings.Builder)
		_ = got.Write(page)
		if strings.Contains(page.String(), "data-auto") {
			at, site = "https://sso.one.example"+theMethod+"?"+u.RawQuery, "same-origin"
			continue
		}
		if got.StatusCode != http.StatusSeeOther {
			return at, page.String()
		}
		next, err := u.Parse(got.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if at = next.String(); site == "same-origin" && next.Host != u.Host {
			site = "same-site"
		}
	}
	t.Fatal("it goes on for ever")
	return "", ""
}

// TestASignOutOnAFurtherHostLasts, whether the hosts have a cookie in common or not.
func TestASignOutOnAFurtherHostLasts(t *testing.T) {
	t.Parallel()
	for name, sessions := range map[string]string{"a cookie of each host": "", "one cookie": ", cookie_domain: one.example"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := behindFront(t, "", trustLoopback)
			robot := f.ca.client(t, "robot", f.Clock.Now())
			ask := shared(t, f, sessions)
			const app = "https://app.one.example/"
			if at, page := goes(t, ask, http.MethodGet, app, "none", robot); at != app || !strings.Contains(page, "Authorization: Bearer") {
				t.Fatalf("signed in: %s %s", at, page)
			}
			if at, page := goes(t, ask, http.MethodPost, app+strings.TrimPrefix(prefix, "/")+"/logout", "same-origin", robot); !strings.Contains(page, "signed out") {
				t.Fatalf("sign-out: %s %s", at, page)
			}
			before := f.delegations()
			if at, page := goes(t, ask, http.MethodGet, app, "none", robot); !strings.Contains(page, "as robot") || f.delegations() != before {
				t.Errorf("signed in again at once: %s", at)
			}
		})
	}
}
