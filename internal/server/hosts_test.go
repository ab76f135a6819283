package server_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

// Two applications on hosts of their own, under registrable names of their own.
const hostRoutes = `
  - {host: app.one.example, to: ["{{app}}"]}
  - {host: app.two.example, to: ["{{app}}"]}
`

// hosts is a gateway for three hosts.
type hosts struct {
	*gatewaytest.Gateway
	one, two *url.URL
}

func threeHosts(t *testing.T) hosts {
	t.Helper()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: hostRoutes})
	at := func(name string) *url.URL { return &url.URL{Scheme: "http", Host: name + ":" + g.URL.Port()} }
	return hosts{Gateway: g, one: at("app.one.example"), two: at("app.two.example")}
}

// travel navigates and follows redirects as a browser does, over the sign-in page
// too, until an answer that leads nowhere or leads away from the gateway. It returns
// the addresses that it came by.
func travel(t *testing.T, b *gatewaytest.Browser, to string) (last gatewaytest.Reply, by []string) {
	t.Helper()
	for range 20 {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		by = append(by, u.Hostname()+u.Path)
		got := b.Get(to)
		switch {
		case got.Status == http.StatusSeeOther && strings.HasPrefix(got.Location, "/"):
			to = u.Scheme + "://" + u.Host + got.Location
		case got.Status == http.StatusSeeOther:
			to = got.Location
		case strings.HasSuffix(u.Path, "/login") && got.Status == http.StatusOK:
			return b.Get(prefix+"/login/"+gatewaytest.Method+"?"+u.RawQuery, "Sec-Fetch-Site", "same-origin"), by
		default:
			return got, by
		}
		if port(to) != port(b.Home()) {
			return got, by
		}
	}
	t.Fatalf("it goes on for ever: %v", by)
	return gatewaytest.Reply{}, nil
}

func port(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Port()
}

// signInAt signs a person in from a page, all the way back to it.
func signInAt(t *testing.T, b *gatewaytest.Browser, page, person string) (last gatewaytest.Reply, by []string) {
	t.Helper()
	started, _ := travel(t, b, page)
	if started.Status != http.StatusSeeOther {
		t.Fatalf("%s: no sign-in began: %d %s", page, started.Status, started.Body)
	}
	back := b.Answer(started.Location, person, idp.Answer{})
	if back.Status != http.StatusSeeOther {
		return back, nil
	}
	return travel(t, b, back.Location)
}

func isPage(t *testing.T, got gatewaytest.Reply, host *url.URL) {
	t.Helper()
	if got.Status != http.StatusOK || !strings.Contains(got.Body, "host: "+host.Host+"\n") {
		t.Errorf("not the page of %s: %d %s %.300s", host.Host, got.Status, got.Header.Get("X-Gateway-Response"), got.Body)
	}
}

func TestASignInFromAFurtherHostComesBackToIt(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	b := g.Browser()
	last, by := signInAt(t, b, g.one.String()+"/deep?q=1", "alice")
	isPage(t, last, g.one)
	if !strings.Contains(last.Body, "GET /deep?q=1\n") || len(by) != 2 || by[0] != "app.one.example"+prefix+"/enter" {
		t.Errorf("it came by %v and saw %.100s", by, last.Body)
	}
	if b.CookieAt(g.one, "esgateway_session") == b.Cookie("esgateway_session") {
		t.Error("both hosts have the same cookie")
	}
}

func TestASecondApplicationOpensWithoutTheIdentityProvider(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	b := g.Browser()
	signInAt(t, b, g.one.String()+"/", "alice")
	for _, host := range []*url.URL{g.two, g.URL} {
		last, _ := travel(t, b, host.String()+"/wanted#fragment")
		isPage(t, last, host)
	}
	if n := g.ES.Counters().Calls["POST /_security/saml/authenticate"]; n != 1 {
		t.Errorf("%d sign-ins", n)
	}
}

