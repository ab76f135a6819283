//go:build long

package e2e_test

import (
	"testing"
	"time"
)

// TestALongStayAtTheIdentityProvider: Chromium sends a cookie without SameSite along with
// a cross-site POST for two minutes, and not a second longer; ours must not need that.
func TestALongStayAtTheIdentityProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	tab := w.browser.Person(t).Tab(t)
	tab.Goto(w.origin + "/reports?q=report")
	w.idp.WaitForm(tab)
	<-time.After(3*time.Minute + 10*time.Second) // the stay is what is tested
	w.idp.FillIn(tab, "alice")
	tab.WaitURL(w.origin + "/reports?q=report")
	tab.WaitText("body", "alice")
	tab.Goto(w.origin + landing) // it has no stream that the gateway would wait for
	w.stops(t)
}
