package e2e_test

import (
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestLemonLDAP: sign in, sign out from here, and sign out there: that identity
// provider tells us from hidden frames of its page, where the browser sends none of
// our session's cookies.
func TestLemonLDAP(t *testing.T) {
	t.Parallel()
	program := buildGateway(t)
	for _, tt := range []struct {
		name, method string
		peer         parts.SAMLPeer
	}{
		{name: "logout by redirect", method: ", idp_initiated: accept"},
		{
			name: "encrypted, logout by POST", method: ", decryption_key: encryption.key",
			peer: parts.SAMLPeer{Encrypt: true, SLOByPost: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, setting{
				secure: true, program: program, method: tt.method, peer: tt.peer,
				start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
					return &parts.StartLemonLDAP(t, c).IdentityProvider
				},
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
