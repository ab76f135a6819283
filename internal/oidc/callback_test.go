package oidc_test

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
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

func TestTheCodeFlowEndsAtTheVeryPageThatWasWanted(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for _, path := range []string{"/", "/deep?x=a%2Fb&y=%20", "/a%2Fb?"} {
		b := w.Browser()
		got := w.answer(t, b, w.begin(t, b, path), "alice", op.Answer{})
		if got.Status != http.StatusSeeOther || got.Location != w.URL.String()+path {
			t.Errorf("%s: landed at %d %q %s", path, got.Status, got.Location, got.Body)
			continue
		}
		page := b.Get(path)
		if !strings.Contains(page.Body, "Authorization: Bearer ") {
			t.Errorf("%s: %d %s", path, page.Status, page.Body)
		}
	}
}

func TestTenTabsSignInTogether(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.Browser()
	var requests []string
	for i := range 10 {
		requests = append(requests, w.begin(t, b, fmt.Sprintf("/tab/%d", i)))
	}
	for i := range 10 {
		tab := i * 7 % 10
		if got := w.answer(t, b, requests[tab], "alice", op.Answer{}); got.Location != fmt.Sprintf("%s/tab/%d", w.URL, tab) {
			t.Errorf("tab %d landed at %d %q", tab, got.Status, got.Location)
		}
	}
	gatewaytest.Eventually(t, "one pair is left", func() bool { return w.ES.LiveTokens("alice") == 1 })
}

func TestACallbackThatIsLoadedAgainEndsNoSession(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.Browser()
	address := w.respond(t, w.begin(t, b, "/wanted"), "alice", op.Answer{})
	b.Get(address)
	asked := w.authentications()
	for _, after := range []time.Duration{0, 5 * time.Minute} {
		w.Clock.Advance(after)
		if got := b.Get(address); got.Status != http.StatusSeeOther {
			t.Errorf("after %s: %d %q", after, got.Status, got.Location)
		}
	}
	if w.authentications() != asked || !lives(b) {
		t.Error("ES was asked again, or the session is gone")
	}
}

func TestFiftyCallbacksGiveOneSession(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.Browser()
	address := w.respond(t, w.begin(t, b, "/wanted"), "alice", op.Answer{})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got := b.Get(address); got.Location != w.URL.String()+"/wanted" {
				t.Errorf("got %d %q", got.Status, got.Location)
			}
		})
	}
	all.Wait()
	if w.authentications() != 1 || w.ES.LiveTokens("alice") != 1 {
		t.Errorf("ES was asked %d times, %d pairs live", w.authentications(), w.ES.LiveTokens("alice"))
	}
}

// TestAStateThatIsNotOfThisAttempt is refused before ES is asked, which remembers none.
func TestAStateThatIsNotOfThisAttempt(t *testing.T) {
	t.Parallel()
	w := start(t, options{others: "}\n  - {name: others, type: oidc, realm: oidc2, issuer: 'https://other.example'"})
	another := w.Browser()
	foreign := w.respond(t, w.begin(t, another, "/"), "bob", op.Answer{})
	late := w.Browser()
	old := w.respond(t, w.begin(t, late, "/"), "alice", op.Answer{})
	w.Clock.Advance(11 * time.Minute)
	for name, tc := range map[string]struct {
		b       *gatewaytest.Browser
		address string
	}{
		"another browser's":        {b: w.Browser(), address: foreign},
		"too old":                  {b: late, address: old},
		"nobody's":                 {b: w.Browser(), address: w.URL.String() + prefix + "/oidc/partners/callback?code=x&state=y"},
		"another method's (mixup)": {b: another, address: strings.Replace(foreign, "/oidc/partners/", "/oidc/others/", 1)},
	} {
		tc.b.Begin("/") // it has a key
		got := tc.b.Get(tc.address, "Sec-Fetch-Site", "cross-site")
		if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location, prefix+"/login?") {
			t.Errorf("%s: %d %q %s", name, got.Status, got.Location, got.Body)
		}
		if lives(tc.b) {
			t.Errorf("%s signs in", name)
		}
	}
	if w.authentications() != 0 {
		t.Error("ES was asked")
	}
}

