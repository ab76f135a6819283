package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/esgateway/esgateway/test/parts"
)

// TestFlow is the whole product for one person, from the first click to the last.
func TestFlow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		secure bool
	}{
		{name: "https and two registrable names", secure: true},
		{name: "plain http on localhost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.secure)
			alice := w.browser.Person(t)
			tab := alice.Tab(t)

			w.callsAreNotRedirected(t)
			deepLink := w.signsIn(t, tab)
			w.cookiesAreSafe(t, tab, tt.secure)
			w.searches(t, tab)
			w.survivesAKill(t, tab, deepLink)
			other := w.signsInAgain(t, alice, tab)
			w.showsTheSession(t, tab, other)
			w.bobSeesLess(t)
			w.signsOut(t, tab, other)
			w.counts(t)

			w.noSecrets(t, tab, other)
			if code := w.gateway.Stop(t, syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d after SIGTERM (66: a data race, see gateway.log)", code)
			}
			w.noSecrets(t)
		})
	}
}

// callsAreNotRedirected: an API client without a session gets 401 in JSON, and no cookie.
func (w *world) callsAreNotRedirected(t *testing.T) {
	t.Helper()
	status, body, err := w.get(t.Context(), w.origin+"/whoami", http.Header{"Accept": {"application/json"}})
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusUnauthorized {
		t.Errorf("an API call got %d, %s (%v)", status, body, err)
	}
	status, body, err = w.get(t.Context(), w.origin+"/public/logo", http.Header{"Authorization": {"Bearer made up"}})
	if err != nil || status != http.StatusOK || body != `public, authorization ""` {
		t.Errorf("a public path got %d, %s (%v)", status, body, err)
	}
}

// signsIn goes to a deep link without a session and comes to the very same, query and
// fragment intact.
func (w *world) signsIn(t *testing.T, tab *parts.Tab) (deepLink string) {
	t.Helper()
	deepLink = w.origin + "/reports/2026?q=report&note=%C3%BC%26%2F+x#section-3/%C3%A4?x=1"
	tab.Goto(deepLink)
	tab.WaitURLPrefix(w.idp.URL)
	w.idp.FillIn(tab, "alice")
	tab.WaitURL(deepLink)
	if got := tab.Text("#user"); got != "alice" {
		t.Errorf("the application sees %q", got)
	}
	if got := tab.Text("#roles"); got != "analyst" {
		t.Errorf("with the roles %q", got)
	}
	if got, want := tab.Text("#query"), "q=report&note=%C3%BC%26%2F+x"; got != want {
		t.Errorf("the query arrived as %q, want %q", got, want)
	}
	if got := w.es.LiveTokens("alice"); got != 1 {
		t.Errorf("alice has %d live tokens, want 1", got)
	}
	tab.Screenshot("application")
	return deepLink
}

func (w *world) cookiesAreSafe(t *testing.T, tab *parts.Tab, secure bool) {
	t.Helper()
	cookies := tab.Cookies(w.origin)
	none := 0
	for _, c := range cookies {
		if strings.HasPrefix(c.Name, "SSP") || strings.HasPrefix(c.Name, "SimpleSAML") {
			continue // on localhost all ports share their cookies
		}
		w.wire.remember(c.Value)
		if !c.HTTPOnly || c.Secure != secure || strings.HasPrefix(c.Name, "__Host-") != secure || c.Path != "/" || c.SameSite == "" {
			t.Errorf("cookie %s: HttpOnly %v, Secure %v, path %s, SameSite %s", c.Name, c.HTTPOnly, c.Secure, c.Path, c.SameSite)
		}
		if c.SameSite == "None" {
			none++
		}
	}
	// The browser key alone must come with the identity provider's cross-site POST.
	if want := map[bool]int{true: 1, false: 0}[secure]; none != want {
		t.Errorf("%d cookies are SameSite=None, want %d", none, want)
	}
	if script := parts.Eval[string](tab, "document.cookie"); script != "" && secure {
		t.Errorf("scripts can read %q", script)
	}
}

func (w *world) searches(t *testing.T, tab *parts.Tab) {
	t.Helper()
	tab.Fill("input[name=q]", "disk")
	tab.Click("button")
	tab.WaitURL(w.origin + "/search?q=disk")
	if got := tab.Text("#hits"); got != "Disk full on db1" {
		t.Errorf("alice finds %q", got)
	}
}

// survivesAKill: kill -9 and a new start ask nobody to sign in again.
func (w *world) survivesAKill(t *testing.T, tab *parts.Tab, deepLink string) {
	t.Helper()
	w.gateway.Kill()
	w.start(t)
	tab.Goto(deepLink)
	tab.WaitURL(deepLink)
	if got := tab.Text("#user"); got != "alice" {
		t.Errorf("after kill -9 the application sees %q", got)
	}
	if n := len(w.wire.tokens()); n != 1 {
		t.Errorf("after kill -9 there are %d token pairs, want the first alone", n)
	}
}

