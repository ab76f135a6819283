package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/session"
)

// FuzzSessionCookie looks for a Cookie header that signs somebody in without
// holding the very cookie that was set for that host, or that does so beside
// another session cookie.
func FuzzSessionCookie(f *testing.F) {
	const host, name = "sso.example.com", "__Host-esgateway_session"
	cookies := session.NewCookies(newKeys(f), session.CookieConfig{Secure: true})
	id := session.NewID()
	w := httptest.NewRecorder()
	if err := cookies.SetID(w, host, id); err != nil {
		f.Fatal(err)
	}
	issued := w.Result().Cookies()[0].Value
	// {} stands for the cookie that was set, so that the seeds outlive their keys.
	for _, header := range []string{
		name + "={}", name + `="{}"`, name + "={}; " + name + "={}", name + "={}; " + name + "=planted", name + "=planted; " + name + "={}",
		" " + name + " ={}", strings.ToUpper(name) + "={}", "esgateway_session={}", "__Secure-esgateway_session={}",
		"__Host-esgateway_browser={}", name + "={}A", name + "=A{}", name + "={}={}", name + "={}, " + name + "=x", "a=b;" + name + "={};c", name + "=",
		name + "=%7B%7D", name + "={}\x00", name + "={}\r\nCookie: " + name + "=planted",
	} {
		f.Add(header, host)
		f.Add(header, "app.example.com")
	}
	f.Fuzz(func(t *testing.T, header, at string) {
		r := &http.Request{Header: http.Header{"Cookie": {strings.ReplaceAll(header, "{}", issued)}}}
		for range 2 { // the second time from what is kept
			got, found, ambiguous := cookies.IDOf(r, at)
			values := map[string]bool{}
			for _, c := range r.CookiesNamed(name) {
				values[c.Value] = true
			}
			if found && (got != id || at != host || len(values) != 1 || !values[issued]) {
				t.Fatalf("%q signs in at %q", header, at)
			}
			if ambiguous != (len(values) > 1) || found && ambiguous {
				t.Fatalf("%q: %d different cookies, ambiguous %v", header, len(values), ambiguous)
			}
		}
	})
}
