package e2e_test

import (
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestKeycloak: sign in, sign out from here, and from there, by redirect and by POST,
// with several sessions of one user.
func TestKeycloak(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		post bool
	}{
		{name: "logout by redirect"},
		{name: "logout by POST", post: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, setting{
				secure: true,
				start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
					return &parts.StartKeycloak(t, c).IdentityProvider
				},
				peer: func(p *parts.SAMLPeer) { p.SLOByPost = tt.post },
			})
			tab := w.browser.Person(t).Tab(t)
			w.signsIn(t, tab)
			w.signsOutHere(t, tab)
			w.signsOutThere(t, false)
			w.stops(t)
		})
	}
}
