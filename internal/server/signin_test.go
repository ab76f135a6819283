package server_test

import (
	"context"
	"net/http"
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

const prefix = gatewaytest.Prefix

func TestSignInEndsAtTheVeryPageThatWasWanted(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	for _, path := range []string{"/", "/deep/link?q=a%2Fb&x=%20;y=1", "/a%2Fb", "/?", "/app?next=https://evil.example"} {
		b := g.Browser()
		if got := b.SignIn(path, "alice"); got.Status != http.StatusSeeOther || got.Location != g.URL.String()+path {
			t.Errorf("%s: landed at %d %q", path, got.Status, got.Location)
			continue
		}
		page := b.Get(path)
		if page.Status != http.StatusOK || !strings.HasPrefix(page.Body, "GET "+path+"\n") {
			t.Errorf("%s: the application got %d %q", path, page.Status, page.Body)
		}
		if !strings.Contains(page.Body, "Authorization: Bearer ") {
			t.Errorf("%s: the application got no bearer", path)
		}
	}
}

func TestTheFragmentTravelsInTheReturnURL(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	login := b.Get("/page?x=1").Location
	u, err := url.Parse(login)
	if err != nil {
		t.Fatal(err)
	}
	// What the page's script does: it adds location.hash to next.
	q := u.Query()
	q.Set("next", q.Get("next")+"#section/2?a=b")
	u.RawQuery = q.Encode()
	got := b.Answer(b.Go(u.String()), "alice", idp.Answer{})
	if want := g.URL.String() + "/page?x=1#section/2?a=b"; got.Location != want {
		t.Errorf("landed at %q, want %q", got.Location, want)
	}
}

func TestTheApplicationGetsTheBearerAndNoneOfOurCookies(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	page := b.Get("/", "Cookie", "theirs=1; esgateway_session="+b.Cookie("esgateway_session"), "X-Forwarded-User", "root", "X_Gateway_User", "root", "Es-Security-Runas-User", "root")
	for _, never := range []string{"esgateway_session", "esgateway_browser", "root"} {
		if strings.Contains(page.Body, never) {
			t.Errorf("the application got %q:\n%s", never, page.Body)
		}
	}
	for _, always := range []string{"Cookie: theirs=1", "X-Forwarded-Proto: http", "X-Forwarded-Host: " + g.URL.Host, "X-Request-Id: " + page.Header.Get("X-Request-Id")} {
		if !strings.Contains(page.Body, always) {
			t.Errorf("the application did not get %q:\n%s", always, page.Body)
		}
	}
}

func TestSigningInTwiceRevokesTheOldPairAndAnOpenTabGoesOn(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	old := b.Cookie("esgateway_session")
	again := b.Go(g.URL.String() + prefix + "/login?again=1&next=" + url.QueryEscape(g.URL.String()+"/two"))
	if got := b.Answer(again, "alice", idp.Answer{}); got.Location != g.URL.String()+"/two" {
		t.Fatalf("landed at %q: %s", got.Location, got.Body)
	}
	if b.Cookie("esgateway_session") == old {
		t.Error("the session id did not change")
	}
	gatewaytest.Eventually(t, "the old pair is revoked", func() bool { return g.ES.LiveTokens("alice") == 1 })

	tab := g.Browser() // a tab that still has the old cookie
	tab.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_session", Value: old, Path: "/"}})
	if got := tab.Get("/"); got.Status != http.StatusOK {
		t.Fatalf("the open tab got %d", got.Status)
	}
	if tab.Cookie("esgateway_session") == old {
		t.Error("the open tab did not get the new cookie")
	}
	g.Clock.Advance(61 * time.Second)
	if got := tab.Get("/"); got.Status != http.StatusOK {
		t.Errorf("the open tab got %d after a minute", got.Status)
	}
}

func TestAnotherUserIsToldBeforeGoingOn(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	again := b.Go(g.URL.String() + prefix + "/login?again=1&next=/")
	got := b.Answer(again, "bob", idp.Answer{})
	if got.Status != http.StatusOK || !strings.Contains(got.Body, "alice") || !strings.Contains(got.Body, "bob") {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	gatewaytest.Eventually(t, "alice's tokens are revoked", func() bool { return g.ES.LiveTokens("alice") == 0 })
}

func TestAUserWithoutRolesGetsNoSession(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	got := b.SignIn("/", "nobody")
	if got.Status != http.StatusForbidden || !strings.Contains(got.Body, "nobody") || !strings.Contains(got.Body, gatewaytest.Realm) {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	if b.Cookie("esgateway_session") != "" {
		t.Error("a session cookie was set")
	}
	gatewaytest.Eventually(t, "the pair is invalidated", func() bool { return g.ES.LiveTokens("nobody") == 0 })
}

func TestAnAnswerOfAnotherBrowserSignsNobodyInAndBurnsNothing(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	victim, attacker := g.Browser(), g.Browser()
	response, relay, err := g.IdP.Respond(attacker.Begin("/"), g.Person("bob"), idp.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	got := victim.Post(response, relay)
	if victim.Cookie("esgateway_session") != "" {
		t.Fatal("the victim is signed in as the attacker")
	}
	if got.Status != http.StatusSeeOther || !strings.Contains(got.Location, prefix+"/login") {
		t.Errorf("got %d %q, want one ordinary sign-in", got.Status, got.Location)
	}
	if got := attacker.Post(response, relay); got.Status != http.StatusSeeOther || attacker.Cookie("esgateway_session") == "" {
		t.Errorf("the rightful browser: %d %s", got.Status, got.Body)
	}
}

func TestAnUnsolicitedResponseStartsAnOrdinarySignIn(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	none := ""
	got := b.Answer(b.Begin("/"), "alice", idp.Answer{InResponseTo: &none})
	if got.Status != http.StatusSeeOther || !strings.Contains(got.Location, prefix+"/login") {
		t.Errorf("got %d %q", got.Status, got.Location)
	}
	if b.Cookie("esgateway_session") != "" || g.ES.Counters().Calls["POST /_security/saml/authenticate"] != 0 {
		t.Error("an unsolicited response was used")
	}
}

func TestAnAttemptIsGoneAfterTenMinutesAndStartsAnewOnce(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	request := b.Begin("/")
	g.Clock.Advance(10*time.Minute + time.Second)
	first := b.Answer(request, "alice", idp.Answer{})
	if first.Status != http.StatusSeeOther || !strings.Contains(first.Location, prefix+"/login") {
		t.Fatalf("got %d %q", first.Status, first.Location)
	}
	second := b.Answer(request, "alice", idp.Answer{})
	if second.Status != http.StatusBadRequest && second.Status != http.StatusForbidden || second.Header.Get("X-Gateway-Response") != "sign_in_unknown" {
		t.Errorf("the second time: %d %q", second.Status, second.Header.Get("X-Gateway-Response"))
	}
}

func TestARefusedSignInNamesTheCauseAndHasAWayOn(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.17.0", "9.5.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{Version: version})
			b := g.Browser()
			other := "urn:somebody:else"
			got := b.Answer(b.Begin("/wanted?x=1"), "alice", idp.Answer{Audience: &other})
			if got.Header.Get("X-Gateway-Response") != "sign_in_failed" || b.Cookie("esgateway_session") != "" {
				t.Fatalf("got %d %q", got.Status, got.Header.Get("X-Gateway-Response"))
			}
			if !strings.Contains(got.Body, url.QueryEscape("/wanted?x=1")) {
				t.Error("the way to try again does not lead to the wanted page")
			}
			for _, want := range []string{"<code>audience</code>", "<code>urn:somebody:else</code>", "<code>urn:test:sp</code>"} {
				if !strings.Contains(got.Body, want) {
					t.Errorf("the page has no %s:\n%s", want, got.Body)
				}
			}
			if strings.Contains(got.Body, "Conditions [") {
				t.Error("the page shows what ES said")
			}
			for _, want := range []string{`"event.reason":"audience"`, `"esgateway.saml.got":"urn:somebody:else"`} {
				if !strings.Contains(g.Log.String(), want) {
					t.Errorf("the log has no %s", want)
				}
			}
			if told := strings.Contains(g.Log.String(), `"esgateway.elasticsearch.reason":"Conditions [`); told != (version == "9.5.0") {
				t.Errorf("the log has Elasticsearch's reason: %v", told)
			}
		})
	}
}

