package e2e_test

import (
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestKeycloak: sign in and sign out, from here and from there, by redirect and by
// POST, with several sessions of one user.
func TestKeycloak(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method string
		post         bool
	}{
		{name: "logout by redirect"},
		{name: "logout by POST, and what begins there is accepted", post: true, method: ", idp_initiated: accept"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, setting{
				secure: true, method: tt.method,
				start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
					return &parts.StartKeycloak(t, c).IdentityProvider
				},
				peer: func(p *parts.SAMLPeer) { p.SLOByPost = tt.post },
			})
			tab := w.browser.Person(t).Tab(t)
			w.signsIn(t, tab)
			w.signsOutHere(t, tab)
			w.signsOutHere(t, w.signsInFromThere(t))
			w.signsOutThere(t, false)
			w.stops(t)
		})
	}
}
