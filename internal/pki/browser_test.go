package pki_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
)

const theMethod = prefix + "/login/services"

// shows are the headers of a load balancer for a client with that certificate; nil is
// one that was asked and has sent none.
func shows(c *x509.Certificate) []string {
	if c == nil {
		return []string{"X-Ssl-Client-Verify", "NONE"}
	}
	return []string{"X-Ssl-Client-Verify", "SUCCESS", "X-Ssl-Client-Cert", escaped(c)}
}

// opens navigates to a page and goes on as a browser does, over the sign-in page where
// that goes on by itself, with that certificate on the public host alone.
func (f *front) opens(t *testing.T, b *gatewaytest.Browser, page string, c *x509.Certificate) gatewaytest.Reply {
	t.Helper()
	at, headers := page, shows(c)
	for range 12 {
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		var sent []string
		if !u.IsAbs() || u.Host == f.URL.Host {
			sent = headers
		}
		got := b.Get(at, sent...)
		switch {
		case got.Status == http.StatusOK && strings.HasPrefix(u.Path, prefix+"/login") && strings.Contains(got.Body, "data-auto"):
			at = theMethod + "?" + u.RawQuery
			headers = append(shows(c), "Sec-Fetch-Site", "same-origin")
			continue
		case got.Status != http.StatusSeeOther:
			return got
		case strings.HasPrefix(got.Location, "/") && u.IsAbs():
			at = u.Scheme + "://" + u.Host + got.Location
		default:
			at = got.Location
		}
	}
	t.Fatal("it goes on for ever")
	return gatewaytest.Reply{}
}

// signedIn is a browser with a session of that certificate.
func (f *front) signedIn(t *testing.T, c *x509.Certificate) *gatewaytest.Browser {
	t.Helper()
	b := f.Browser()
	if got := b.Get(prefix+"/login?next=/", shows(c)...); got.Status != http.StatusOK {
		t.Fatalf("the sign-in page: %d %s", got.Status, got.Body)
	}
	if got := b.Request(http.MethodPost, theMethod, "next=/", append(shows(c), "Sec-Fetch-Site", "same-origin")...); got.Status != http.StatusSeeOther {
		t.Fatalf("the button: %d %s", got.Status, got.Body)
	}
	if got := b.Get("/", shows(c)...); got.Status != http.StatusOK || !strings.Contains(got.Body, "Authorization: Bearer ") {
		t.Fatalf("signed in: %d %s", got.Status, got.Body)
	}
	return b
}

// only leaves the method of people out of the way: a browser has nothing but its
// certificate to go on with.
const only = "&method=services"