// signsInAgain signs in a second time while the first session lives: a new session with
// a new pair, the old pair dead at Elasticsearch, and the tab that was open goes on.
func (w *world) signsInAgain(t *testing.T, person *parts.Person, open *parts.Tab) *parts.Tab {
	t.Helper()
	open.WaitText("#stream", "2") // it has a stream that runs
	open.WaitText("#socket", "open")
	before := sessionCookies(open, w.origin)

	tab := person.Tab(t)
	tab.Goto(w.origin + "/_gateway/login?again=1&next=" + "%2Fsecond%3Fq%3Dreport")
	tab.WaitURL(w.origin + "/second?q=report") // the identity provider still knows her
	if got := tab.Text("#user"); got != "alice" {
		t.Errorf("after the second sign-in the application sees %q", got)
	}
	if after := sessionCookies(tab, w.origin); after == before {
		t.Error("the second sign-in has kept the session id")
	}
	pairs := w.wire.tokens()
	if len(pairs) != 2 {
		t.Fatalf("%d token pairs were made, want 2", len(pairs))
	}
	if got := w.es.LiveTokens("alice"); got != 1 {
		t.Errorf("alice has %d live tokens after signing in twice, want 1", got)
	}

	// The open tab: its stream goes on, its calls go on.
	n := streamed(t, open)
	open.WaitText("#stream", strconv.Itoa(n+3))
	if got := open.Text("#socket"); got != "open" {
		t.Errorf("the open tab's WebSocket: %s", got)
	}
	if got := parts.Eval[string](open, `fetch("/whoami").then(r => r.text())`); got != "alice" {
		t.Errorf("the open tab's call got %q", got)
	}
	return tab
}

// streamed is how far the stream in the tab has come.
func streamed(t *testing.T, tab *parts.Tab) int {
	t.Helper()
	text := tab.Text("#stream")
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Errorf("the open tab's stream: %s", text)
	}
	return n
}

func sessionCookies(tab *parts.Tab, origin string) string {
	values := ""
	for _, c := range tab.Cookies(origin) {
		if c.SameSite == "Lax" && !strings.HasPrefix(c.Name, "SSP") {
			values += c.Name + "=" + c.Value + ";"
		}
	}
	return values
}

// showsTheSession: who am I, through what, until when, as a page and without any token
// as JSON, here to a script of the application: our own pages may call nobody.
func (w *world) showsTheSession(t *testing.T, application, tab *parts.Tab) {
	t.Helper()
	tab.Goto(w.origin + "/_gateway/session")
	text := tab.Text("body")
	for _, want := range []string{"alice", "Alice Example", "saml1", "analyst", "Corporate account"} {
		if !strings.Contains(text, want) {
			t.Errorf("the session page lacks %q:\n%s", want, text)
		}
	}
	tab.Screenshot("session")
	body := parts.Eval[string](application, `fetch("/_gateway/session", {headers: {Accept: "application/json"}}).then(r => r.text())`)
	var session map[string]any
	if err := json.Unmarshal([]byte(body), &session); err != nil || !strings.Contains(body, `"alice"`) {
		t.Errorf("the session in JSON: %v\n%s", err, body)
	}
	for _, p := range w.wire.tokens() {
		if strings.Contains(body, p.access) || strings.Contains(body, p.refresh) || strings.Contains(text, p.access) {
			t.Error("the session shows a token")
		}
	}
}

// bobSeesLess: another person, another role, and a browser that runs no scripts. What
// scripts do by themselves he does by buttons: ours, and the identity provider's.
func (w *world) bobSeesLess(t *testing.T) {
	t.Helper()
	tab := w.browser.Person(t).Tab(t)
	tab.DisableScript(true)
	tab.Goto(w.origin + "/first?q=report")
	tab.WaitURLPrefix(w.origin + "/_gateway/login?")
	tab.Screenshot("sign-in")
	tab.Click("form button")
	tab.WaitURLPrefix(w.idp.URL)
	fillIn(tab, "bob")
	tab.Click("form[action$='/acs'] button")
	tab.WaitURL(w.origin + "/first?q=report")
	if user, hits := tab.Text("#user"), tab.Text("#hits"); user != "bob" || hits != "Quarterly report" {
		t.Errorf("%s sees %q", user, hits)
	}
	for _, c := range tab.Cookies(w.origin) {
		w.wire.remember(c.Value)
	}
}

// signsOut signs out on the session page, through the identity provider, and lands on
// a page that does not sign in again.
func (w *world) signsOut(t *testing.T, open, tab *parts.Tab) {
	t.Helper()
	tab.Goto(w.origin + "/_gateway/session")
	tab.Click(`form[action*="/logout"] button`)
	tab.WaitURLPrefix(w.origin + "/_gateway/logged-out")
	tab.Screenshot("logged-out")
	if got := w.es.LiveTokens("alice"); got != 0 {
		t.Errorf("alice has %d live tokens after signing out", got)
	}
	if got := sessionCookies(tab, w.origin); strings.Contains(got, "session") {
		t.Errorf("cookies after signing out: %s", got)
	}
	open.WaitText("#stream", "ended")
	open.WaitText("#socket", "ended")
	status := parts.Eval[int](open, `fetch("/whoami").then(r => r.status)`)
	if status != http.StatusUnauthorized {
		t.Errorf("the open tab's call after signing out: %d", status)
	}

	// Nothing signs in by itself, and the identity provider has forgotten her too.
	tab.Reload()
	tab.WaitURLPrefix(w.origin + "/_gateway/logged-out")
	tab.Goto(w.origin + "/")
	tab.WaitURLPrefix(w.idp.URL)
	tab.Wait("input[name=password]")
	if n := len(w.wire.tokens()); n != 3 { // alice twice, bob once
		t.Errorf("%d token pairs were made in all, want 3: %s", n, fmt.Sprint(w.es.Counters().Calls))
	}
}

// counts: what operators see of all that, since the gateway was started anew.
func (w *world) counts(t *testing.T) {
	t.Helper()
	for series, want := range map[string]string{
		`esgateway_sign_ins_total{method="corp",outcome="ok"}`: "2",
		`esgateway_sessions_live`:                              "1", // bob's
	} {
		if got := w.metric(t, series); got != want {
			t.Errorf("%s is %q, want %s", series, got, want)
		}
	}
}
