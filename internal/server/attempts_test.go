package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

func TestTenTabsSignInTogetherAndEachLandsOnItsOwnPage(t *testing.T) {
	t.Parallel()
	for _, order := range []struct {
		name string
		next func(i int) int
	}{
		{"in the order they began", func(i int) int { return i }},
		{"in the reverse order", func(i int) int { return 9 - i }},
		{"mixed", func(i int) int { return i * 7 % 10 }},
	} {
		t.Run(order.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{})
			b := g.Browser()
			var requests []string
			for i := range 10 {
				requests = append(requests, b.Begin(fmt.Sprintf("/tab/%d?x=%d", i, i)))
			}
			first := b.Cookie("esgateway_session")
			for i := range 10 {
				tab := order.next(i)
				got := b.Answer(requests[tab], "alice", idp.Answer{})
				if want := fmt.Sprintf("%s/tab/%d?x=%d", g.URL, tab, tab); got.Status != http.StatusSeeOther || got.Location != want {
					t.Errorf("tab %d: %d %q, want %q", tab, got.Status, got.Location, want)
				}
				if page := b.Get(got.Location); page.Status != http.StatusOK {
					t.Errorf("tab %d: the page: %d", tab, page.Status)
				}
			}
			if b.Cookie("esgateway_session") == first {
				t.Error("no session")
			}
			gatewaytest.Eventually(t, "one pair is left", func() bool { return g.ES.LiveTokens("alice") == 1 })
		})
	}
}

func TestFiftyPostsOfOneAnswerGiveOneSession(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	response, relay, err := g.IdP.Respond(b.Begin("/wanted"), g.Person("alice"), idp.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	key := b.Cookie("esgateway_browser")
	replies, cookies := make([]gatewaytest.Reply, 50), make([]string, 50)
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() {
			tab := g.Browser() // of the same browser: its key is all that a cross-site post brings
			tab.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_browser", Value: key, Path: "/"}})
			replies[i] = tab.Post(response, relay)
			cookies[i] = tab.Cookie("esgateway_session")
		})
	}
	all.Wait()
	if n := g.ES.Counters().Calls["POST /_security/saml/authenticate"]; n != 1 {
		t.Errorf("ES was asked %d times, want once", n)
	}
	if n := g.ES.LiveTokens("alice"); n != 1 {
		t.Errorf("%d pairs live, want one", n)
	}
	for i, got := range replies {
		if got.Status != http.StatusSeeOther || got.Location != g.URL.String()+"/wanted" {
			t.Errorf("post %d: %d %q", i, got.Status, got.Location)
		}
		tab := g.Browser()
		tab.Jar.SetCookies(g.URL, []*http.Cookie{{Name: "esgateway_session", Value: cookies[i], Path: "/"}})
		if page := tab.Get("/wanted"); page.Status != http.StatusOK {
			t.Errorf("post %d: its cookie is worth %d", i, page.Status)
		}
	}
	stranger := g.Browser()
	stranger.Begin("/") // a browser with a key of its own
	got := stranger.Post(response, relay)
	if got.Status != http.StatusSeeOther || !strings.Contains(got.Location, prefix+"/login") || stranger.Cookie("esgateway_session") != "" {
		t.Errorf("another browser: %d %q", got.Status, got.Location)
	}
}

