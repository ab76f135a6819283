package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func TestSignOutEndsTheSessionEverywhereAndGoesByTheIdentityProvider(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	cookie := b.Cookie("esgateway_session")

	page := b.Get(prefix + "/logout")
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "<button") {
		t.Fatalf("GET /logout: %d", page.Status)
	}
	if b.Get("/").Status != http.StatusOK {
		t.Fatal("GET /logout signed the person out")
	}
	out := b.SignOut()
	if out.Status != http.StatusSeeOther || !strings.Contains(out.Location, "SAMLRequest=") {
		t.Fatalf("got %d %q, want the identity provider's logout", out.Status, out.Location)
	}
	if b.Cookie("esgateway_session") != "" {
		t.Error("the cookie is still there")
	}
	gatewaytest.Eventually(t, "both tokens are dead", func() bool { return g.ES.LiveTokens("alice") == 0 })

	back := b.Get(out.Location) // the identity provider sends the person back to /slo
	for back.Status >= 300 && back.Status < 400 && !strings.HasSuffix(back.Location, "/logged-out") {
		back = b.Get(absolute(g, back.Location))
	}
	if !strings.HasSuffix(back.Location, prefix+"/logged-out") {
		t.Fatalf("not brought back: %d %q", back.Status, back.Location)
	}
	if got := b.Get(prefix + "/logged-out"); got.Status != http.StatusOK || strings.Contains(got.Body, "signin") && strings.Contains(got.Body, "<script") {
		t.Errorf("the logged-out page: %d", got.Status)
	}
	old := g.Browser()
	old.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_session", Value: cookie, Path: "/"}})
	if got := old.Get("/"); got.Status != http.StatusSeeOther {
		t.Errorf("the old cookie still works: %d", got.Status)
	}
}

func absolute(g *gatewaytest.Gateway, location string) string {
	if strings.HasPrefix(location, "/") {
		return g.URL.String() + location
	}
	return location
}

func TestSignOutNeedsEvidenceOfOurOwnOrigin(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Sec-Fetch-Site", "none"},
		{"Sec-Fetch-Site", ""},
		{"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		if got := b.Request(http.MethodPost, prefix+"/logout", "", headers...); got.Status != http.StatusForbidden {
			t.Errorf("%v: %d", headers, got.Status)
		}
	}
	if b.Get("/").Status != http.StatusOK {
		t.Fatal("somebody else signed the person out")
	}
	if got := b.Request(http.MethodPost, prefix+"/logout", "", "Sec-Fetch-Site", "", "Origin", g.URL.String()); got.Status != http.StatusSeeOther {
		t.Errorf("our own origin: %d", got.Status)
	}
}

func TestSignOutWhileElasticsearchIsDownSignsOutHereAndSaysWhatWasNotDone(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	g.ES.SetFaults(standin.Faults{Down: true})
	out := b.SignOut()
	if out.Status != http.StatusSeeOther || !strings.Contains(out.Location, "undone=elasticsearch") {
		t.Fatalf("got %d %q", out.Status, out.Location)
	}
	if page := b.Get(out.Location); !strings.Contains(page.Body, "Elasticsearch could not be told") {
		t.Error("the page does not say what was not done")
	}
	if got := b.Get("/"); got.Status != http.StatusSeeOther {
		t.Errorf("the person is still signed in: %d", got.Status)
	}
	g.ES.SetFaults(standin.Faults{})
	g.Clock.Advance(2 * time.Minute)
	g.Sessions.Sweep(t.Context())
	if n := g.ES.LiveTokens("alice"); n != 0 {
		t.Errorf("%d tokens live after ES came back", n)
	}
}

