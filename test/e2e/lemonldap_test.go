package e2e_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestLemonLDAP: sign in, sign out from here, and sign out there: that identity
// provider tells us from a hidden frame of its page, where the browser sends none of
// our session's cookies.
func TestLemonLDAP(t *testing.T) {
	t.Parallel()
	var idp *parts.LemonLDAP
	w := newWorldOf(t, setting{secure: true, start: func(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
		idp = parts.StartLemonLDAP(t, c)
		return &idp.IdentityProvider
	}})
	tab := w.browser.Person(t).Tab(t)
	w.signsIn(t, tab)
	w.signsOutThere(t, tab)

	w.idp.FillIn(tab, "alice") // it has just asked
	tab.WaitURL(w.origin + "/")
	tab.Goto(idp.SignOut)
	parts.Eventually(t, "alice's tokens are gone", w.noTokens("alice"))
	tab.Screenshot("signed-out-there")
	tab.Goto(w.origin + "/")
	w.idp.WaitForm(tab)
	if code := w.gateway.Stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM (66: a data race, see gateway.log)", code)
	}
}

// noTokens asks whether a person has no live tokens any more.
func (w *world) noTokens(user string) func(context.Context) error {
	return func(context.Context) error {
		if n := w.es.LiveTokens(user); n != 0 {
			return fmt.Errorf("%s has %d live tokens", user, n)
		}
		return nil
	}
}
