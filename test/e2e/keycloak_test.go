package e2e_test

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

func startKeycloak(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
	t.Helper()
	return &parts.StartKeycloak(t, parts.KeycloakConfig{IdentityProviderConfig: c, IDPInitiated: "es"}).IdentityProvider
}

// TestKeycloak: sign in, sign out from here, and several sessions of one user.
func TestKeycloak(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, setting{secure: true, start: startKeycloak})
	tab, second := w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t)
	w.signsIn(t, tab)
	second.Goto(w.origin + "/other")
	w.idp.WaitForm(second)
	w.idp.FillIn(second, "alice")
	second.WaitURL(w.origin + "/other")
	if got := w.es.LiveTokens("alice"); got != 2 {
		t.Errorf("alice has %d live tokens in two browsers, want 2", got)
	}

	w.signsOutThere(t, tab)
	if got := parts.Eval[int](second, `fetch("/whoami").then(r => r.status)`); got != http.StatusOK {
		t.Errorf("alice's other browser after a sign-out in the first: %d", got)
	}
	w.signsOutThere(t, second)
	if code := w.gateway.Stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM (66: a data race, see gateway.log)", code)
	}
}

// signsOutThere signs out on the session page and through the identity provider, which
// asks for the password after that.
func (w *world) signsOutThere(t *testing.T, tab *parts.Tab) {
	t.Helper()
	before := w.es.LiveTokens("alice")
	tab.Goto(w.origin + "/_gateway/session")
	tab.Click(`form[action*="/logout"] button`)
	tab.WaitURLPrefix(w.origin + "/_gateway/logged-out")
	if got := w.es.LiveTokens("alice"); got != before-1 {
		t.Errorf("alice has %d live tokens after signing out once, and had %d", got, before)
	}
	tab.Goto(w.origin + "/")
	w.idp.WaitForm(tab)
}