func TestWithElasticsearchDownASignInSaysSoAndTheGatewayWorksWhenItComes(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	g.ES.SetFaults(standin.Faults{Down: true})
	b := g.Browser()
	login := b.Get("/").Location
	if page := b.Get(login); page.Status != http.StatusOK {
		t.Fatalf("the sign-in page: %d", page.Status)
	}
	u, _ := url.Parse(login)
	got := b.Get(prefix+"/login/corp?"+u.RawQuery, "Sec-Fetch-Site", "same-origin")
	if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %d, Retry-After %q", got.Status, got.Header.Get("Retry-After"))
	}
	g.ES.SetFaults(standin.Faults{})
	if got := b.SignIn("/", "alice"); got.Location != g.URL.String()+"/" {
		t.Errorf("after the outage: %d %s", got.Status, got.Body)
	}
}

func TestABrowserThatBlocksCookiesIsToldAndCreatesNoRecord(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.Jar = nil
	got := b.Get(prefix+"/login/corp?next=/", "Sec-Fetch-Site", "same-origin")
	if got.Header.Get("X-Gateway-Response") != "cookies_blocked" || !strings.Contains(got.Body, "cookie") {
		t.Errorf("got %d %q", got.Status, got.Header.Get("X-Gateway-Response"))
	}
	if n := g.ES.Counters().Calls["POST /_security/saml/prepare"]; n != 0 {
		t.Error("ES was asked to prepare a sign-in")
	}
}