func TestASignOutOnOneHostIsOneOnAll(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	all := []*url.URL{g.URL, g.one, g.two}
	for _, at := range all {
		t.Run(at.Hostname(), func(t *testing.T) {
			b := g.Browser()
			signInAt(t, b, g.one.String()+"/", "alice")
			for _, host := range all {
				last, _ := travel(t, b, host.String()+"/")
				isPage(t, last, host)
			}
			gone := b.Request(http.MethodPost, at.String()+prefix+"/logout", "x=", "Sec-Fetch-Site", "same-origin")
			last, by := travel(t, b, onHost(at, gone.Location))
			if !strings.Contains(strings.Join(by, " ")+last.Location, "/slo") { // the identity provider hears of it too
				t.Errorf("the sign-out came by %v to %d %s", by, last.Status, last.Location)
			}
			for range 2 { // also after a reload
				for _, host := range all {
					if got, by := travel(t, b, host.String()+"/"); got.Status != http.StatusSeeOther || port(got.Location) == g.URL.Port() {
						t.Errorf("%s asks for no sign-in: %d by %v", host, got.Status, by)
					}
					if got := b.API(http.MethodGet, host.String()+"/", ""); got.Status != http.StatusUnauthorized {
						t.Errorf("%s answers a script with %d", host, got.Status)
					}
				}
			}
		})
	}
	if n := g.ES.LiveTokens("alice"); n != 0 {
		t.Errorf("%d tokens live on", n)
	}
}

func onHost(at *url.URL, location string) string {
	if strings.HasPrefix(location, "/") {
		return at.Scheme + "://" + at.Host + location
	}
	return location
}