func TestTheSessionPageSaysWhoThroughWhatUntilWhen(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	if got := b.Get(prefix + "/session"); got.Status != http.StatusSeeOther {
		t.Errorf("without a session: %d", got.Status)
	}
	if got := b.API(http.MethodGet, prefix+"/session", ""); got.Status != http.StatusUnauthorized {
		t.Errorf("a script without a session: %d", got.Status)
	}
	if got := b.SignIn(prefix+"/session", "alice"); got.Location != g.URL.String()+prefix+"/session" {
		t.Fatalf("landed at %q", got.Location)
	}
	page := b.Get(prefix + "/session")
	for _, want := range []string{"alice", "Alice Analyst", "analyst", "Corporate account", "Application"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	got := b.API(http.MethodGet, prefix+"/session", "")
	var report map[string]any
	if err := json.Unmarshal([]byte(got.Body), &report); err != nil {
		t.Fatal(err)
	}
	if report["user"] != "alice" || report["until"] == nil || report["idle_until"] == nil {
		t.Errorf("the JSON says %v", report)
	}
}

func TestTheSessionEndsByItsDeadlinesAndThePersonSignsInOrdinarily(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	g.Clock.Advance(8*time.Hour + time.Second)
	before := g.ES.Counters().Refreshes
	if got := b.Get("/"); got.Status != http.StatusSeeOther || !strings.Contains(got.Location, "/login?") {
		t.Errorf("got %d", got.Status)
	}
	if g.ES.Counters().Refreshes != before {
		t.Error("ES was asked")
	}
	if got := b.SignIn("/", "alice"); got.Location != g.URL.String()+"/" {
		t.Errorf("signing in again: %d %s", got.Status, got.Body)
	}
}

func TestNothingSecretIsLoggedOrShown(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	request := b.Begin("/x?password=hunter2-in-query")
	response, relay, err := g.IdP.Respond(request, g.Person("alice"), idp.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	b.Post(response, relay)
	page := b.Get("/")
	token := between(page.Body, "Authorization: Bearer ", "\r\n")
	b.API(http.MethodGet, prefix+"/session", "")
	g.Clock.Advance(21 * time.Minute)
	b.API(http.MethodGet, "/_search", "")
	fresh := between(b.Get("/").Body, "Authorization: Bearer ", "\r\n")
	secrets := map[string]string{
		"an access token": token, "a renewed access token": fresh, "the session cookie": b.Cookie("esgateway_session"),
		"the browser cookie": b.Cookie("esgateway_browser"), "the SAML response": response, "the SAML request": query(t, request, "SAMLRequest"),
		"the account's password": gatewaytest.AccountPassword, "a query": "hunter2-in-query",
	}
	b.SignOut()
	logged := g.Log.String()
	for what, secret := range secrets {
		if secret == "" {
			t.Errorf("the test has no %s", what)
			continue
		}
		if strings.Contains(logged, secret) || strings.Contains(logged, url.QueryEscape(secret)) {
			t.Errorf("%s stands in the log", what)
		}
	}
	for _, want := range []string{`"event.action":"sign-in"`, `"event.action":"sign-out"`, `"event.action":"session-ended"`, `"http.request.id":`} {
		if !strings.Contains(logged, want) {
			t.Errorf("the log does not say %s", want)
		}
	}
}

func query(t *testing.T, raw, name string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// unsearchable is a store that answers, and finds nothing by labels while it is blind.
type unsearchable struct {
	session.Store
	blind *atomic.Bool
}

func (u unsearchable) Find(ctx context.Context, l session.Label) ([]session.Key, error) {
	if u.blind.Load() {
		return nil, errors.New("the store does not answer")
	}
	return u.Store.Find(ctx, l)
}

// TestNobodyIsToldSignedOutWhoseSessionsWereNotLookedUp: a browser that sends its key and
// not its session cookie may have a session all the same.
func TestNobodyIsToldSignedOutWhoseSessionsWereNotLookedUp(t *testing.T) {
	t.Parallel()
	var blind atomic.Bool
	g := gatewaytest.Start(t, gatewaytest.Options{Wrap: func(s session.Store) session.Store { return unsearchable{s, &blind} }})
	b := g.Browser()
	b.SignIn("/", "alice")
	cookie := b.Cookie("esgateway_session")
	b.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_session", Path: "/", MaxAge: -1}})

	blind.Store(true)
	if got := b.SignOut(); got.Header.Get("X-Gateway-Response") != "store_unavailable" {
		t.Errorf("got %d %q, and alice's session lives", got.Status, got.Location)
	}
	blind.Store(false)
	if got := b.SignOut(); got.Status != http.StatusSeeOther {
		t.Errorf("when the store can search again: %d", got.Status)
	}
	old := g.Browser()
	old.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_session", Value: cookie, Path: "/"}})
	if got := old.Get("/"); got.Status != http.StatusSeeOther {
		t.Errorf("the session lives: %d", got.Status)
	}
}
