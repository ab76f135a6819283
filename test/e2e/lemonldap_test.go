package e2e_test

import (
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestLemonLDAP: sign in, sign out from here, and sign out there: that identity
// provider tells us from a hidden frame of its page, where the browser sends none of
// our session's cookies.
func TestLemonLDAP(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, setting{secure: true, method: ", idp_initiated: accept", start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
		return &parts.StartLemonLDAP(t, c).IdentityProvider
	}})
	tab := w.browser.Person(t).Tab(t)
	w.signsIn(t, tab)
	w.signsOutHere(t, tab)
	w.signsOutHere(t, w.signsInFromThere(t))
	w.signsOutThere(t, false)
	w.stops(t)
}
