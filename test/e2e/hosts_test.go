package e2e_test

import (
	"net/url"
	"syscall"
	"testing"
)

// TestHosts: one identity provider and applications on hosts of their own. The second
// one opens without the identity provider, and a sign-out on it is one on all.
func TestHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		secure  bool
		further []string
	}{
		{"https under three registrable names", true, []string{"app.first.example", "app.second.example"}},
		{"plain http on localhost", false, []string{"app1.localhost", "app2.localhost"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.secure, tt.further...)
			first, second := w.originOf(t, tt.further[0]), w.originOf(t, tt.further[1])
			tab := w.browser.Person(t).Tab(t)

			deepLink := first + "/reports/2026?q=report&note=%C3%BC%26%2F+x#section-3/%C3%A4?x=1"
			tab.Goto(deepLink)
			tab.WaitURLPrefix(w.idp.URL)
			fillIn(tab, "alice")
			tab.WaitURL(deepLink)
			if got := tab.Text("#user"); got != "alice" {
				t.Errorf("the first application sees %q", got)
			}

			signIns := len(w.wire.tokens())
			for _, page := range []string{second + "/wanted#there", w.origin + "/wanted"} {
				tab.Goto(page)
				tab.WaitURL(page)
				if got := tab.Text("#user"); got != "alice" {
					t.Errorf("%s sees %q", page, got)
				}
			}
			if n := len(w.wire.tokens()); n != signIns {
				t.Errorf("%d further sign-ins", n-signIns)
			}

			tab.Goto(second + "/_gateway/session")
			tab.Screenshot("session-on-a-further-host")
			tab.Click(`form[action*="/logout"] button`)
			tab.WaitURLPrefix(w.origin + "/_gateway/logged-out")
			if got := w.es.LiveTokens("alice"); got != 0 {
				t.Errorf("alice has %d live tokens after signing out", got)
			}
			for range 2 { // also after a reload
				for _, origin := range []string{w.origin, first, second} {
					tab.Goto(origin + "/")
					tab.WaitURLPrefix(w.idp.URL)
					tab.Wait("input[name=password]")
				}
			}
			if code := w.gateway.Stop(t, syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d after SIGTERM (66: a data race, see gateway.log)", code)
			}
		})
	}
}

// originOf is a further host's origin.
func (w *world) originOf(t *testing.T, host string) string {
	t.Helper()
	u, err := url.Parse(w.origin)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + host + ":" + u.Port()
}
