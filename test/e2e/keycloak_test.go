package e2e_test

import (
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestKeycloak: sign in and sign out, from here and from there, by redirect and by
// POST, with several sessions of one user.
func TestKeycloak(t *testing.T) {
	t.Parallel()
	program := buildGateway(t)
	for _, tt := range []struct {
		name, method string
		peer         parts.SAMLPeer
	}{
		{name: "all signed, logout by redirect"},
		{
			name: "encrypted, logout by POST", method: ", idp_initiated: accept, decryption_key: sp.key",
			peer: parts.SAMLPeer{Encrypt: true, SLOByPost: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var idp *parts.Keycloak
			w := newWorldOf(t, setting{
				secure: true, program: program, method: tt.method, peer: tt.peer,
				start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
					idp = parts.StartKeycloak(t, c)
					return &idp.IdentityProvider
				},
			})
			tab := w.browser.Person(t).Tab(t)
			w.signsIn(t, tab)
			w.signsOutHere(t, tab)
			w.signsOutHere(t, w.signsInFromThere(t))
			w.signsOutThere(t, false)
			if tt.peer.SLOByPost {
				w.isThrownOut(t, idp)
			}
			w.stops(t)
		})
	}
}

// isThrownOut: an administrator ends what alice has, in two browsers, and none of them
// takes part in that.
func (w *world) isThrownOut(t *testing.T, idp *parts.Keycloak) {
	t.Helper()
	idp.BackChannel(t, entityID)
	tabs := []*parts.Tab{w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t)}
	for _, tab := range tabs {
		w.signsInTo(t, tab, "/whoami")
	}
	w.waitTokens(t, "alice", 2)
	idp.EndSessions(t, "alice")
	w.waitTokens(t, "alice", 0)
	for _, tab := range tabs {
		tab.Reload()
		w.idp.WaitForm(tab)
	}
}