// TestAnAnswerWhoseAttemptIsGone: what becomes of an answer that comes too late, twice,
// or to the wrong browser.
func TestAnAnswerWhoseAttemptIsGone(t *testing.T) {
	t.Parallel()
	type scene struct {
		g        *gatewaytest.Gateway
		b        *gatewaytest.Browser
		response string
	}
	signedIn := func(s *scene) { s.b.Post(s.response, "") }
	for _, tc := range []struct {
		name    string
		before  func(s *scene)
		headers []string // of a caller that is no navigation
		want    string   // where it leads, or the kind of the answer
		live    bool     // a session lives and stays
	}{
		{name: "used a moment ago", before: signedIn, want: "/wanted", live: true},
		{name: "used long ago, and the session lives", before: func(s *scene) { signedIn(s); s.g.Clock.Advance(5 * time.Minute) }, want: prefix + "/session", live: true},
		{name: "used a moment ago, and signed out since", before: func(s *scene) { signedIn(s); s.b.SignOut() }, want: "/wanted"},
		{name: "used long ago, and signed out since", before: func(s *scene) {
			signedIn(s)
			s.b.SignOut()
			s.g.Clock.Advance(5 * time.Minute)
		}, want: prefix + "/login"},
		{name: "too old", before: func(s *scene) { s.g.Clock.Advance(11 * time.Minute) }, want: prefix + "/login"},
		{name: "too old, for a script", before: func(s *scene) { s.g.Clock.Advance(11 * time.Minute) }, headers: []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, want: "sign_in_unknown"},
		{name: "the cookie is lost", before: func(s *scene) { s.b = s.g.Browser() }, want: prefix + "/login"},
		{name: "of another browser, which is signed in as somebody", before: func(s *scene) {
			s.b = s.g.Browser()
			s.b.SignIn("/", "bob")
		}, want: prefix + "/session", live: true},
		{name: "burned by an outage", before: func(s *scene) {
			s.g.ES.SetFaults(standin.Faults{Status: http.StatusServiceUnavailable})
			if got := s.b.Post(s.response, ""); got.Status != http.StatusServiceUnavailable {
				t.Errorf("in the outage: %d", got.Status)
			}
			s.g.ES.SetFaults(standin.Faults{})
		}, want: prefix + "/login"},
		{name: "refused before", before: func(s *scene) {
			nobody := "urn:nobody"
			response, _, err := s.g.IdP.Respond(s.b.Begin("/other"), s.g.Person("alice"), idp.Answer{Audience: &nobody})
			if err != nil {
				t.Error(err)
			}
			s.response = response
			s.b.Post(response, "")
		}, want: "sign_in_unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{})
			s := &scene{g: g, b: g.Browser()}
			response, _, err := g.IdP.Respond(s.b.Begin("/wanted"), g.Person("alice"), idp.Answer{})
			if err != nil {
				t.Fatal(err)
			}
			s.response = response
			tc.before(s)
			asked := g.ES.Counters().Calls["POST /_security/saml/authenticate"]
			cookie := s.b.Cookie("esgateway_session")
			got := s.b.PostTo(prefix+"/saml/corp/acs", url.Values{"SAMLResponse": {s.response}}, tc.headers...)
			if !strings.HasPrefix(strings.TrimPrefix(got.Location, g.URL.String()), tc.want) && got.Header.Get("X-Gateway-Response") != tc.want || got.Location == "" && !strings.HasPrefix(tc.want, "sign_in") {
				t.Errorf("got %d %q %q, want %q", got.Status, got.Location, got.Header.Get("X-Gateway-Response"), tc.want)
			}
			if n := g.ES.Counters().Calls["POST /_security/saml/authenticate"]; n != asked {
				t.Error("ES was asked again")
			}
			if tc.live && (s.b.Cookie("esgateway_session") == "" || s.b.Get("/").Status != http.StatusOK) {
				t.Error("the live session is gone")
			}
			if !tc.live && s.b.Cookie("esgateway_session") != cookie {
				t.Error("a session came of it")
			}
		})
	}
}

func TestASignInRestartsByItselfOnce(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	stale := b.Begin("/wanted")
	g.Clock.Advance(11 * time.Minute)
	first := b.Answer(stale, "alice", idp.Answer{})
	if !strings.Contains(first.Location, prefix+"/login") || !strings.Contains(first.Location, "method=corp") {
		t.Fatalf("the first: %d %q", first.Status, first.Location)
	}
	if second := b.Answer(stale, "alice", idp.Answer{}); second.Header.Get("X-Gateway-Response") != "sign_in_unknown" {
		t.Fatalf("the second: %d %q", second.Status, second.Location)
	}
	// The one that was started anew works, and a later one may restart again.
	if got := b.Answer(b.Go(g.URL.String()+first.Location), "alice", idp.Answer{}); b.Get("/").Status != http.StatusOK {
		t.Fatalf("the restarted sign-in: %d %s", got.Status, got.Body)
	}
	b.SignOut()
	if third := b.Answer(stale, "alice", idp.Answer{}); !strings.Contains(third.Location, prefix+"/login") {
		t.Errorf("after a sign-in that worked: %d %q", third.Status, third.Location)
	}
}

func TestOnPlainHTTPAFormFromAnotherSiteGoesByAPageOfOurs(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	response, _, err := g.IdP.Respond(b.Begin("/wanted"), g.Person("alice"), idp.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	lax := g.Browser() // what a browser does with Lax cookies on a cross-site post
	form := url.Values{"SAMLResponse": {response}, "RelayState": {`"><script>`}}
	page := lax.Request(http.MethodPost, prefix+"/saml/corp/acs", form.Encode(), "Sec-Fetch-Site", "cross-site")
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "data-bounce") || strings.Contains(page.Body, `"><script>`) {
		t.Fatalf("got %d %s", page.Status, page.Body)
	}
	form.Set("esgateway_bounced", "1")
	got := b.Request(http.MethodPost, prefix+"/saml/corp/acs", form.Encode(), "Sec-Fetch-Site", "same-origin")
	if got.Location != g.URL.String()+"/wanted" {
		t.Errorf("after the page: %d %q", got.Status, got.Location)
	}
	again := g.Browser().Request(http.MethodPost, prefix+"/saml/corp/acs", form.Encode(), "Sec-Fetch-Site", "same-origin")
	if strings.Contains(again.Body, "data-bounce") {
		t.Error("a form goes by the page twice")
	}
}