// ticket signs alice in from the first application and stops before its /enter.
func ticket(t *testing.T, g hosts, b *gatewaytest.Browser, person string) string {
	t.Helper()
	started, _ := travel(t, b, g.one.String()+"/wanted")
	back := b.Answer(started.Location, person, idp.Answer{})
	if !strings.HasPrefix(back.Location, g.one.String()+prefix+"/enter?") {
		t.Fatalf("no ticket: %d %s", back.Status, back.Location)
	}
	g.Secret(mustParse(t, back.Location).Query().Get("ticket"))
	return back.Location
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestATicketIsForOneBrowserOnce(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	refused := func(t *testing.T, b *gatewaytest.Browser, ticket string) {
		t.Helper()
		if got := b.Get(ticket); strings.Contains(strings.Join(got.Header.Values("Set-Cookie"), ""), "esgateway_session") {
			t.Errorf("it gave a session: %d %s", got.Status, got.Location)
		}
		if got := b.API(http.MethodGet, g.one.String()+"/", ""); got.Status != http.StatusUnauthorized {
			t.Errorf("afterwards the browser is signed in: %d", got.Status)
		}
	}
	t.Run("stolen, by a browser without a key", func(t *testing.T) { refused(t, g.Browser(), ticket(t, g, g.Browser(), "alice")) })
	t.Run("stolen, by a browser with another key", func(t *testing.T) {
		thief := g.Browser()
		thief.Get(g.one.String() + "/")
		refused(t, thief, ticket(t, g, g.Browser(), "alice"))
	})
	t.Run("given to a victim who has a session, it changes nothing", func(t *testing.T) {
		victim := g.Browser()
		signInAt(t, victim, g.one.String()+"/", "alice")
		got, _ := travel(t, victim, ticket(t, g, g.Browser(), "bob"))
		isPage(t, got, g.one)
		if page := victim.Get(g.one.String() + prefix + "/session"); !strings.Contains(page.Body, "Alice Analyst") {
			t.Errorf("the victim is somebody else now: %.200s", page.Body)
		}
	})
	t.Run("used twice", func(t *testing.T) {
		b := g.Browser()
		to := ticket(t, g, b, "alice")
		if got := b.Get(to); got.Location != g.one.String()+"/wanted" {
			t.Fatalf("%d %s", got.Status, got.Location)
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Jar.Cookies(g.one) { // the same key, without the session
			if c.Name != "esgateway_session" {
				jar.SetCookies(g.one, []*http.Cookie{c})
			}
		}
		again := g.Browser()
		again.Jar = jar
		refused(t, again, to)
	})
	t.Run("burned by a wrong try", func(t *testing.T) {
		b := g.Browser()
		to := ticket(t, g, b, "alice")
		g.Browser().Get(to)
		last, _ := travel(t, b, to) // the public host gives another one
		isPage(t, last, g.one)
	})
	t.Run("too old", func(t *testing.T) {
		b := g.Browser()
		to := ticket(t, g, b, "alice")
		g.Clock.Advance(31 * time.Second)
		refused(t, b, to)
		last, _ := travel(t, b, g.one.String()+"/")
		isPage(t, last, g.one)
	})
	t.Run("on another host", func(t *testing.T) {
		b := g.Browser()
		to := ticket(t, g, b, "alice")
		got := b.Get(strings.Replace(to, g.one.Host, g.two.Host, 1))
		if strings.Contains(strings.Join(got.Header.Values("Set-Cookie"), ""), "esgateway_session") {
			t.Errorf("%d %s", got.Status, got.Location)
		}
	})
	t.Run("of a session that has ended", func(t *testing.T) {
		b := g.Browser()
		to := ticket(t, g, b, "alice")
		b.SignOut()
		refused(t, b, to)
	})
}

// A sign-out's ticket of somebody else signs nobody out.
func TestASignOutTicketEndsOnlyItsOwnBrowsersSessions(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	attacker, victim := g.Browser(), g.Browser()
	signInAt(t, attacker, g.one.String()+"/", "bob")
	signInAt(t, victim, g.one.String()+"/", "alice")
	left := attacker.Request(http.MethodPost, g.one.String()+prefix+"/logout", "x=", "Sec-Fetch-Site", "same-origin")
	if !strings.HasPrefix(left.Location, g.URL.String()+prefix+"/logout?ticket=") {
		t.Fatalf("%d %s", left.Status, left.Location)
	}
	victim.Get(left.Location)
	for _, page := range []string{g.one.String() + "/", g.URL.String() + "/"} {
		if got := victim.API(http.MethodGet, page, ""); got.Status != http.StatusOK {
			t.Errorf("the victim is signed out: %d", got.Status)
		}
	}
}

// Ten tabs open together, before the browser has any cookie: each is answered with a
// key, and the last one stays.
func TestTenFirstTabsAllArrive(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	b := g.Browser()
	signInAt(t, b, g.URL.String()+"/", "alice")
	challenges := make([]string, 10)
	for i := range challenges {
		fresh := g.Browser() // what a tab sends that has no cookie yet
		got := fresh.Get(g.one.String() + "/")
		challenges[i] = got.Location
		b.Jar.SetCookies(g.one, (&http.Response{Header: got.Header}).Cookies())
	}
	var all sync.WaitGroup
	for _, to := range challenges {
		all.Go(func() {
			last, by := travel(t, b, to)
			isPage(t, last, g.one)
			if len(by) > 6 {
				t.Errorf("it took %v", by)
			}
		})
	}
	all.Wait()
}

// A page on a further host polls while nine tabs sign in anew: the old session leads
// to the new one, so no poll is refused.
func TestAPollingPageSeesNo401WhileTabsArrive(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	b := g.Browser()
	signInAt(t, b, g.one.String()+"/", "alice")
	stop := make(chan struct{})
	var polling, tabs sync.WaitGroup
	polling.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if got := b.API(http.MethodGet, g.one.String()+"/poll", ""); got.Status != http.StatusOK {
					t.Errorf("a poll got %d", got.Status)
				}
			}
		}
	})
	for range 9 {
		tabs.Go(func() {
			started := b.Go(g.URL.String() + prefix + "/login?again=1&next=" + url.QueryEscape(g.two.String()+"/"))
			back := b.Answer(started, "alice", idp.Answer{})
			last, _ := travel(t, b, back.Location)
			isPage(t, last, g.two)
		})
	}
	tabs.Wait()
	close(stop)
	polling.Wait()
}

func TestBlockedAndShadowedCookiesEndOnAPageThatNamesTheCause(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	for name, tc := range map[string]struct {
		spoil func(b *gatewaytest.Browser)
		kind  string
	}{
		"no cookie of the host comes back": {func(b *gatewaytest.Browser) { b.Jar = &deaf{CookieJar: b.Jar, host: g.one.Hostname()} }, "cookies_blocked"},
		"the application has put a cookie in front of the key": {func(b *gatewaytest.Browser) {
			b.Jar.SetCookies(g.one.JoinPath("/x"), []*http.Cookie{{Name: "esgateway_browser", Value: "mine", Path: prefix}})
		}, "cookies_blocked"},
		"the application has put a cookie in front of the session": {func(b *gatewaytest.Browser) {
			b.Jar.SetCookies(g.one.JoinPath("/x"), []*http.Cookie{{Name: "esgateway_session", Value: "mine", Path: "/wanted"}})
		}, "two_sessions"},
	} {
		t.Run(name, func(t *testing.T) {
			b := g.Browser()
			tc.spoil(b)
			last, by := signInAt(t, b, g.one.String()+"/wanted/page", "alice")
			if got := last.Header.Get("X-Gateway-Response"); got != tc.kind || last.Status == http.StatusSeeOther {
				t.Errorf("got %d %s by %v", last.Status, got, by)
			}
		})
	}
}

