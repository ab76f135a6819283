package e2e_test

import (
	"net/http"
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
		{name: "all signed, logout by redirect", method: ", decryption_key: encryption.key"},
		{
			name: "encrypted, logout by POST", method: ", idp_initiated: accept, decryption_key: encryption.key",
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
			} else {
				w.signsLess(t, idp)
				w.isImported(t, idp)
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

// signsLess: Keycloak signs the response alone, then the assertion alone, and with that
// no message about logout: nobody is signed out by one, and after a sign-out from here
// the page says that Keycloak's answer proves nothing.
func (w *world) signsLess(t *testing.T, idp *parts.Keycloak) {
	t.Helper()
	idp.Sign(t, entityID, parts.ResponseSigned)
	tab := w.browser.Person(t).Tab(t)
	w.signsInTo(t, tab, "/whoami")
	w.signsOutHere(t, tab)

	idp.Sign(t, entityID, parts.AssertionSigned)
	tab = w.browser.Person(t).Tab(t)
	w.signsInTo(t, tab, "/whoami")
	idp.Leave(tab)
	tab.WaitText("body", "Your identity provider wants to sign you out, and its message is not accepted")
	tab.Screenshot("unsigned-request")
	w.waitTokens(t, "alice", 1)
	tab.Goto(w.origin + "/_gateway/session")
	tab.Click(`form[action*="/logout"] button`)
	tab.WaitURL(w.origin + "/_gateway/logged-out?undone=provider_unsure")
	tab.Screenshot("unsigned-answer")
	w.waitTokens(t, "alice", 0)
}

// isImported: Keycloak makes its client out of our metadata, and that is all it needs.
// It encrypts then, since we say with what.
func (w *world) isImported(t *testing.T, idp *parts.Keycloak) {
	t.Helper()
	status, metadata, err := w.get(t.Context(), w.origin+"/_gateway/saml/corp/metadata", nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("our metadata: %d, %v\n%s", status, err, metadata)
	}
	idp.Import(t, entityID, []byte(metadata))
	tab := w.browser.Person(t).Tab(t)
	w.signsInTo(t, tab, "/whoami")
	w.signsOutHere(t, tab)
	w.signsOutThere(t, false)
}