// TestWhatAProviderSaysInstead becomes a page that people can act on, without markup.
func TestWhatAProviderSaysInstead(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	evil, other := `<script>alert(1)</script>`, "https://evil.example"
	for name, tc := range map[string]struct {
		a           op.Answer
		cause, text string
	}{
		"denied":             {a: op.Answer{Error: "access_denied", ErrorDescription: evil}, cause: "access_denied", text: "did not let you in"},
		"login required":     {a: op.Answer{Error: "login_required"}, cause: "login_required", text: "sign in there first"},
		"interaction":        {a: op.Answer{Error: "interaction_required"}, cause: "interaction_required", text: "ask you something"},
		"consent":            {a: op.Answer{Error: "consent_required"}, cause: "consent_required", text: "agree"},
		"an outage of it":    {a: op.Answer{Error: "temporarily_unavailable"}, cause: "temporarily_unavailable", text: "at the moment"},
		"how it was asked":   {a: op.Answer{Error: "invalid_scope", ErrorDescription: strings.Repeat("x", 5000)}, cause: "idp_error", text: "invalid_scope"},
		"markup as an error": {a: op.Answer{Error: evil}, cause: "idp_error", text: "did not sign you in"},
		"another issuer":     {a: op.Answer{Issuer: &other}, cause: "issuer", text: "another identity provider"},
	} {
		b := w.Browser()
		got := w.answer(t, b, w.begin(t, b, "/wanted"), "alice", tc.a)
		if got.Header.Get("X-Gateway-Response") != "sign_in_failed" || !strings.Contains(got.Body, "<code>"+tc.cause+"</code>") || !strings.Contains(got.Body, tc.text) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if strings.Contains(got.Body, "<script>alert") || strings.Contains(got.Body, strings.Repeat("x", 300)) {
			t.Errorf("%s: the page shows what was sent as it was", name)
		}
		if !strings.Contains(got.Body, url.QueryEscape("/wanted")) {
			t.Errorf("%s: no way back to the wanted page", name)
		}
		if lives(b) {
			t.Errorf("%s signs in", name)
		}
	}
}

func TestAProviderThatAlwaysNamesItselfMustDoSo(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"", ", id_token: off"} {
		w := start(t, options{method: method})
		w.signIn(t, "alice", "s1") // its document is read by then, or a moment later
		none := ""
		gatewaytest.Eventually(t, "an answer without a name is refused", func() bool {
			b := w.Browser()
			got := w.answer(t, b, w.begin(t, b, "/"), "bob", op.Answer{Issuer: &none})
			return strings.Contains(got.Body, "<code>issuer</code>")
		})
	}
}

// TestAProviderMayStopNamingItself: what its document says is not for ever.
func TestAProviderMayStopNamingItself(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	w.signIn(t, "alice", "s1")
	changed := func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			return false
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(rw, `{"issuer":%q,"jwks_uri":%q}`, w.issuer, w.issuer+"/jwks")
		return true
	}
	w.instead.Store(&changed)
	w.Clock.Advance(2 * time.Hour)
	none := ""
	gatewaytest.Eventually(t, "an answer without a name is taken", func() bool {
		b := w.Browser()
		w.answer(t, b, w.begin(t, b, "/"), "bob", op.Answer{Issuer: &none})
		return lives(b)
	})
}

// TestAnIDTokenNamesItsProvider: oidc-provider, for one, says that it always names itself,
// and does not do so beside an ID token.
func TestAnIDTokenNamesItsProvider(t *testing.T) {
	t.Parallel()
	w := start(t, options{realm: func(c *oidcrealm.Config) { c.RP.ResponseType = "id_token" }})
	none := ""
	for range 2 { // its document has been read when the first one is over
		b := w.Browser()
		address, form, err := w.op.RespondForm(w.begin(t, b, "/")+"&response_mode=form_post", w.Person("alice"), op.Answer{Issuer: &none})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.PostTo(address, form); !lives(b) {
			t.Errorf("alice is not signed in: %d %s", got.Status, got.Body)
		}
	}
}