// deaf is a jar that sends nothing to a host.
type deaf struct {
	http.CookieJar
	host string
}

func (d *deaf) Cookies(u *url.URL) []*http.Cookie {
	if u.Hostname() == d.host {
		return nil
	}
	return d.CookieJar.Cookies(u)
}

func TestHostsWithDifferentKeysEndOnAPage(t *testing.T) {
	t.Parallel()
	g, other := threeHosts(t), threeHosts(t)
	b, stranger := g.Browser(), other.Browser()
	signInAt(t, b, g.URL.String()+"/", "alice")
	u := mustParse(t, stranger.Get(other.one.String()+"/").Location) // a challenge under other keys
	q := u.Query()
	q.Set("next", g.one.String()+"/")
	got := b.Get(g.URL.String() + prefix + "/login?" + q.Encode())
	if got.Status == http.StatusSeeOther || got.Header.Get("X-Gateway-Response") != "sign_in_loop" || !strings.Contains(got.Body, "keys_file") {
		t.Errorf("%d %s %s", got.Status, got.Header.Get("X-Gateway-Response"), got.Location)
	}
}

// A ticket that never fits (here: the key on the host changes all the time) ends on a
// page after a few tries.
func TestATicketThatNeverFitsIsNoLoop(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	b := g.Browser()
	signInAt(t, b, g.URL.String()+"/", "alice")
	b.Jar = &fickle{CookieJar: b.Jar, host: g.one, fresh: func() []*http.Cookie {
		return (&http.Response{Header: g.Browser().Get(g.one.String() + "/").Header}).Cookies()
	}}
	last, by := travel(t, b, g.one.String()+"/")
	if last.Header.Get("X-Gateway-Response") != "sign_in_loop" {
		t.Errorf("%d by %v", last.Status, by)
	}
}

// fickle sends another key to the host each time.
type fickle struct {
	http.CookieJar
	host  *url.URL
	fresh func() []*http.Cookie
}

func (f *fickle) Cookies(u *url.URL) []*http.Cookie {
	if u.Hostname() == f.host.Hostname() {
		return f.fresh()
	}
	return f.CookieJar.Cookies(u)
}

// A session that does not last on a further host is a loop there.
func TestALoopOnAFurtherHostEndsOnAPage(t *testing.T) {
	t.Parallel()
	g := threeHosts(t)
	b := g.Browser()
	signInAt(t, b, g.URL.String()+"/", "alice")
	b.Jar = &forgetful{CookieJar: b.Jar, host: g.one.Hostname()}
	last, by := travel(t, b, g.one.String()+"/")
	if last.Header.Get("X-Gateway-Response") != "sign_in_loop" {
		t.Errorf("%d by %v", last.Status, by)
	}
}

// forgetful sends everything but the session of a host.
type forgetful struct {
	http.CookieJar
	host string
}

func (f *forgetful) Cookies(u *url.URL) []*http.Cookie {
	all := f.CookieJar.Cookies(u)
	if u.Hostname() != f.host {
		return all
	}
	var kept []*http.Cookie
	for _, c := range all {
		if c.Name != "esgateway_session" {
			kept = append(kept, c)
		}
	}
	return kept
}

// A plain localhost can have several applications too.
func TestFurtherHostsOnPlainLocalhost(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: "\n  - {host: app2.localhost, to: [\"{{app}}\"]}\n"})
	app2 := &url.URL{Scheme: "http", Host: "app2.localhost:" + g.URL.Port()}
	b := g.Browser()
	last, _ := signInAt(t, b, app2.String()+"/", "alice")
	isPage(t, last, app2)
}
