package e2e_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestKeycloakOpenID: two realms of Keycloak by OpenID Connect, beside the first one's
// SAML, on one chooser.
func TestKeycloakOpenID(t *testing.T) {
	t.Parallel()
	var idp *parts.Keycloak
	w := newWorldOf(t, setting{
		secure: true, method: ", decryption_key: encryption.key",
		openID: []openID{
			{name: "staff", client: parts.Client{Realm: "corp", ResponseType: "code"}, tells: tellsByPost},
			{name: "partners", client: parts.Client{Realm: "partners", ResponseType: "code", BySubject: true}, tells: tellsByPost},
		},
		start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
			idp = parts.StartKeycloak(t, c)
			return &idp.IdentityProvider
		},
	})
	for _, method := range []string{"staff", "partners"} {
		person := w.browser.Person(t)
		tab := person.Tab(t)
		w.comesToADeepLink(t, tab, method)
		w.answersAgain(t, person, tab)
		w.signsOutHereBy(t, tab, method)
	}
	w.signsInInTenTabs(t, "staff", 1)
	w.signsOutThereBy(t, "staff")
	w.endsTheOtherOne(t, idp)
	w.isThrownOutByPost(t, idp)
	w.signsInByEach(t)
	w.knowsANewKey(t, idp) // its metadata for SAML has another key from then on
	w.stops(t)
}

// isThrownOutByPost: an administrator ends what alice has in one of Keycloak's realms,
// in two browsers. Somebody of the same name in the other realm goes on.
func (w *world) isThrownOutByPost(t *testing.T, idp *parts.Keycloak) {
	t.Helper()
	first, second, other := w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t)
	w.signsInBy(t, first, "staff", "alice", "/whoami")
	w.signsInBy(t, second, "staff", "alice", "/whoami")
	w.signsInBy(t, other, "partners", "alice", "/whoami")
	w.endsSoon(t, "thrown out by an administrator, two browsers", func() { idp.EndSessions(t, "alice") }, first, second)
	w.waitTokens(t, "alice", 1)
	w.lives(t, other)
	w.signsOutHereBy(t, other, "partners")
}

// knowsANewKey: Keycloak signs by a key that nobody has seen. The next sign-in works,
// and so does the next message about a logout.
func (w *world) knowsANewKey(t *testing.T, idp *parts.Keycloak) {
	t.Helper()
	idp.NewKey(t, "corp")
	tab := w.browser.Person(t).Tab(t)
	w.signsInBy(t, tab, "staff", "alice", "/whoami")
	w.endsSoon(t, "by a message that a new key has signed", func() { idp.EndSessions(t, "alice") }, tab)
	w.waitTokens(t, "alice", 0)
}

// endsTheOtherOne: alice sees on Keycloak's own account page that she is signed in
// elsewhere, and ends that.
func (w *world) endsTheOtherOne(t *testing.T, idp *parts.Keycloak) {
	t.Helper()
	elsewhere, tab := w.browser.Person(t).Tab(t), w.browser.Person(t).Tab(t)
	w.signsInBy(t, elsewhere, "staff", "alice", "/whoami")
	w.signsInBy(t, tab, "staff", "alice", "/whoami")
	w.endsSoon(t, "on the account page", func() { idp.EndOther(tab) }, elsewhere)
	tab.Screenshot("account")
	tab.Goto(w.origin + "/whoami")
	w.lives(t, tab)
	w.signsOutHereBy(t, tab, "staff")
}

// signsInByEach: one browser, by SAML and by OpenID Connect in turn. For Elasticsearch
// somebody of the same name in another realm is somebody else, and so for us.
func (w *world) signsInByEach(t *testing.T) {
	t.Helper()
	tab := w.browser.Person(t).Tab(t)
	w.signsInBy(t, tab, "corp", "alice", "/whoami")
	for i, step := range []struct {
		method, user string
		form         bool   // the provider asks
		before, now  string // who was here and who is, if they are not the same
	}{
		{method: "staff", user: "alice", before: "alice (Corporate account)", now: "alice (Account at staff)"},
		{method: "staff", user: "alice"},
		{method: "corp", user: "alice", before: "alice (Account at staff)", now: "alice (Corporate account)"},
		{method: "corp", user: "alice"},
		{method: "partners", user: "bob", form: true, before: "alice", now: "bob"},
		{method: "corp", user: "alice", before: "bob", now: "alice"},
	} {
		page := fmt.Sprintf("%s/whoami?step=%d", w.origin, i)
		tab.Goto(w.origin + "/_gateway/login?again=1&next=" + url.QueryEscape(page))
		tab.Click("[data-method=" + step.method + "]")
		if step.form {
			w.idp.WaitForm(tab)
			w.idp.FillIn(tab, step.user)
		}
		if step.before != "" {
			tab.WaitText("h1", "Another user is signed in now")
			if facts := tab.Text("dl.facts"); !strings.Contains(facts, step.before+"\n") || !strings.HasSuffix(facts, step.now) {
				t.Errorf("%s was here, %s is, and the page says: %s", step.before, step.now, facts)
			}
			tab.Screenshot(fmt.Sprintf("somebody-else-%d", i))
			tab.Click("a.primary")
		}
		tab.WaitURL(page)
		tab.WaitText("body", step.user)
		w.waitTokens(t, step.user, 1)
	}
	w.waitTokens(t, "bob", 0)
	w.signsOutHereBy(t, tab, "corp")
}