func TestABrowserWithACertificateIsSignedInOnTheWay(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", title: Smart card", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.Browser()
	page := b.Get(prefix+"/login?next=/reports", shows(robot)...)
	if page.Status != http.StatusOK || strings.Contains(page.Body, "data-auto") || !strings.Contains(page.Body, "Smart card as robot") || !strings.Contains(page.Body, `data-method="corp"`) {
		t.Errorf("beside another way: %d %s", page.Status, page.Body)
	}
	got := f.opens(t, b, prefix+"/login?next=/reports"+only, robot)
	if got.Status != http.StatusOK || !strings.Contains(got.Body, "GET /reports\n") || !strings.Contains(got.Body, "Authorization: Bearer ") {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	if who := b.Get(prefix+"/session", append(shows(robot), "Accept", "application/json", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin")...); !strings.Contains(who.Body, `"user":"robot"`) || !strings.Contains(who.Body, `"realm":"pki1"`) || !strings.Contains(who.Body, robot.NotAfter.UTC().Format(time.RFC3339)) {
		t.Errorf("the session until its certificate's end: %s", who.Body)
	}
	if got := b.API(http.MethodGet, "/script", "", shows(robot)...); got.Status != http.StatusOK {
		t.Errorf("a script of its page: %d", got.Status)
	}
	if f.delegations() != 1 {
		t.Errorf("%d delegations", f.delegations())
	}
}

// TestNothingBeginsASessionBehindAPersonsBack: neither another site nor a program, and
// nothing that is fetched ahead.
func TestNothingBeginsASessionBehindAPersonsBack(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", title: Smart card", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.Browser()
	page := b.Get(prefix+"/login?next=/"+only, append(shows(robot), "Sec-Fetch-Site", "cross-site")...)
	if page.Status != http.StatusOK || strings.Contains(page.Body, "data-auto") || strings.Count(page.Body, "data-method=") != 1 || !strings.Contains(page.Body, "Continue with Smart card as robot") {
		t.Errorf("from another site there must be a button with the name: %d %s", page.Status, page.Body)
	}
	for name, headers := range map[string][]string{
		"another site":                       {"Sec-Fetch-Site", "cross-site"},
		"a sibling host":                     {"Sec-Fetch-Site", "same-site"},
		"a browser that does not say":        {"Sec-Fetch-Site", ""},
		"a browser that fetches it in ahead": {"Sec-Fetch-Site", "same-origin", "Sec-Purpose", "prefetch"},
	} {
		got := b.Get(theMethod+"?next=/", append(shows(robot), headers...)...)
		if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location, prefix+"/login?") {
			t.Errorf("%s: %d %q", name, got.Status, got.Location)
		}
	}
	if got := b.Request(http.MethodPost, theMethod, "next=/", append(shows(robot), "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")...); got.Status != http.StatusSeeOther || b.Cookie("esgateway_session") != "" {
		t.Errorf("a form of another site: %d", got.Status)
	}
	if got := b.API(http.MethodPost, theMethod, "{}", shows(robot)...); got.Status != http.StatusBadRequest || b.Cookie("esgateway_session") != "" {
		t.Errorf("a script: %d %s", got.Status, got.Body)
	}
	if f.delegations() != 0 {
		t.Errorf("%d delegations", f.delegations())
	}
}

func TestWithoutACertificateThatCountsThePageSaysWhy(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", title: Smart card, crl: '{{crl}}'", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	page := prefix + "/login?next=/" + only
	if got := f.Browser().Get(page, shows(nil)...); !strings.Contains(got.Body, "has shown no client certificate. Put in your smart card") || strings.Contains(got.Body, "data-method=") || strings.Contains(got.Body, "no way to sign in") {
		t.Errorf("with none: %s", got.Body)
	}
	f.revoke(t, robot)
	if got := f.Browser().Get(page, shows(robot)...); !strings.Contains(got.Body, "Your client certificate was revoked. Tell your administrator, or show another") || strings.Contains(got.Body, "data-method=") || strings.Contains(got.Body, "no way to sign in") {
		t.Errorf("with a revoked one: %s", got.Body)
	}
	if got := f.Browser().Get(prefix+"/login?next=/", shows(robot)...); !strings.Contains(got.Body, "Your client certificate was revoked.") || !strings.Contains(got.Body, `data-method="corp"`) || strings.Contains(got.Body, "data-auto") {
		t.Errorf("beside another way, which would go on before anybody has read it: %s", got.Body)
	}
	nobody := f.ca.client(t, "nobody", f.Clock.Now())
	b := f.Browser()
	b.Get(page, shows(nobody)...)
	if got := b.Request(http.MethodPost, theMethod, "next=/", append(shows(nobody), "Sec-Fetch-Site", "same-origin")...); got.Status != http.StatusForbidden || b.Cookie("esgateway_session") != "" {
		t.Errorf("somebody without roles: %d %s", got.Status, got.Body)
	}
}

// TestASignInThatIsRefusedIsOne: counted and written down as such, with the way back.
func TestASignInThatIsRefusedIsOne(t *testing.T) {
	t.Parallel()
	for cause, meanwhile := range map[string]func(f *front, c *x509.Certificate) *x509.Certificate{
		"certificate_revoked": func(f *front, c *x509.Certificate) *x509.Certificate {
			f.revoke(t, c)
			return c
		},
		"certificate_none": func(*front, *x509.Certificate) *x509.Certificate { return nil },
	} {
		t.Run(cause, func(t *testing.T) {
			t.Parallel()
			f := behindFront(t, ", crl: '{{crl}}'", trustLoopback)
			robot := f.ca.client(t, "robot", f.Clock.Now())
			b := f.Browser()
			b.Get(prefix+"/login?next=/reports", shows(robot)...)
			shown := meanwhile(f, robot)
			got := b.Request(http.MethodPost, theMethod, "next=/reports", append(shows(shown), "Sec-Fetch-Site", "same-origin")...)
			if got.Status != http.StatusUnauthorized || got.Header.Get("X-Gateway-Response") != "sign_in_failed" || !strings.Contains(got.Body, "%2Freports") {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			scrape := httptest.NewRecorder()
			f.Metrics.Handler().ServeHTTP(scrape, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
			for _, line := range []string{`sign_ins_total{method="services",outcome="refused"} 1`, `sign_in_refusals_total{cause="` + cause + `",method="services"} 1`} {
				if !strings.Contains(scrape.Body.String(), line) {
					t.Errorf("no %s", line)
				}
			}
		})
	}
}

func TestAMethodForProgramsAloneIsOfferedToNoBrowser(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", browsers: false", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.Browser()
	if got := b.Get(prefix+"/login?next=/", shows(robot)...); strings.Contains(got.Body, `data-method="services"`) {
		t.Errorf("offered: %s", got.Body)
	}
	if got := b.Request(http.MethodPost, theMethod, "next=/", append(shows(robot), "Sec-Fetch-Site", "same-origin")...); got.Status != http.StatusNotFound || f.delegations() != 0 {
		t.Errorf("asked for all the same: %d", got.Status)
	}
	if got := f.ask(robot, "/"); got.Status != http.StatusOK {
		t.Errorf("a program: %d", got.Status)
	}
}

// TestASessionIsBoundToItsCertificate, as far as somebody was asked for it and has said
// something.
func TestASessionIsBoundToItsCertificate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		headers func(f *front, own *x509.Certificate) []string
		path    string
		ends    string // how, if it does
	}{
		"the same":                       {headers: func(_ *front, own *x509.Certificate) []string { return shows(own) }},
		"another":                        {headers: func(f *front, _ *x509.Certificate) []string { return shows(f.ca.client(t, "drone", f.Clock.Now())) }, ends: "certificate_changed"},
		"a renewed one":                  {headers: func(f *front, _ *x509.Certificate) []string { return shows(f.ca.client(t, "robot", f.Clock.Now())) }, ends: "certificate_changed"},
		"none, said so":                  {headers: func(*front, *x509.Certificate) []string { return shows(nil) }, ends: "certificate_gone"},
		"none, said so, at a page of us": {headers: func(*front, *x509.Certificate) []string { return shows(nil) }, path: prefix + "/session", ends: "certificate_gone"},
		"no header at all":               {headers: func(*front, *x509.Certificate) []string { return nil }},
		"a header that is broken": {headers: func(*front, *x509.Certificate) []string {
			return []string{"X-Ssl-Client-Verify", "SUCCESS", "X-Ssl-Client-Cert", "%%"}
		}},
		"headers that contradict": {headers: func(_ *front, own *x509.Certificate) []string {
			return append(shows(own), "X-Ssl-Client-Verify", "NONE")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := behindFront(t, "", trustLoopback)
			robot := f.ca.client(t, "robot", f.Clock.Now())
			b := f.signedIn(t, robot)
			path := tc.path
			if path == "" {
				path = "/again"
			}
			got := b.Get(path, tc.headers(f, robot)...)
			if tc.ends == "" {
				if got.Status != http.StatusOK {
					t.Errorf("got %d %s", got.Status, got.Body)
				}
				return
			}
			if got.Status != http.StatusSeeOther || !strings.Contains(got.Location, prefix+"/login") {
				t.Errorf("got %d %q", got.Status, got.Location)
			}
			if again := b.Get("/again", shows(robot)...); again.Status != http.StatusSeeOther {
				t.Errorf("with its own certificate again: %d, and the session was to be over", again.Status)
			}
			gatewaytest.Eventually(t, "its token is revoked", func() bool { return f.ES.LiveTokens("robot") == 0 })
			if !strings.Contains(f.Log.String(), `"event.reason":"`+tc.ends+`"`) && !strings.Contains(f.Log.String(), `"reason":"`+tc.ends+`"`) {
				t.Errorf("nobody has written down %s:\n%s", tc.ends, f.Log.String())
			}
		})
	}
}

// TestWhatTheLoadBalancerDidNotVerifyIsRefused, and the session kept: with verified_by:
// front nobody else knows of a revocation.
func TestWhatTheLoadBalancerDidNotVerifyIsRefused(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.signedIn(t, robot)
	failed := []string{"X-Ssl-Client-Verify", "FAILED:certificate revoked", "X-Ssl-Client-Cert", escaped(robot)}
	if got := b.API(http.MethodGet, "/", "", failed...); got.Status != http.StatusUnauthorized || !strings.Contains(got.Body, "certificate_header") {
		t.Errorf("a script: %d %s", got.Status, got.Body)
	}
	if got := f.opens(t, b, "/", robot); got.Status != http.StatusOK {
		t.Errorf("the session is over: %d", got.Status)
	}
	if got := b.Get("/", failed...); got.Status != http.StatusSeeOther || !strings.Contains(got.Location, "again=1") {
		t.Errorf("a page: %d %q", got.Status, got.Location)
	}
}

// TestASessionIsBoundWhicheverWayACertificateComes: where people come by two load
// balancers, the other one's word on another certificate counts as well.
func TestASessionIsBoundWhicheverWayACertificateComes(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "}\n  - {name: cards, type: pki, from: header, format: rfc9440, ca: '{{clients}}'", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	shown := func(c *x509.Certificate) []string {
		return []string{"Client-Cert", ":" + base64.StdEncoding.EncodeToString(c.Raw) + ":"}
	}
	b := f.signedIn(t, robot)
	if got := b.Get("/", shown(robot)...); got.Status != http.StatusOK {
		t.Errorf("the same by the other way: %d", got.Status)
	}
	if got := b.Get("/", shown(f.ca.client(t, "drone", f.Clock.Now()))...); got.Status != http.StatusSeeOther || !strings.Contains(f.Log.String(), "certificate_changed") {
		t.Errorf("another by the other way: %d", got.Status)
	}
}

// TestARequestThatWasBrokenOffEndsNoSession, whatever it showed.
func TestARequestThatWasBrokenOffEndsNoSession(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.signedIn(t, robot)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	left := func() { leave() } // as soon as its session was found
	f.store.read.Store(&left)
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, f.URL.String()+"/", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("X-Ssl-Client-Verify", "NONE")
	for _, c := range b.Jar.Cookies(f.URL) {
		r.AddCookie(c)
	}
	f.Handler.ServeHTTP(httptest.NewRecorder(), r)
	f.store.read.Store(nil)
	if ctx.Err() == nil {
		t.Fatal("no session was looked for")
	}
	if got := b.Get("/", shows(robot)...); got.Status != http.StatusOK {
		t.Errorf("the session is over: %d", got.Status)
	}
}

// TestACertificateOnOneHostAndAnApplicationOnAnother: nobody was asked for it there. The
// session goes on over many tokens, and ends with its certificate all the same.
func TestACertificateOnOneHostAndAnApplicationOnAnother(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", crl: '{{crl}}'", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.signedIn(t, robot)
	one := "http://app.one.example:" + f.URL.Port()
	if got := f.opens(t, b, one+"/deep", robot); got.Status != http.StatusOK || !strings.Contains(got.Body, "GET /deep\n") {
		t.Fatalf("the application: %d %s", got.Status, got.Body)
	}
	drone := f.ca.client(t, "drone", f.Clock.Now())
	for name, headers := range map[string][]string{"none": shows(nil), "another": shows(drone), "nothing": nil} {
		if got := b.Get(one+"/", headers...); got.Status != http.StatusOK {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	tokens := map[string]bool{}
	for range 3 {
		got := b.Get(one + "/")
		_, bearer, _ := strings.Cut(got.Body, "Authorization: Bearer ")
		bearer, _, _ = strings.Cut(bearer, "\r\n")
		if got.Status != http.StatusOK || bearer == "" {
			t.Fatalf("later: %d %s", got.Status, got.Body)
		}
		tokens[bearer] = true
		f.Clock.Advance(21 * time.Minute) // a token lives for 20
	}
	if len(tokens) != 3 || f.delegations() != 3 {
		t.Errorf("%d tokens by %d delegations", len(tokens), f.delegations())
	}
	f.revoke(t, robot)
	if got := b.Get(one + "/"); got.Status != http.StatusSeeOther {
		t.Errorf("with a revoked certificate: %d", got.Status)
	}
	gatewaytest.Eventually(t, "its tokens are revoked", func() bool { return f.ES.LiveTokens("robot") == 0 })
}

// TestARouteThatRequiresACertificate wants it with every request, whoever it is.
func TestARouteThatRequiresACertificate(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	one := "http://app.one.example:" + f.URL.Port()
	card := f.signedIn(t, robot)
	f.opens(t, card, one+"/", robot)
	corp := f.Browser()
	corp.SignIn("/", "alice")
	basic := []string{"Authorization", "Basic dTpw"}
	for _, tc := range []struct {
		name    string
		b       *gatewaytest.Browser
		page    string
		headers []string
		status  int
	}{
		{"a session of another method, with one", corp, "/strict", shows(robot), http.StatusOK},
		{"without", corp, "/strict", nil, http.StatusForbidden},
		{"with none, said so", corp, "/strict", shows(nil), http.StatusForbidden},
		{"elsewhere nobody asks", corp, "/", shows(nil), http.StatusOK},
		{"a session of a card, with it", card, one + "/strict", shows(robot), http.StatusOK},
		{"nobody says anything", card, one + "/strict", nil, http.StatusForbidden},
		{"it is still there", card, one + "/", nil, http.StatusOK},
		{"with none, said so, it ends", card, one + "/strict", shows(nil), http.StatusForbidden},
		{"everywhere", card, one + "/", nil, http.StatusSeeOther},
	} {
		if got := tc.b.Get(tc.page, tc.headers...); got.Status != tc.status {
			t.Errorf("%s: %d, want %d: %s", tc.name, got.Status, tc.status, got.Body)
		}
	}
	if got := f.Browser().API(http.MethodGet, "/strict", "", basic...); got.Status != http.StatusForbidden {
		t.Errorf("a program with its own header alone: %d", got.Status)
	}
	if got := f.ask(robot, "/strict", basic...); got.Status != http.StatusOK || !strings.Contains(got.Body, "Authorization: Basic dTpw") {
		t.Errorf("a program with both: %d %s", got.Status, got.Body)
	}
	if got := f.ask(robot, "/strict"); got.Status != http.StatusOK {
		t.Errorf("a program with a certificate: %d", got.Status)
	}
}

// TestAnApplicationMayBeToldTheCertificate, in our own words alone.
func TestAnApplicationMayBeToldTheCertificate(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	want := "Client-Cert: :" + base64.StdEncoding.EncodeToString(robot.Raw) + ":\r\nClient-Cert-Chain: :" + base64.StdEncoding.EncodeToString(f.ca.Raw) + ":\r\n"
	forged := []string{"Client-Cert", ":AAAA:", "Client-Cert-Chain", ":AAAA:", "Client_Cert", ":AAAA:"}
	if got := f.ask(robot, "/told", forged...); !strings.Contains(got.Body, want) || strings.Count(got.Body, "Client-Cert: ") != 1 || strings.Contains(got.Body, "AAAA") {
		t.Errorf("a program: %s", got.Body)
	}
	b := f.signedIn(t, robot)
	if got := b.Get("/told", append(shows(robot), forged...)...); !strings.Contains(got.Body, want) || strings.Contains(got.Body, "AAAA") {
		t.Errorf("a session: %s", got.Body)
	}
	if got := f.ask(robot, "/", forged...); strings.Contains(got.Body, "Client-Cert") || strings.Contains(got.Body, "AAAA") {
		t.Errorf("a route that does not ask: %s", got.Body)
	}
	corp := f.Browser()
	corp.SignIn("/", "alice")
	if got := corp.Get("/told", append(shows(robot), forged...)...); got.Status != http.StatusOK || strings.Contains(got.Body, "Client-Cert") || strings.Contains(got.Body, "AAAA") {
		t.Errorf("a session of another method: %s", got.Body)
	}
}

// TestASignOutLasts: neither a page nor a script of the browser goes on by the
// certificate that it still has.
func TestASignOutLasts(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.signedIn(t, robot)
	left := b.Request(http.MethodPost, prefix+"/logout", "x=", append(shows(robot), "Sec-Fetch-Site", "same-origin")...)
	if left.Status != http.StatusSeeOther {
		t.Fatalf("sign-out: %d %s", left.Status, left.Body)
	}
	before := f.delegations()
	if got := f.opens(t, b, left.Location, robot); !strings.Contains(got.Body, "signed out") {
		t.Errorf("then: %d %s", got.Status, got.Body)
	}
	page := f.opens(t, b, prefix+"/login?next=/"+only, robot)
	if page.Status != http.StatusOK || strings.Contains(page.Body, "data-auto") || !strings.Contains(page.Body, "as robot") {
		t.Errorf("another page waits for a click: %d %s", page.Status, page.Body)
	}
	if got := b.API(http.MethodGet, "/script", "", shows(robot)...); got.Status != http.StatusUnauthorized {
		t.Errorf("a script that still runs: %d", got.Status)
	}
	if f.delegations() != before || f.ES.LiveTokens("robot") != 0 {
		t.Errorf("%d delegations more, %d tokens", f.delegations()-before, f.ES.LiveTokens("robot"))
	}
	if got := b.Request(http.MethodPost, theMethod, "next=/", append(shows(robot), "Sec-Fetch-Site", "same-origin")...); got.Status != http.StatusSeeOther || b.Get("/", shows(robot)...).Status != http.StatusOK {
		t.Errorf("the click: %d", got.Status)
	}
	b.Get(prefix+"/session", shows(nil)...) // the card is taken out
	if got := f.opens(t, b, prefix+"/login?next=/"+only, robot); got.Status != http.StatusOK || !strings.Contains(got.Body, "Authorization: Bearer ") {
		t.Errorf("after a sign-in the way is open again: %d %s", got.Status, got.Body)
	}
}

// TestASessionsTokenIsMadeAnewFromItsCertificate: what Elasticsearch thinks of it by
// then decides.
func TestASessionsTokenIsMadeAnewFromItsCertificate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		meanwhile func(f *front)
		status    int
		ends      string
	}{
		"nothing has changed": {func(*front) {}, http.StatusOK, ""},
		"a role more": {func(f *front) {
			f.ES.SetRoleMappings(standin.RoleMapping{Realm: "pki1", Users: []string{"robot"}, Roles: []string{"admin"}})
		}, http.StatusOK, ""},
		"no role is left":       {func(f *front) { f.ES.SetRoleMappings() }, http.StatusSeeOther, "certificate_ended"},
		"Elasticsearch is away": {func(f *front) { f.ES.SetFaults(standin.Faults{Status: http.StatusServiceUnavailable}) }, http.StatusServiceUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := behindFront(t, "", trustLoopback)
			robot := f.ca.client(t, "robot", f.Clock.Now())
			b := f.signedIn(t, robot)
			tc.meanwhile(f)
			f.Clock.Advance(21 * time.Minute)
			if got := b.Get("/", shows(robot)...); got.Status != tc.status {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			if got := b.Get("/admin", shows(robot)...); name == "a role more" && got.Status != http.StatusOK {
				t.Errorf("the new role: %d", got.Status)
			}
			if ended := strings.Contains(f.Log.String(), `session-ended`); ended != (tc.ends != "") || !strings.Contains(f.Log.String(), tc.ends) {
				t.Errorf("ended: %v", ended)
			}
		})
	}
}

func TestASessionEndsWithItsCertificate(t *testing.T) {
	t.Parallel()
	f := behindFront(t, "", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.signedIn(t, robot)
	f.Clock.Advance(91 * time.Minute)
	if got := b.Get("/"); got.Status != http.StatusSeeOther {
		t.Errorf("got %d", got.Status)
	}
	if !strings.Contains(f.Log.String(), "certificate_ended") {
		t.Error("nobody has written down why")
	}
}

// TestAnOverdueListKeepsTheSession and refuses its requests: nobody knows.
func TestAnOverdueListKeepsTheSession(t *testing.T) {
	t.Parallel()
	f := behindFront(t, ", crl: '{{crl}}'", trustLoopback)
	robot := f.ca.client(t, "robot", f.Clock.Now())
	b := f.signedIn(t, robot)
	f.Clock.Advance(61 * time.Minute)
	if got := b.API(http.MethodGet, "/", "", shows(robot)...); got.Status != http.StatusUnauthorized || !strings.Contains(got.Body, "certificate_list_stale") {
		t.Errorf("with an overdue list: %d %s", got.Status, got.Body)
	}
	f.ca.list(t, f.crl, f.Clock.Now())
	f.Clock.Advance(6 * time.Second)
	if got := b.Get("/", shows(robot)...); got.Status != http.StatusOK {
		t.Errorf("with a new list: %d %s", got.Status, got.Body)
	}
}
