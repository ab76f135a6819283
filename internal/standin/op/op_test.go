package op_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin/op"
)

// exchange redeems a code; pairs change the form, and an empty value takes a field away.
func (s *site) exchange(t testing.TB, code string, pairs ...string) (seen, map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
	header := []string{"Authorization", ""}
	if len(pairs) == 0 || pairs[0] != "client_id" {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth("gateway", url.QueryEscape(secret))
		header[1] = r.Header.Get("Authorization")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	got := s.post(t, s.base+"/token", form, header...)
	members := map[string]any{}
	if err := json.Unmarshal([]byte(got.body), &members); err != nil {
		t.Fatalf("%v in %s", err, got.body)
	}
	return got, members
}

func (s *site) code(t testing.TB, a op.Answer, pairs ...string) string {
	t.Helper()
	callback, err := s.Respond(s.request(pairs...), jane, a)
	return answered(t, must(t, callback, err)).Get("code")
}

func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

func (s *site) userinfo(t testing.TB, access string) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/userinfo", http.NoBody)
	must(t, r, err).Header.Set("Authorization", "Bearer "+access)
	return s.do(t, r, err)
}

// The judge is go-oidc, by way of discovery.
func TestCodeFlow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	callback, err := s.Respond(s.request(), jane, op.Answer{SID: "s1"})
	q := answered(t, must(t, callback, err))
	if q.Get("state") != "st" || q.Get("iss") != s.base || len(q) != 3 {
		t.Errorf("callback: %s", callback)
	}
	_, members := s.exchange(t, q.Get("code"))
	verified, err := s.judge.Verify(t.Context(), text(members, "id_token"))
	if must(t, verified, err).Subject != op.Subject(jane) || verified.Nonce != "no" {
		t.Errorf("got %+v", verified)
	}
	if err := verified.VerifyAccessToken(text(members, "access_token")); err != nil {
		t.Error(err)
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil || claims["sid"] != "s1" || claims["preferred_username"] != "jane" || claims["name"] != "Jane <Doe>" {
		t.Errorf("claims: %v %v", claims, err)
	}
	info := s.userinfo(t, text(members, "access_token"))
	if want := `"sub":"` + op.Subject(jane) + `"`; !strings.Contains(info.body, want) || !strings.Contains(info.body, `"groups":["staff"]`) {
		t.Errorf("userinfo: %s", info.body)
	}
	again, members := s.exchange(t, q.Get("code"))
	if again.StatusCode != http.StatusBadRequest || members["error"] != "invalid_grant" {
		t.Errorf("the same code again: %d %s", again.StatusCode, again.body)
	}
	if info := s.userinfo(t, text(members, "access_token")); info.StatusCode != http.StatusUnauthorized {
		t.Errorf("a code that was used twice takes its tokens along: %d", info.StatusCode)
	}
}

func TestImplicitFlow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, kind := range []string{"id_token", "id_token token"} {
		callback, err := s.Respond(s.request("response_type", kind), jane, op.Answer{})
		if !strings.HasPrefix(must(t, callback, err), redirectURI+"#") {
			t.Fatalf("%s: %s", kind, callback)
		}
		q := answered(t, callback)
		verified, err := s.judge.Verify(t.Context(), q.Get("id_token"))
		must(t, verified, err)
		if kind == "id_token" {
			if q.Has("access_token") || verified.AccessTokenHash != "" {
				t.Errorf("%s: %s", kind, callback)
			}
			continue
		}
		if err := verified.VerifyAccessToken(q.Get("access_token")); err != nil || q.Get("token_type") != "Bearer" {
			t.Errorf("%s: %v", kind, err)
		}
	}
	address, form, err := s.RespondForm(s.request("response_type", "id_token", "response_mode", "form_post"), jane, op.Answer{})
	if must(t, form, err).Get("id_token") == "" || address != redirectURI {
		t.Errorf("form: %s %v", address, form)
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	sum := sha256.Sum256([]byte("verifier"))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	const public, none = "public", ""
	tests := []struct {
		name           string
		request, token []string
		late           time.Duration
		want           string
	}{
		{name: "basic", want: ""},
		{name: "post", token: []string{"client_id", "gateway", "client_secret", secret}},
		{name: "wrong_secret", token: []string{"client_id", "gateway", "client_secret", "x"}, want: "invalid_client"},
		{name: "no_secret", token: []string{"client_id", "gateway"}, want: "invalid_client"},
		{name: "broken_assertion", token: []string{"client_id", none, "client_assertion", "x.y.z"}, want: "invalid_client"},
		{name: "other_client", token: []string{"client_id", "hmac", "client_secret", secret}, want: "invalid_grant"},
		{name: "other_grant", token: []string{"grant_type", "password"}, want: "unsupported_grant_type"},
		{name: "other_address", token: []string{"redirect_uri", redirectURI + "/"}, want: "invalid_grant"},
		{name: "late", late: 2 * time.Minute, want: "invalid_grant"},
		{name: "pkce", request: []string{"code_challenge", challenge, "code_challenge_method", "S256"}, token: []string{"code_verifier", "verifier"}},
		{name: "pkce_plain", request: []string{"code_challenge", "abc"}, token: []string{"code_verifier", "abc"}},
		{name: "pkce_wrong", request: []string{"code_challenge", challenge, "code_challenge_method", "S256"}, token: []string{"code_verifier", "x"}, want: "invalid_grant"},
		{name: "pkce_missing", request: []string{"code_challenge", challenge, "code_challenge_method", "S256"}, want: "invalid_grant"},
		{name: "pkce_not_asked_for", token: []string{"code_verifier", "x"}, want: "invalid_grant"},
		{
			name: "public_client", request: []string{"client_id", public, "code_challenge", challenge, "code_challenge_method", "S256"},
			token: []string{"client_id", public, "code_verifier", "verifier"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code := s.code(t, op.Answer{}, tt.request...)
			s.forward(tt.late)
			got, members := s.exchange(t, code, tt.token...)
			if text(members, "error") != tt.want || (tt.want == "") != (got.StatusCode == http.StatusOK) {
				t.Errorf("got %d %s, want %q", got.StatusCode, got.body, tt.want)
			}
		})
	}
}

