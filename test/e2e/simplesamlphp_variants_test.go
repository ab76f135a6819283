package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestSimpleSAMLphpVariants: what a response can be signed and encrypted like, and how
// the messages of a logout can come, with sign-outs from both ends.
func TestSimpleSAMLphpVariants(t *testing.T) {
	t.Parallel()
	program := buildGateway(t)
	for _, tt := range []struct {
		name   string
		peer   parts.SAMLPeer // its addresses and keys come later
		method string
		alike  bool // the gateway cannot tell one session of a person from another
	}{
		{name: "response signed", peer: parts.SAMLPeer{Signed: parts.ResponseSigned}},
		{name: "assertion signed", peer: parts.SAMLPeer{Signed: parts.AssertionSigned}},
		{name: "both signed, logout by POST", peer: parts.SAMLPeer{SLOByPost: true}},
		{name: "encrypted", peer: parts.SAMLPeer{Encrypt: true}, alike: true},
		{name: "encrypted, and the gateway has the key", peer: parts.SAMLPeer{Encrypt: true}, method: ", decryption_key: encryption.key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, setting{
				secure: true, program: program, method: tt.method, peer: tt.peer,
			})
			tab := w.browser.Person(t).Tab(t)
			w.signsIn(t, tab)
			w.signsOutHere(t, tab)
			w.signsOutThere(t, tt.alike)
			w.stops(t)
		})
	}
}

// signsInTo is alice's way to a page.
func (w *world) signsInTo(t *testing.T, tab *parts.Tab, path string) {
	t.Helper()
	tab.Goto(w.origin + path)
	w.idp.WaitForm(tab)
	w.idp.FillIn(tab, "alice")
	tab.WaitURL(w.origin + path)
}

// signsOutHere signs out on the session page and through the identity provider, which
// asks for the password after that.
func (w *world) signsOutHere(t *testing.T, tab *parts.Tab) {
	t.Helper()
	before := w.es.LiveTokens("alice")
	tab.Goto(w.origin + "/_gateway/session")
	for _, cookie := range tab.Cookies(w.origin) {
		w.wire.remember(cookie.Value)
	}
	tab.Click(`form[action*="/logout"] button`)
	tab.WaitURL(w.origin + "/_gateway/logged-out") // with nothing in the query that was left undone
	if got := w.es.LiveTokens("alice"); got != before-1 {
		t.Errorf("alice has %d live tokens after signing out once, and had %d", got, before)
	}
	tab.Goto(w.origin + "/")
	w.idp.WaitForm(tab)
}

// signsOutThere: alice has a session in two browsers, and signs out of one at the
// identity provider. That one ends, and the other goes on; where they are alike, both
// end: better out than in.
func (w *world) signsOutThere(t *testing.T, alike bool) {
	t.Helper()
	left, stays := w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t)
	for _, tab := range []*parts.Tab{left, stays} {
		w.signsInTo(t, tab, "/whoami")
	}
	w.waitTokens(t, "alice", 2)
	w.idp.SignOut(left)
	rest, status := 1, http.StatusOK
	if alike {
		rest, status = 0, http.StatusUnauthorized
	}
	w.waitTokens(t, "alice", rest)
	left.Screenshot("signed-out-there")
	left.Goto(w.origin + "/whoami")
	w.idp.WaitForm(left)
	if got := parts.Eval[int](stays, `fetch("/whoami").then(r => r.status)`); got != status {
		t.Errorf("alice's other browser after a sign-out in the first: %d, want %d", got, status)
	}
	if !alike {
		w.signsOutHere(t, stays)
	}
}

// waitTokens waits until a person has so many live tokens.
func (w *world) waitTokens(t *testing.T, user string, want int) {
	t.Helper()
	parts.Eventually(t, fmt.Sprintf("%s has %d live tokens", user, want), func(context.Context) error {
		if got := w.es.LiveTokens(user); got != want {
			return fmt.Errorf("there are %d", got)
		}
		return nil
	})
}

// stops ends the gateway in peace; it has logged no secret.
func (w *world) stops(t *testing.T) {
	t.Helper()
	w.logsNoSecrets(t, 1)
	if code := w.gateway.Stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM (66: a data race, see gateway.log)", code)
	}
}
