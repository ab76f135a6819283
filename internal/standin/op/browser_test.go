package op_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin/op"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	silent := s.get(t, s.request("prompt", "none")).answered(t)
	if silent.Get("error") != "login_required" || silent.Get("state") != "st" || silent.Get("iss") != s.base {
		t.Errorf("prompt=none without a login: %v", silent)
	}
	page := s.get(t, s.request("login_hint", "jane"))
	if page.attribute(t, `<input id="username"`, "value") != "jane" || !strings.Contains(page.Header.Get("Content-Security-Policy"), "https://gateway.example") {
		t.Errorf("login page: %s", page.body)
	}
	wrong := s.signIn(t, page, "x")
	if wrong.StatusCode != http.StatusUnauthorized || !strings.Contains(wrong.body, "do not match") {
		t.Errorf("wrong password: %d", wrong.StatusCode)
	}
	first := s.signIn(t, wrong, "jane's").answered(t)
	_, members := s.exchange(t, first.Get("code"))
	verified, err := s.judge.Verify(t.Context(), text(members, "id_token"))
	must(t, verified, err)
	if got := s.get(t, s.request()).answered(t); got.Get("code") == "" {
		t.Errorf("a second client needs no password: %v", got)
	}
	if page := s.get(t, s.request("prompt", "login")); !strings.Contains(page.body, `type="password"`) {
		t.Errorf("prompt=login: %d %s", page.StatusCode, page.body)
	} else if got := s.signIn(t, page, "jane's").answered(t); got.Get("code") == "" {
		t.Errorf("prompt=login, answered: %v", got)
	}
	form := s.get(t, s.request("response_mode", "form_post"))
	if form.attribute(t, "<form", "action") != redirectURI || form.attribute(t, `name="state"`, "value") != "st" {
		t.Errorf("form_post: %s", form.body)
	}
	s.Bend(op.Answer{Error: "access_denied"})
	if got := s.get(t, s.request()).answered(t); got.Get("error") != "access_denied" {
		t.Errorf("bent: %v", got)
	}
	s.forward(9 * time.Hour)
	if page := s.get(t, s.request()); !strings.Contains(page.body, `type="password"`) {
		t.Errorf("a login ends: %s", page.body)
	}
	foreign := s.post(t, s.request(), url.Values{}, "Sec-Fetch-Site", "cross-site")
	if foreign.StatusCode != http.StatusForbidden {
		t.Errorf("a post from elsewhere: %d", foreign.StatusCode)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, tt := range []struct {
		name  string
		pairs []string
		shown string // to the person
		told  string // to the client
	}{
		{name: "client", pairs: []string{"client_id", "x"}, shown: "is not known here"},
		{name: "address", pairs: []string{"redirect_uri", "https://evil.example"}, shown: "not one of the client"},
		{name: "type", pairs: []string{"response_type", "code id_token"}, told: "unsupported_response_type"},
		{name: "mode", pairs: []string{"response_mode", "x"}, told: "invalid_request"},
		{name: "scope", pairs: []string{"scope", "profile"}, told: "invalid_scope"},
		{name: "tokens_in_the_query", pairs: []string{"response_type", "id_token", "response_mode", "query"}, told: "invalid_request"},
		{name: "implicit_without_nonce", pairs: []string{"response_type", "id_token", "nonce", ""}, told: "invalid_request"},
		{name: "public_without_pkce", pairs: []string{"client_id", "public"}, told: "invalid_request"},
		{name: "method_of_pkce", pairs: []string{"code_challenge", "x", "code_challenge_method", "S512"}, told: "invalid_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.get(t, s.request(tt.pairs...))
			if tt.shown != "" {
				if got.StatusCode != http.StatusBadRequest || !strings.Contains(got.body, tt.shown) {
					t.Errorf("got %d %s", got.StatusCode, got.body)
				}
				return
			}
			if told := got.answered(t); told.Get("error") != tt.told {
				t.Errorf("got %v, want %s", told, tt.told)
			}
		})
	}
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	tokens := make(chan string, 8)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { tokens <- r.FormValue("logout_token") }))
	defer listener.Close()
	s := newSite(t, func(c *op.Config) {
		c.Clients[0].BackchannelLogoutURI = listener.URL
		c.Clients[2].FrontchannelLogoutURI = "https://hmac.example/front?a=b"
	})
	hint := func(pairs ...string) string {
		t.Helper()
		got := s.get(t, s.request(pairs...))
		if got.StatusCode == http.StatusOK {
			got = s.signIn(t, got, "jane's")
		}
		_, members := s.exchange(t, got.answered(t).Get("code"))
		return text(members, "id_token")
	}
	end := func(pairs ...string) seen {
		t.Helper()
		q := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return s.get(t, s.base+"/end_session?"+q.Encode())
	}

	idToken := hint()
	got := end("id_token_hint", idToken, "post_logout_redirect_uri", afterwards, "state", "x")
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != afterwards+"?state=x" {
		t.Errorf("with a hint: %d %s", got.StatusCode, got.Header.Get("Location"))
	}
	if len(tokens) != 1 {
		t.Fatalf("%d logout tokens before the answer", len(tokens))
	}
	verified, err := s.judge.VerifyLogout(t.Context(), <-tokens)
	if must(t, verified, err).Subject != op.Subject(jane) {
		t.Errorf("logout token: %+v", verified)
	}
	if page := s.get(t, s.request()); !strings.Contains(page.body, `type="password"`) {
		t.Error("the login goes on")
	}

	second := hint()
	ask := end("id_token_hint", idToken, "post_logout_redirect_uri", afterwards) // of the login before
	if ask.StatusCode != http.StatusOK || !strings.Contains(ask.body, "Sign out?") {
		t.Errorf("a hint of another login: %d %s", ask.StatusCode, ask.body)
	}
	if got := s.press(t, ask, nil); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != afterwards {
		t.Errorf("confirmed: %d %s", got.StatusCode, got.body)
	}
	if got := end("id_token_hint", second, "post_logout_redirect_uri", "https://evil.example"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("another address: %d", got.StatusCode)
	}
	if got := end("id_token_hint", second+"x"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a spoilt hint: %d", got.StatusCode)
	}

	hint()
	s.get(t, s.request("client_id", "hmac"))
	got = s.press(t, s.get(t, s.base+"/"), nil)
	frame := got.attribute(t, "<iframe", "src")
	if !strings.HasPrefix(frame, "https://hmac.example/front?a=b&iss=") || !strings.Contains(frame, "&sid=") ||
		!strings.HasSuffix(got.Header.Get("Content-Security-Policy"), "; frame-src https://hmac.example") {
		t.Errorf("front channel: %s", got.body)
	}
}

