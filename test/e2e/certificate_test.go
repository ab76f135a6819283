package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

const (
	holder        = "Alice Example" // of the card
	cardFurther   = "app.first.example"
	elsewhere     = "news.elsewhere.test"
	cardButton    = "[data-method=card]"
	delegatesCard = "POST /_security/delegate_pki"
	noneShown     = "Your browser has shown no client certificate."
)

// TestCertificateAsTheOnlyWay: people whose browser shows a client certificate, in its
// own handshake with the gateway, and nothing else to sign in with.
func TestCertificateAsTheOnlyWay(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, setting{secure: true, withoutSAML: true, card: holder, further: []string{cardFurther}})
	deepLink := w.origin + "/reports/2026?q=report&note=%C3%BC#section-3"
	w.opensByCard(t, deepLink)
	w.asksWhoComesFromElsewhere(t, deepLink)
	w.asksAfterASignOut(t)
	w.outlastsTheBrowser(t, deepLink)
	w.needsACardThatCounts(t, deepLink)
	w.stops(t)
}

// opensByCard: the owner of the browser is signed in, everywhere.
func (w *world) opensByCard(t *testing.T, deepLink string) {
	t.Helper()
	alice := w.browser.Owner()
	t.Run("who types the address of an application is signed in on the way to it", func(t *testing.T) {
		tab := w.tab(t, alice)
		tab.Goto(deepLink)
		w.isIn(t, tab, deepLink)
		if got := tab.Text("#roles"); got != "analyst" {
			t.Errorf("with the roles %q", got)
		}
		if got := w.es.LiveTokens(holder); got != 1 {
			t.Errorf("%d live tokens, want 1", got)
		}
		tab.Goto(w.origin + "/_gateway/session")
		for _, want := range []string{holder, "Smart card", "pki1", "analyst"} {
			tab.WaitText("main", want)
		}
		w.isGood(t, tab, "session")
	})

	t.Run("an application on another host is open then", func(t *testing.T) {
		before := w.delegations()
		tab := w.tab(t, alice)
		tab.Goto(w.originOf(t, cardFurther) + "/wanted#there")
		w.isIn(t, tab, w.originOf(t, cardFurther)+"/wanted#there")
		if got := w.delegations(); got != before {
			t.Errorf("%d further sign-ins", got-before)
		}
	})

	t.Run("and may be the first that is opened", func(t *testing.T) {
		tab := w.tab(t, w.browser.Person(t))
		tab.Goto(w.originOf(t, cardFurther) + "/wanted")
		w.isIn(t, tab, w.originOf(t, cardFurther)+"/wanted")
	})
}

func (w *world) asksWhoComesFromElsewhere(t *testing.T, deepLink string) {
	t.Helper()
	t.Run("who follows a link of another site is asked first, by name", func(t *testing.T) {
		tab := w.tab(t, w.browser.Person(t))
		before := w.delegations()
		tab.Goto(w.linkFromElsewhere(t, deepLink))
		tab.Click("a")
		w.waitsForAClick(t, tab)
		if got := w.delegations(); got != before || sessionCookies(tab, w.origin) != "" {
			t.Errorf("%d sign-ins that nobody has asked for, cookies %q", got-before, sessionCookies(tab, w.origin))
		}
		w.isGood(t, tab, "link-from-another-site")
		tab.Click(cardButton)
		w.isIn(t, tab, deepLink)
	})
}

