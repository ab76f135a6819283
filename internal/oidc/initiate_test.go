package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin/op"
)

// TestAnotherSiteMayAskForASignIn, at this provider, and to an address of ours.
func TestAnotherSiteMayAskForASignIn(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for name, tc := range map[string]struct {
		q     url.Values
		lands string // "": it is refused
		sent  url.Values
	}{
		"plain":            {q: url.Values{}, lands: prefix + "/session"},
		"to an address":    {q: url.Values{"target_link_uri": {w.URL.String() + "/deep?x=1"}}, lands: w.URL.String() + "/deep?x=1"},
		"to another site":  {q: url.Values{"target_link_uri": {"https://evil.example/"}}, lands: prefix + "/session"},
		"with hints":       {q: url.Values{"login_hint": {"alice@example.com&x=y"}, "ui_locales": {"de"}, "prompt": {"login"}}, lands: prefix + "/session", sent: url.Values{"login_hint": {"alice@example.com&x=y"}, "ui_locales": {"de"}, "prompt": {"login"}}},
		"prompt=none":      {q: url.Values{"prompt": {"none"}}, lands: prefix + "/session", sent: url.Values{}},
		"a hint too long":  {q: url.Values{"login_hint": {strings.Repeat("x", 300)}}, lands: prefix + "/session", sent: url.Values{}},
		"another provider": {q: url.Values{"iss": {"https://other.example"}}},
		"twice":            {q: url.Values{"target_link_uri": {"/a", "/b"}}},
	} {
		for _, verb := range []string{http.MethodGet, http.MethodPost} {
			if tc.q.Get("iss") == "" {
				tc.q.Set("iss", w.issuer)
			}
			b := w.Browser()
			b.Begin("/") // it has a key
			at, body := prefix+"/oidc/partners/initiate", ""
			if verb == http.MethodGet {
				at += "?" + tc.q.Encode()
			} else {
				body = tc.q.Encode()
			}
			got := b.Request(verb, at, body, "Sec-Fetch-Site", "cross-site")
			if tc.lands == "" {
				if got.Header.Get("X-Gateway-Response") != "bad_request" {
					t.Errorf("%s %s: %d %q", verb, name, got.Status, got.Location)
				}
				continue
			}
			_, query, _ := strings.Cut(got.Location, "?")
			if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location, prefix+"/login?") {
				t.Fatalf("%s %s: %d %q", verb, name, got.Status, got.Location)
			}
			request := w.goOn(t, b, query)
			u, err := url.Parse(request)
			if err != nil {
				t.Fatal(err)
			}
			for _, hint := range []string{"login_hint", "ui_locales", "prompt"} {
				if tc.sent != nil && u.Query().Get(hint) != tc.sent.Get(hint) {
					t.Errorf("%s %s: %s is %q at the provider", verb, name, hint, u.Query().Get(hint))
				}
			}
			if landed := w.answer(t, b, request, "alice", op.Answer{}); strings.TrimPrefix(landed.Location, w.URL.String()) != strings.TrimPrefix(tc.lands, w.URL.String()) {
				t.Errorf("%s %s: landed at %d %q", verb, name, landed.Status, landed.Location)
			}
		}
	}
}

func TestTheSignInPageFindsAProviderByItsName(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.Browser()
	chooser := b.Get(prefix + "/login")
	if !strings.Contains(chooser.Body, `data-method="corp"`) || !strings.Contains(chooser.Body, `data-method="partners"`) || strings.Contains(chooser.Body, "data-auto") {
		t.Errorf("the chooser: %s", chooser.Body)
	}
	page := b.Get(prefix + "/login?login_hint=alice&iss=" + url.QueryEscape(w.issuer))
	if strings.Contains(page.Body, `data-method="corp"`) || !strings.Contains(page.Body, "data-auto") || !strings.Contains(page.Body, `name="login_hint" value="alice"`) {
		t.Errorf("by issuer: %s", page.Body)
	}
	if other := b.Get(prefix + "/login?iss=https://other.example"); !strings.Contains(other.Body, `data-method="corp"`) {
		t.Errorf("by an issuer that nobody has: %s", other.Body)
	}
}

// TestALiveSessionLeadsOn: another site that wants nothing to be asked, or something that
// nobody knows, gets no new sign-in out of it.
func TestALiveSessionLeadsOn(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.signIn(t, "alice", "s1")
	for prompt, leadsOn := range map[string]bool{"": true, "none": true, "nonsense": true, "login": false, "select_account": false} {
		q := url.Values{"iss": {w.issuer}, "target_link_uri": {w.URL.String() + "/deep"}}
		if prompt != "" {
			q.Set("prompt", prompt)
		}
		at := b.Get(prefix+"/oidc/partners/initiate?"+q.Encode(), "Sec-Fetch-Site", "cross-site")
		got := b.Get(at.Location, "Sec-Fetch-Site", "cross-site")
		if (got.Location == w.URL.String()+"/deep") != leadsOn {
			t.Errorf("prompt=%q: %d %q", prompt, got.Status, got.Location)
		}
	}
}
