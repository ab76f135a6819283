package e2e_test

import (
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestLemonLDAPOpenID: codes, and a sign-out there, of which LemonLDAP::NG tells us in a
// frame of its page. It keeps one sign-in for each browser, so there are no ten tabs.
func TestLemonLDAPOpenID(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, setting{
		secure: true,
		openID: []openID{{name: "staff", client: parts.Client{ResponseType: "code"}, tells: tellsInFrames}},
		start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
			return &parts.StartLemonLDAP(t, c).IdentityProvider
		},
	})
	person := w.browser.Person(t)
	tab := person.Tab(t)
	w.comesToADeepLink(t, tab, "staff")
	w.answersAgain(t, person, tab)
	w.signsOutHereBy(t, tab, "staff")
	w.signsOutThereBy(t, "staff")
	w.stops(t)
}