// Each bend is one that go-oidc finds, save for those that it leaves to its callers.
func TestLogoutTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other, err := otherKey()
	must(t, other, err)
	for _, tt := range []struct {
		name string
		bend op.Logout
		fine bool
	}{
		{name: "subject", fine: true},
		{name: "session_alone", bend: op.Logout{SID: "s", Claims: map[string]any{"sub": nil}}, fine: true},
		{name: "no_events", bend: op.Logout{Claims: map[string]any{"events": nil}}},
		{name: "other_event", bend: op.Logout{Claims: map[string]any{"events": map[string]any{"x": map[string]any{}}}}},
		{name: "nonce", bend: op.Logout{Claims: map[string]any{"nonce": "n"}}},
		{name: "audience", bend: op.Logout{Claims: map[string]any{"aud": "x"}}},
		{name: "neither", bend: op.Logout{Claims: map[string]any{"sub": nil}}},
		{name: "expired", bend: op.Logout{Claims: map[string]any{"exp": 1}}},
		{name: "unsigned", bend: op.Logout{Signing: op.Signing{Algorithm: "none"}}},
		{name: "other_key", bend: op.Logout{Signing: op.Signing{Key: &other}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := s.LogoutToken("gateway", jane, tt.bend)
			verified, err := s.judge.VerifyLogout(t.Context(), must(t, token, err))
			if (err == nil) != tt.fine {
				t.Errorf("got %+v %v", verified, err)
			}
		})
	}
	if _, err := s.LogoutToken("x", jane, op.Logout{}); err == nil {
		t.Error("a client that nobody knows")
	}
}