func TestAnOutageOfTheProviderIsToldFromARefusal(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.Browser()
	got := w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{Claims: map[string]any{"nonce": "another"}})
	if !strings.Contains(got.Body, "<code>refused</code>") {
		t.Errorf("a refusal: %d %s", got.Status, got.Body)
	}
	address := w.respond(t, w.begin(t, b, "/"), "alice", op.Answer{})
	w.down.Store(true)
	got = b.Get(address)
	if !strings.Contains(got.Body, "<code>provider_unreachable</code>") || !strings.Contains(got.Body, "probably") {
		t.Errorf("an outage: %d %s", got.Status, got.Body)
	}
	w.down.Store(false)
	address = w.respond(t, w.begin(t, b, "/"), "alice", op.Answer{})
	w.ES.SetFaults(standin.Faults{Down: true})
	if got := b.Get(address); got.Header.Get("X-Gateway-Response") != "elasticsearch_unavailable" {
		t.Errorf("an outage of ES: %d %s", got.Status, got.Body)
	}
	w.ES.SetFaults(standin.Faults{})
	if got := b.Get(address); !strings.Contains(got.Location, prefix+"/login") {
		t.Errorf("an attempt that an outage has burned: %d %q", got.Status, got.Location)
	}
}

func TestImplicitAnswersComeByAPageOfOurs(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"id_token", "id_token token"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := start(t, options{realm: func(c *oidcrealm.Config) { c.RP.ResponseType = kind }})
			b := w.Browser()
			address := w.respond(t, w.begin(t, b, "/wanted"), "alice", op.Answer{})
			callback, fragment, ok := strings.Cut(address, "#")
			if !ok {
				t.Fatalf("no fragment: %q", address)
			}
			w.Secret(fragment)
			page := b.Get(callback, "Sec-Fetch-Site", "cross-site")
			if page.Status != http.StatusOK || !strings.Contains(page.Body, "data-fragment") || !strings.Contains(page.Body, "/static/") {
				t.Fatalf("the page: %d %s", page.Status, page.Body)
			}
			if strings.Contains(page.Body, "<script>") {
				t.Error("the page has an inline script")
			}
			form := url.Values{"fragment": {fragment}}
			got := b.Request(http.MethodPost, callback, form.Encode(), "Sec-Fetch-Site", "same-origin")
			if got.Location != w.URL.String()+"/wanted" || !lives(b) {
				t.Errorf("landed at %d %q %s", got.Status, got.Location, got.Body)
			}
			if again := b.Request(http.MethodPost, callback, form.Encode(), "Sec-Fetch-Site", "same-origin"); again.Location != w.URL.String()+"/wanted" {
				t.Errorf("once more: %d %q", again.Status, again.Location)
			}
			if w.authentications() != 1 {
				t.Error("ES was asked again, and takes an implicit answer as often as it comes")
			}
		})
	}
}

func TestAFormPostIsTakenToo(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"code", "id_token"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := start(t, options{realm: func(c *oidcrealm.Config) { c.RP.ResponseType = kind }})
			b := w.Browser()
			address, form, err := w.op.RespondForm(w.begin(t, b, "/wanted")+"&response_mode=form_post", w.Person("alice"), op.Answer{})
			if err != nil {
				t.Fatal(err)
			}
			got := b.PostTo(address, form)
			if got.Location != w.URL.String()+"/wanted" || !lives(b) {
				t.Errorf("landed at %d %q %s", got.Status, got.Location, got.Body)
			}
		})
	}
}

func TestAnAnswerThatCouldBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.Browser()
	good := w.respond(t, w.begin(t, b, "/"), "alice", op.Answer{})
	for name, address := range map[string]string{
		"two codes":       good + "&code=other",
		"two states":      good + "&state=other",
		"a broken escape": good + "&x=%ZZ",
		"a semicolon":     good + ";state=x",
		"no state":        w.URL.String() + prefix + "/oidc/partners/callback?code=x",
	} {
		if got := b.Get(address); got.Header.Get("X-Gateway-Response") != "bad_request" {
			t.Errorf("%s: %d %q", name, got.Status, got.Location)
		}
	}
	if w.authentications() != 0 {
		t.Error("ES was asked")
	}
	if b.Get(good); !lives(b) {
		t.Error("the good one does not sign in")
	}
}
