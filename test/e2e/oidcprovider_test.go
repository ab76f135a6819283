package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/test/parts"
)

// ofOIDCProvider starts everything with oidc-provider, whose clock may be late.
func ofOIDCProvider(t *testing.T, late time.Duration, methods ...openID) *world {
	t.Helper()
	return newWorldOf(t, setting{
		secure: true, withoutSAML: true, openID: methods,
		start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
			return parts.StartOIDCProvider(t, c, late)
		},
	})
}

// TestOIDCProvider: a certified provider; codes, tokens in a fragment, and sign-outs
// from both ends.
func TestOIDCProvider(t *testing.T) {
	t.Parallel()
	w := ofOIDCProvider(t, 0,
		openID{name: "code", client: parts.Client{ResponseType: "code"}, tells: tellsByPost},
		openID{name: "implicit", client: parts.Client{ResponseType: "id_token token"}, tells: tellsByPost},
		openID{name: "token", client: parts.Client{ResponseType: "id_token"}, tells: tellsByPost},
		openID{name: "people", client: parts.Client{ResponseType: "code", BySubject: true}, tells: tellsByPost},
	)
	for _, method := range []string{"code", "implicit", "token"} {
		person := w.browser.Person(t)
		tab := person.Tab(t)
		w.comesToADeepLink(t, tab, method)
		w.answersAgain(t, person, tab)
		w.signsOutHereBy(t, tab, method)
	}
	w.signsInInTenTabs(t, "code", 10)
	w.signsOutThereBy(t, "code")
	w.isSignedOutEverywhere(t, "people")
	w.stops(t)
}

// comesToADeepLink signs alice in for a deep link, and looks for what the provider has
// sent: it must stand nowhere a person could copy it from.
func (w *world) comesToADeepLink(t *testing.T, tab *parts.Tab, method string) {
	t.Helper()
	deepLink := "/reports/2026?q=report&note=%C3%BC%26%2F+x#section-3/%C3%A4?x=1"
	w.signsInBy(t, tab, method, "alice", deepLink)
	if user, roles := tab.Text("#user"), tab.Text("#roles"); user != "alice" || roles != "analyst" {
		t.Errorf("%s: the application sees %q with the roles %q", method, user, roles)
	}
	if got, want := tab.Text("#query"), "q=report&note=%C3%BC%26%2F+x"; got != want {
		t.Errorf("%s: the query arrived as %q, want %q", method, got, want)
	}
	for _, address := range tab.History() {
		for _, secret := range secretsOf(nil, w.callback(t)) {
			if secret != "" && strings.Contains(address, secret) {
				t.Errorf("%s: the history has the provider's answer: %s", method, address)
			}
		}
	}
}

// answersAgain: the callback loaded anew, the back button, and the same address in
// another browser. The session lives, and nobody gets a second one.
func (w *world) answersAgain(t *testing.T, person *parts.Person, tab *parts.Tab) {
	t.Helper()
	answer, pairs := w.callback(t), len(w.wire.tokens())
	again := person.Tab(t)
	again.Goto(w.origin + "/whoami")
	for range 2 {
		again.Goto(answer)
		again.WaitText("body", "alice")
		if strings.Contains(again.URL(), "/_gateway/") {
			t.Errorf("the callback anew leads to %s", again.URL())
		}
	}
	again.Reload()
	again.Back()
	again.WaitText("body", "alice")
	w.lives(t, again)

	stranger := w.browser.Person(t).Tab(t)
	stranger.Goto(answer)
	w.idp.WaitForm(stranger) // an answer to nothing that this browser has asked
	stranger.Goto(w.origin + "/whoami")
	stranger.WaitURLPrefix(w.origin + "/_gateway/login?")
	tab.Reload()
	tab.WaitText("#user", "alice")
	if n := len(w.wire.tokens()); n != pairs {
		t.Errorf("%d further token pairs for an answer that was used", n-pairs)
	}
	w.waitTokens(t, "alice", 1)
}

// lives: a page's call is answered.
func (w *world) lives(t *testing.T, tab *parts.Tab) {
	t.Helper()
	if status := parts.Eval[int](tab, `fetch("/whoami").then(r => r.status)`); status != http.StatusOK {
		t.Errorf("the session is gone: %d", status)
	}
}

// signsOutHereBy signs out here and at the provider, and comes back; that was all that
// alice had, and the provider asks for the password after that.
func (w *world) signsOutHereBy(t *testing.T, tab *parts.Tab, method string) {
	t.Helper()
	tab.Goto(w.origin + "/_gateway/session")
	for _, cookie := range tab.Cookies(w.origin) {
		w.wire.remember(cookie.Value)
	}
	tab.Click(`form[action*="/logout"] button`)
	w.idp.GoOn(tab)
	tab.WaitURL(w.origin + "/_gateway/logged-out") // with nothing in the query that was left undone
	w.waitTokens(t, "alice", 0)
	w.asksBy(t, tab, method, "/whoami")
}