func TestWhatAnotherSiteSendsStartsNoSignIn(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.Get(prefix + "/login")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "same-origin", "Sec-Purpose", "prefetch;prerender"},
	} {
		got := b.Get(prefix+"/login/corp?next=/", headers...)
		if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location, prefix+"/login?") {
			t.Errorf("%v: %d %q", headers, got.Status, got.Location)
		}
	}
	if n := g.ES.Counters().Calls["POST /_security/saml/prepare"]; n != 0 {
		t.Errorf("ES prepared %d sign-ins", n)
	}
}

func TestAThirdSignInThatDoesNotLastIsALoopAndGetsAPage(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	lost := func() gatewaytest.Reply {
		b.SignIn("/", "alice")
		b.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_session", Value: "", MaxAge: -1, Path: "/"}})
		return b.Get("/")
	}
	for i := 1; i <= 2; i++ {
		if got := lost(); got.Status != http.StatusSeeOther {
			t.Fatalf("time %d: %d", i, got.Status)
		}
		if got := b.Get("/"); got.Status != http.StatusSeeOther {
			t.Fatalf("another tab, time %d: %d", i, got.Status)
		}
	}
	got := lost()
	if got.Header.Get("X-Gateway-Response") != "sign_in_loop" || got.Location != "" {
		t.Errorf("the third time: %d %q", got.Status, got.Header.Get("X-Gateway-Response"))
	}
	if got := b.Get("/"); got.Status != http.StatusSeeOther {
		t.Errorf("the page's button: %d", got.Status)
	}
}

func TestSignInsFarApartAreNoLoop(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	for i := range 4 {
		b.SignIn("/", "alice")
		b.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_session", Value: "", MaxAge: -1, Path: "/"}})
		if got := b.Get("/"); got.Status != http.StatusSeeOther {
			t.Fatalf("time %d: %d", i, got.Status)
		}
		g.Clock.Advance(time.Minute)
	}
}

func TestASignOutIsNoLoop(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	for i := range 4 {
		b.SignIn("/", "alice")
		b.SignOut()
		if got := b.Get("/"); got.Status != http.StatusSeeOther {
			t.Fatalf("time %d: %d", i, got.Status)
		}
	}
}

// counting is a store that counts the records that are read of it.
type counting struct {
	session.Store
	read *atomic.Int64
}

func (c counting) Load(ctx context.Context, k session.Key) (session.Record, error) {
	c.read.Add(1)
	return c.Store.Load(ctx, k)
}

func TestABrowserHasAtMostFiftyOpenAttempts(t *testing.T) {
	t.Parallel()
	var read atomic.Int64
	g := gatewaytest.Start(t, gatewaytest.Options{Wrap: func(s session.Store) session.Store { return counting{s, &read} }})
	b := g.Browser()
	first := b.Begin("/first")
	login := g.URL.String() + prefix + "/login?next=/x"
	for range 49 {
		g.Clock.Advance(time.Second)
		b.Go(login)
	}
	before := read.Load()
	g.Clock.Advance(time.Second)
	last := b.Go(login)
	if read.Load()-before > 5 {
		t.Errorf("%d records were read to make room for one", read.Load()-before)
	}
	if got := b.Answer(last, "alice", idp.Answer{}); got.Location != g.URL.String()+"/x" {
		t.Errorf("the newest attempt: %d %q", got.Status, got.Location)
	}
	other := g.Browser()
	other.Jar = b.Jar
	if got := other.Answer(first, "alice", idp.Answer{}); strings.HasSuffix(got.Location, "/first") {
		t.Error("the oldest attempt is still there")
	}
}