func (w *world) asksAfterASignOut(t *testing.T) {
	t.Helper()
	t.Run("a sign-out lasts until somebody clicks", func(t *testing.T) {
		person := w.browser.Person(t)
		open, tab := w.tab(t, person), w.tab(t, person)
		open.Goto(w.origin + "/open")
		w.isIn(t, open, w.origin+"/open")
		tab.Goto(w.origin + "/_gateway/session")
		tab.Click(`form[action*="/logout"] button`)
		tab.WaitURLPrefix(w.origin + "/_gateway/logged-out")
		before := w.delegations()
		tab.Reload()
		tab.WaitURLPrefix(w.origin + "/_gateway/logged-out")
		w.isGood(t, tab, "logged-out")

		if got := parts.Eval[int](open, `fetch("/whoami").then(r => r.status)`); got != http.StatusUnauthorized {
			t.Errorf("a call of the tab that is open: %d", got)
		}
		for _, page := range []string{w.origin + "/open", w.originOf(t, cardFurther) + "/open"} {
			tab.Goto(page)
			w.waitsForAClick(t, tab)
		}
		if got := w.delegations(); got != before {
			t.Errorf("%d sign-ins that nobody has asked for", got-before)
		}
		w.isGood(t, tab, "after-a-sign-out")
		tab.Click(cardButton)
		w.isIn(t, tab, w.originOf(t, cardFurther)+"/open")
	})
}

// outlastsTheBrowser: the owner's session is there when the browser is started again, as
// long as the card is.
func (w *world) outlastsTheBrowser(t *testing.T, deepLink string) {
	t.Helper()
	before := w.delegations()
	w.restarts(t)
	t.Run("the session outlasts the browser, with the card in it", func(t *testing.T) {
		tab := w.tab(t, w.browser.Owner())
		tab.Goto(deepLink)
		w.isIn(t, tab, deepLink)
		if got := w.delegations(); got != before {
			t.Errorf("%d further sign-ins", got-before)
		}
	})

	others := w.es.LiveTokens(holder) - 1
	w.profile.TakeOut(t)
	w.restarts(t)
	t.Run("it ends when the browser comes without the card", func(t *testing.T) {
		tab := w.tab(t, w.browser.Owner())
		tab.Goto(deepLink)
		tab.WaitURLPrefix(w.origin + "/_gateway/login?")
		tab.WaitText("main", noneShown)
		w.waitTokens(t, holder, others)
		w.says(t, "certificate_gone")
	})
}

// needsACardThatCounts: the reader is empty, then it has the card of another authority,
// then a new one of ours.
func (w *world) needsACardThatCounts(t *testing.T, deepLink string) {
	t.Helper()
	t.Run("without a card a person reads why nothing happens, and what to do", func(t *testing.T) {
		tab := w.tab(t, w.browser.Person(t))
		tab.Goto(deepLink)
		tab.WaitURLPrefix(w.origin + "/_gateway/login?")
		tab.WaitText("main", noneShown)
		tab.WaitText("main", "Put in your smart card")
		if tab.Has("[data-method]") {
			t.Error("a way is offered that cannot be gone")
		}
		w.isGood(t, tab, "no-certificate")
	})

	w.profile.Insert(t, parts.NewCA(t).Card(t, holder, "card@example.test"))
	w.restarts(t)
	t.Run("so it is with a card that counts for nothing here", func(t *testing.T) {
		tab := w.tab(t, w.browser.Person(t))
		tab.Goto(deepLink)
		tab.WaitURLPrefix(w.origin + "/_gateway/login?")
		tab.WaitText("main", "Your client certificate is not trusted here.")
		tab.WaitText("main", "show another certificate")
		if tab.Has("[data-method]") {
			t.Error("a way is offered that cannot be gone")
		}
		w.isGood(t, tab, "another-authority")
	})

	w.profile.TakeOut(t)
	w.profile.Insert(t, w.cards.Card(t, holder, "card@example.test"))
	w.restarts(t)
	t.Run("with the card in it is as before", func(t *testing.T) {
		tab := w.tab(t, w.browser.Owner())
		tab.Goto(deepLink)
		w.isIn(t, tab, deepLink)
	})
}