// signsInInTenTabs: ten sign-ins have begun before the first ends. Each ends where it
// wanted to go, all tabs are signed in, and a sign-out in one leaves nothing. So many tabs
// need the password; the others are brought along by the provider's own script, all at
// once.
func (w *world) signsInInTenTabs(t *testing.T, method string, forms int) {
	t.Helper()
	person := w.browser.Person(t)
	tabs := make([]*parts.Tab, 10)
	for i := range tabs {
		tabs[i] = person.Tab(t)
		w.asksBy(t, tabs[i], method, fmt.Sprintf("/whoami?tab=%d", i))
	}
	for _, tab := range tabs[:forms] {
		w.idp.FillIn(tab, "alice")
	}
	for i, tab := range tabs {
		tab.WaitURL(fmt.Sprintf("%s/whoami?tab=%d", w.origin, i))
		tab.WaitText("body", "alice")
	}
	if n := w.es.LiveTokens("alice"); n != 1 {
		t.Logf("%d sessions are left of ten sign-ins: those at the same moment do not see each other", n)
	}
	for _, tab := range tabs {
		w.lives(t, tab)
	}
	w.signsOutHereBy(t, tabs[0], method)
}

// signsOutThereBy: alice has a session in two browsers and signs out of one at the
// provider, which names its own session: that one ends, the other goes on.
func (w *world) signsOutThereBy(t *testing.T, method string) {
	t.Helper()
	left, stays := w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t)
	for _, tab := range []*parts.Tab{left, stays} {
		w.signsInBy(t, tab, method, "alice", "/whoami")
	}
	w.waitTokens(t, "alice", 2)
	w.endsSoon(t, method+", by the provider's session", func() { w.idp.Leave(left) }, left)
	w.waitTokens(t, "alice", 1)
	w.lives(t, stays)
	w.signsOutHereBy(t, stays, method)
}

// isSignedOutEverywhere: alice signs out at the provider in one browser, and the
// provider names her alone. Her session in another browser ends, too; bob's does not.
func (w *world) isSignedOutEverywhere(t *testing.T, method string) {
	t.Helper()
	here, there, bob := w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t)
	w.signsInBy(t, here, method, "alice", "/whoami")
	w.signsInBy(t, there, method, "alice", "/reports?q=report")
	w.signsInBy(t, bob, method, "bob", "/whoami")
	there.WaitText("#socket", "open")
	w.endsSoon(t, method+", in another browser", func() { w.idp.Leave(here) }, there)
	there.WaitText("#stream", "ended") // what runs ends, too
	there.WaitText("#socket", "ended")
	w.waitTokens(t, "alice", 0)
	w.lives(t, bob)
}

// cookiesOf are what the tab's browser sends to the gateway.
func (w *world) cookiesOf(tab *parts.Tab) http.Header {
	cookies := tab.Cookies(w.origin)
	for _, cookie := range cookies {
		w.wire.remember(cookie.Value)
	}
	return http.Header{"Cookie": {parts.CookieHeader(cookies)}, "Accept": {"application/json"}}
}

// logoutTime is how long a session may live after somebody has told the provider to end it.
const logoutTime = time.Second

// endsSoon waits ten times as long as it should take on a machine that has nothing
// else to do until the tabs' sessions have ended, and says how long it took.
func (w *world) endsSoon(t *testing.T, what string, end func(), tabs ...*parts.Tab) {
	t.Helper()
	var all []http.Header
	for _, tab := range tabs {
		all = append(all, w.cookiesOf(tab))
	}
	start := time.Now()
	end()
	told := time.Since(start)
	parts.EventuallyWithin(t, 10*logoutTime, "the session has ended ("+what+")", func(ctx context.Context) error {
		for _, cookies := range all {
			status, _, err := w.get(ctx, w.origin+"/whoami", cookies.Clone())
			if err != nil {
				return err
			}
			if status != http.StatusUnauthorized {
				return fmt.Errorf("a call gets %d", status)
			}
		}
		return nil
	})
	t.Logf("measured: %s: over after %d ms, of which the provider was told for %d (limit %s)",
		what, time.Since(start).Milliseconds(), told.Milliseconds(), logoutTime)
}

// TestALateOIDCProvider: a provider's clock is two hours behind, so each ID token has
// ended when it comes. Elasticsearch takes it; the gateway does not.
func TestALateOIDCProvider(t *testing.T) {
	t.Parallel()
	w := ofOIDCProvider(t, 2*time.Hour, openID{name: "code", client: parts.Client{ResponseType: "code"}})
	tab := w.browser.Person(t).Tab(t)
	tab.Goto(w.origin + "/reports?q=report")
	w.idp.WaitForm(tab)
	w.idp.FillIn(tab, "alice")
	tab.WaitText("body", "token had ended when it came here")
	tab.Screenshot("late-provider")
	if n := len(w.wire.tokens()); n != 1 {
		t.Errorf("Elasticsearch has made %d token pairs, want 1: it should have taken the token", n)
	}
	w.waitTokens(t, "alice", 0)
	w.stops(t)
}
