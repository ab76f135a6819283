package e2e_test

import (
	"net/url"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// landing is where people come who have not said where they want to go.
const landing = "/_gateway/session"

// TestIdentityProviderInitiated: a sign-in that begins at the identity provider, in all
// three modes.
func TestIdentityProviderInitiated(t *testing.T) {
	t.Parallel()
	program := buildGateway(t)
	for _, tt := range []struct {
		name, method string
		lands        string // where a RelayState of /reports leads; empty: nowhere
		requests     bool   // we have asked the identity provider after all
	}{
		{name: "bounce", lands: landing, requests: true},
		{name: "bounce, and the relay state counts", method: ", relay_state: true", lands: "/reports?q=report", requests: true},
		{name: "accept", method: ", idp_initiated: accept", lands: landing},
		{name: "accept, and the relay state counts", method: ", idp_initiated: accept, relay_state: true", lands: "/reports?q=report"},
		{name: "reject", method: ", idp_initiated: reject"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, setting{secure: true, program: program, method: tt.method})
			tab := w.browser.Person(t).Tab(t)
			tab.Goto(w.idp.Initiated + "&RelayState=" + url.QueryEscape(w.origin+"/reports?q=report"))
			w.idp.FillIn(tab, "alice")
			if tt.lands == "" {
				tab.WaitText("body", "cannot begin at the identity provider")
				tab.Screenshot("rejected")
				w.waitTokens(t, "alice", 0)
			} else {
				tab.WaitURL(w.origin + tt.lands)
				tab.WaitText("body", "alice")
				w.waitTokens(t, "alice", 1)
				tab.Goto(w.origin + landing) // it has no stream that the gateway would wait for
			}
			if got := w.es.Counters().Calls["POST /_security/saml/prepare"] > 0; got != tt.requests {
				t.Errorf("we have asked the identity provider: %v, want %v", got, tt.requests)
			}
			w.stops(t)
		})
	}
}

// signsInFromThere begins at the identity provider, in a browser of its own: one that
// has begun a sign-in here and left it might be led back to that.
func (w *world) signsInFromThere(t *testing.T) *parts.Tab {
	t.Helper()
	tab := w.browser.Person(t).Tab(t)
	tab.Goto(w.idp.Initiated)
	w.idp.WaitForm(tab)
	w.idp.FillIn(tab, "alice")
	tab.WaitURL(w.origin + landing)
	w.waitTokens(t, "alice", 1)
	return tab
}