// TestCertificateBesideAnotherWay: an identity provider, and cards for those who have one.
func TestCertificateBesideAnotherWay(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, setting{secure: true, card: holder})
	deepLink := w.origin + "/reports/2026?q=report#section-3"

	t.Run("the page offers both, the card by the name on it", func(t *testing.T) {
		tab := w.tab(t, w.browser.Owner())
		tab.Goto(deepLink)
		tab.Wait(cardButton)
		tab.Wait("[data-method=corp]")
		if got, want := tab.Text(cardButton), "Smart card as "+holder; got != want {
			t.Errorf("the button says %q, want %q", got, want)
		}
		w.isGood(t, tab, "both")
		tab.Click(cardButton)
		w.isIn(t, tab, deepLink)
	})

	t.Run("the other way is open, too", func(t *testing.T) {
		tab := w.tab(t, w.browser.Person(t))
		tab.Goto(deepLink)
		tab.Click("[data-method=corp]")
		w.idp.FillIn(tab, "bob")
		tab.WaitURL(deepLink)
		tab.WaitText("#user", "bob")
	})

	w.profile.TakeOut(t)
	w.restarts(t)
	t.Run("without a card the other way is the only one", func(t *testing.T) {
		tab := w.tab(t, w.browser.Person(t))
		tab.Goto(deepLink)
		w.idp.WaitForm(tab)
	})

	w.stops(t)
}

// tab opens a tab whose cookies are secrets.
func (w *world) tab(t *testing.T, person *parts.Person) *parts.Tab {
	t.Helper()
	tab := person.Tab(t)
	tab.Size(1280, 800)
	t.Cleanup(func() {
		for _, origin := range w.origins {
			for _, cookie := range tab.Cookies(origin) {
				w.wire.remember(cookie.Value)
			}
		}
	})
	return tab
}

// isIn waits for a page of the application, which knows the holder by a token.
func (w *world) isIn(t *testing.T, tab *parts.Tab, page string) {
	t.Helper()
	tab.WaitURL(page)
	if got := tab.Text("#user"); got != holder {
		t.Errorf("the application sees %q", got)
	}
}

// isGood has a picture taken of a page of ours, and looks for faults in it.
func (w *world) isGood(t *testing.T, tab *parts.Tab, name string) {
	t.Helper()
	tab.Screenshot(name)
	for _, fault := range faultsOf(tab, dresses[0]) {
		t.Errorf("%s: %s", name, fault)
	}
}

// waitsForAClick: the sign-in page has one button, with the holder's name, and stays.
func (w *world) waitsForAClick(t *testing.T, tab *parts.Tab) {
	t.Helper()
	tab.WaitURLPrefix(w.origin + "/_gateway/login?")
	if got, want := tab.Text("main button"), "Continue with Smart card as "+holder; got != want {
		t.Errorf("the button says %q, want %q", got, want)
	}
	if n := parts.Eval[int](tab, `document.querySelectorAll("main button").length`); n != 1 || tab.Has("[data-auto]") {
		t.Errorf("%d buttons, goes on by itself: %v", n, tab.Has("[data-auto]"))
	}
}

// delegations are how often Elasticsearch was asked for a token for a certificate.
func (w *world) delegations() int { return w.es.Counters().Calls[delegatesCard] }

// linkFromElsewhere is a page of another site with a link.
func (w *world) linkFromElsewhere(t *testing.T, to string) string {
	t.Helper()
	port := parts.FreePort(t)
	w.authority.Serve(t, port, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(rw, `<!doctype html><html lang="en"><title>News</title><a href="%s">The report</a>`, strings.ReplaceAll(to, "&", "&amp;"))
	}), elsewhere)
	return fmt.Sprintf("https://%s:%d/", elsewhere, port)
}

// restarts closes the browser and starts it again with its profile.
func (w *world) restarts(t *testing.T) {
	t.Helper()
	w.browser.Close(t)
	w.browser = w.profile.Start(t, w.authority, w.hosts...)
}

// says waits until the gateway has written a word down.
func (w *world) says(t *testing.T, word string) {
	t.Helper()
	parts.Eventually(t, "the gateway's log says "+word, func(context.Context) error {
		log, err := os.ReadFile(w.gateway.Log)
		if err == nil && !strings.Contains(string(log), `"`+word+`"`) {
			err = errors.New("it does not")
		}
		return err
	})
}