// Each bend is one that go-oidc finds.
func TestBentAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other, err := otherKey()
	must(t, other, err)
	own, err := rsaKey()
	must(t, own, err)
	tests := []struct {
		name string
		bend op.Answer
		want string
	}{
		{"expired", op.Answer{Claims: map[string]any{"exp": 1}}, "token is expired"},
		{"audience", op.Answer{Claims: map[string]any{"aud": "x"}}, "expected audience"},
		{"issuer", op.Answer{Claims: map[string]any{"iss": "https://x"}}, "issued by a different provider"},
		{"unsigned", op.Answer{Signing: op.Signing{Algorithm: "none"}}, "malformed jwt"},
		{"secret", op.Answer{Signing: op.Signing{Algorithm: "HS256"}}, "malformed jwt"},
		{"other_key", op.Answer{Signing: op.Signing{Key: &other}}, "failed to verify"},
		{"spoilt", op.Answer{Signing: op.Signing{Spoil: true}}, "failed to verify"},
		{"other_key_under_our_name", op.Answer{Signing: op.Signing{Key: &other, KeyID: &own.ID}}, "failed to verify"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, members := s.exchange(t, s.code(t, tt.bend))
			if _, err := s.judge.Verify(t.Context(), text(members, "id_token")); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	callback, err := s.Respond(s.request(), op.Person{}, op.Answer{
		Error: "access_denied", ErrorDescription: "no", State: new("other"), Issuer: new(""), Extra: url.Values{"x": {"y"}},
	})
	if want := redirectURI + "?error=access_denied&error_description=no&state=other&x=y"; must(t, callback, err) != want {
		t.Errorf("got %s, want %s", callback, want)
	}
	got, _ := s.exchange(t, s.code(t, op.Answer{TokenStatus: 503, TokenType: "text/html", Token: map[string]any{"id_token": nil}}))
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Content-Type") != "text/html" || strings.Contains(got.body, "id_token") {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
}

func TestKeysChange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old, err := rsaKey()
	must(t, old, err)
	young, err := op.NewKey("ES256")
	must(t, young, err)
	before := s.code(t, op.Answer{})
	s.SetKeys(young, old)
	after := s.code(t, op.Answer{Signing: op.Signing{Key: &old}})
	for name, code := range map[string]string{"new": before, "old": after} {
		_, members := s.exchange(t, code)
		header, err := base64.RawURLEncoding.DecodeString(strings.Split(text(members, "id_token"), ".")[0])
		want := map[string]string{"new": `"alg":"ES256","kid":"` + young.ID, "old": `"alg":"RS256","kid":"` + old.ID}[name]
		if !strings.Contains(string(must(t, header, err)), want) {
			t.Errorf("%s: got %s", name, header)
		}
	}
	if got := s.get(t, s.base+"/jwks"); strings.Count(got.body, `"kid"`) != 2 || strings.Contains(got.body, `"d"`) {
		t.Errorf("key set: %s", got.body)
	}
}
