package oidcrealm_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

func TestUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	user := w.signIn(t, op.Answer{SID: "s1", Claims: map[string]any{
		"iss_list": []any{"a", 1, true}, "address": map[string]any{"a": "b"}, "mixed": []any{"a", nil}, "nothing": []any{}, "nbf": 1, "n": 1.5,
	}})
	raw := *user.TokenMetadata["id_token_hint"]
	nonce := user.Metadata["oidc(nonce)"]
	delete(user.Metadata, "oidc(nonce)")
	want := map[string]any{
		"oidc(aud)": []any{"es client"}, "oidc(auth_time)": json.Number("1772366400"), "oidc(email)": "jane@example.org",
		"oidc(email_verified)": true, "oidc(groups)": []any{"staff", "ops"}, "oidc(id_token_hint)": raw,
		"oidc(iss)": user.Metadata["oidc(iss)"], "oidc(iss_list)": []any{"a", json.Number("1"), true}, "oidc(n)": json.Number("1.5"),
		"oidc(name)": "Jane Doe", "oidc(nothing)": []any{}, "oidc(preferred_username)": "jane", "oidc(sid)": "s1", "oidc(sub)": op.Subject(jane),
		"oidc(at_hash)": user.Metadata["oidc(at_hash)"],
	}
	if diff := cmp.Diff(want, user.Metadata); diff != "" {
		t.Error(diff)
	}
	if text, _ := nonce.(string); len(text) != 43 || strings.Count(raw, ".") != 2 {
		t.Errorf("nonce %v, hint %s", nonce, raw)
	}
	if user.Principal != "jane" || *user.FullName != "Jane Doe" || *user.Email != "jane@example.org" || user.DN != nil || !slices.Equal(user.Groups, jane.Groups) {
		t.Errorf("got %+v", user)
	}
}

func TestMappingOfClaims(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		realm  func(*oidcrealm.Config)
		claims map[string]any
		want   string // principal, then groups; or the refusal
	}{
		{name: "first_of_a_list", claims: map[string]any{"preferred_username": []any{"a", "b"}}, want: "a staff ops"},
		{name: "groups_as_a_string", claims: map[string]any{"groups": "one"}, want: "jane one"},
		{name: "no_groups", claims: map[string]any{"groups": nil}, want: "jane"},
		{name: "no_principal", claims: map[string]any{"preferred_username": nil}, want: "Principal claim [preferred_username] was not found"},
		{name: "empty_principal", claims: map[string]any{"preferred_username": ""}, want: "Principal claim [preferred_username] was not found"},
		{
			name: "a_number", claims: map[string]any{"preferred_username": 1},
			want: "settings_exception: Setting [ xpack.security.authc.realms.oidc.oidc1.claims.principal] expects claim [preferred_username] with String or a String Array value",
		},
		{
			name: "an_object", claims: map[string]any{"groups": map[string]any{"a": "b"}},
			want: "settings_exception: Setting [ xpack.security.authc.realms.oidc.oidc1.claims.groups] expects claim [groups] with",
		},
		{
			name: "pattern", claims: map[string]any{"preferred_username": "jane@corp", "groups": []any{"es-a", "b", "es-"}},
			realm: func(c *oidcrealm.Config) {
				c.ClaimPatterns = oidcrealm.Claims{Principal: "^([^@]+)@corp$", Groups: "^es-(.*)"}
			},
			want: "jane a",
		},
		{
			name: "pattern_without_a_match", realm: func(c *oidcrealm.Config) { c.ClaimPatterns.Principal = "^([^@]+)@corp$" },
			want: "Principal claim [preferred_username] was not found",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, settings{realm: tt.realm})
			user, err := w.judge(t, w.answer(t, op.Answer{Claims: tt.claims}))
			got := ""
			if err != nil {
				got = refusal(t, user, err)
			} else {
				got = strings.Join(append([]string{user.Principal}, user.Groups...), " ")
			}
			if !strings.HasPrefix(got, tt.want) || err == nil && got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	w := newWorld(t, settings{realm: func(c *oidcrealm.Config) { c.HideUserMetadata = true }})
	if user := w.signIn(t, op.Answer{}); len(user.Metadata) != 0 || user.TokenMetadata["id_token_hint"] == nil {
		t.Errorf("populate_user_metadata: false: %v", user.Metadata)
	}
}

// The order is Elasticsearch's: fragment, error, state, kind of response.
func TestCallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	const wrongType, noState = "Unexpected response type", "Failed to validate the response, the response did not contain a state"
	tests := []struct {
		name string
		bend func(t *testing.T, a *oidcrealm.Answer)
		want string // "": fine
	}{
		{name: "whole_address"},
		{name: "path_and_query", bend: func(_ *testing.T, a *oidcrealm.Answer) {
			a.RedirectURI = strings.TrimPrefix(a.RedirectURI, "https://gateway.example")
		}},
		{name: "elsewhere", bend: func(_ *testing.T, a *oidcrealm.Answer) {
			a.RedirectURI = "ftp://other" + strings.TrimPrefix(a.RedirectURI, "https://gateway.example/callback")
		}},
		{name: "first_of_two_states", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "&state=x" }},
		{name: "broken_pair", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "&=&a=b=c&&" }},
		{name: "empty_fragment", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "#" }, want: noState},
		{name: "junk_fragment", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "#_" }, want: noState},
		{name: "error_in_the_fragment", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "#error=x" }, want: "OpenID Connect Provider response indicates"},
		{name: "nothing", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI = callback }, want: "Missing URI fragment or query string"},
		{name: "a_blank", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += " " }, want: "Failed to parse redirect URI"},
		{name: "broken_escape", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "&a=%2" }, want: "Failed to parse redirect URI"},
		{name: "two_fragments", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "#a#b" }, want: "Failed to parse redirect URI"},
		{name: "error_before_state", bend: func(t *testing.T, a *oidcrealm.Answer) {
			a.RedirectURI = with(t, callback, "error", "access_denied", "error_description", "no", "state", "x")
		}, want: "OpenID Connect Provider response indicates authentication failure. Code=[access_denied], Description=[no]"},
		{name: "no_state", bend: func(t *testing.T, a *oidcrealm.Answer) { a.RedirectURI = with(t, a.RedirectURI, "state", "") }, want: noState},
		{name: "no_state_kept", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.State = "" }, want: "Failed to validate the response, the user's session"},
		{name: "other_state_before_type", bend: func(t *testing.T, a *oidcrealm.Answer) {
			a.RedirectURI = with(t, a.RedirectURI, "state", "x", "code", "")
		}, want: "Invalid state parameter [x]"},
		{name: "no_code", bend: func(t *testing.T, a *oidcrealm.Answer) { a.RedirectURI = with(t, a.RedirectURI, "code", "") }, want: wrongType},
		{name: "hybrid", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.RedirectURI += "&id_token=a.b.c" }, want: wrongType},
		{name: "unknown_code", bend: func(t *testing.T, a *oidcrealm.Answer) { a.RedirectURI = with(t, a.RedirectURI, "code", "x") }, want: "Failed to exchange code for Id Token. Code=[invalid_grant]"},
		{name: "other_nonce", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.Nonce = "x" }, want: "Unexpected JWT nonce"},
		{name: "no_nonce", bend: func(_ *testing.T, a *oidcrealm.Answer) { a.Nonce = "" }, want: "Unexpected JWT nonce"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked := w.answer(t, op.Answer{})
			if tt.bend != nil {
				tt.bend(t, &asked)
			}
			user, err := w.judge(t, asked)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if got := refusal(t, user, err); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestIDTokensAndEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{realm: func(c *oidcrealm.Config) { c.OP.UserinfoEndpoint = c.OP.Issuer + "/userinfo" }})
	other := otherKey()
	const invalid = "Failed to parse or validate the ID Token"
	claims := func(pairs ...any) op.Answer {
		m := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return op.Answer{Claims: m}
	}
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	tests := []struct {
		name string
		bend op.Answer
		want string // "": fine
	}{
		{name: "two_audiences", bend: claims("aud", []any{"x", "es client"}, "azp", "es client")},
		{name: "two_audiences_without_azp", bend: claims("aud", []any{"x", "es client"}), want: "Unexpected JWT authorized party"},
		{name: "azp_of_another", bend: claims("azp", "x"), want: "Unexpected JWT authorized party"},
		{name: "audience", bend: claims("aud", "x"), want: invalid},
		{name: "no_audience", bend: claims("aud", nil), want: invalid},
		{name: "issuer", bend: claims("iss", "https://x"), want: invalid},
		{name: "no_subject", bend: claims("sub", nil), want: "Missing JWT subject"},
		{name: "no_exp", bend: claims("exp", nil), want: "Missing JWT expiration"},
		{name: "no_iat", bend: claims("iat", nil), want: "Missing JWT issue time"},
		{name: "exp_is_a_text", bend: claims("exp", "x"), want: invalid},
		{name: "no_nonce", bend: claims("nonce", nil), want: "Unexpected JWT nonce"},
		{name: "not_before_is_not_looked_at", bend: claims("nbf", at(time.Hour))},
		{name: "expired_60000_s_ago", bend: claims("exp", at(-60_000*time.Second))},
		{name: "expired_60001_s_ago", bend: claims("exp", at(-60_001*time.Second)), want: "Expired JWT"},
		{name: "issued_60000_s_ahead", bend: claims("iat", at(60_000*time.Second))},
		{name: "issued_60001_s_ahead", bend: claims("iat", at(60_001*time.Second)), want: "JWT issue time ahead"},
		{name: "unsigned", bend: op.Answer{Signing: op.Signing{Algorithm: "none"}}, want: invalid},
		{name: "algorithm_of_the_secret", bend: op.Answer{Signing: op.Signing{Algorithm: "HS256"}}, want: "Failed to"},
		{name: "other_key", bend: op.Answer{Signing: op.Signing{Key: &other}}, want: invalid},
		{name: "other_key_without_a_name", bend: op.Answer{Signing: op.Signing{Key: &other, KeyID: new("")}}, want: invalid},
		{name: "no_key_named", bend: op.Answer{Signing: op.Signing{KeyID: new("")}}},
		{name: "spoilt", bend: op.Answer{Signing: op.Signing{Spoil: true}}, want: invalid},
		{name: "wrong_at_hash", bend: claims("at_hash", "x"), want: "Failed to verify access token"},
		{name: "no_at_hash", bend: claims("at_hash", nil)},

		{name: "bearer_in_small_letters", bend: op.Answer{Token: map[string]any{"token_type": "bearer"}}, want: "Invalid access token type [bearer]"},
		{name: "no_id_token", bend: op.Answer{Token: map[string]any{"id_token": nil}}, want: "Token Response did not contain"},
		{name: "id_token_is_none", bend: op.Answer{Token: map[string]any{"id_token": "x"}}, want: invalid},
		{name: "members_of_another_type", bend: op.Answer{Token: map[string]any{"id_token": 1}}, want: "Failed to parse Token Response"},
		{name: "endpoint_ill", bend: op.Answer{TokenStatus: 503}, want: "Failed to exchange code for Id Token. Status=[503]"},
		{name: "endpoint_says_html", bend: op.Answer{TokenStatus: 400, TokenType: "text/html; charset=x"}, want: "illegal_state_exception: Unable to parse Token Response. Content type was expected to be [application/json] but was [text/html]"},
		{name: "json_with_a_charset", bend: op.Answer{TokenType: "Application/JSON; charset=utf-8"}},

		{name: "userinfo_of_another", bend: op.Answer{Userinfo: map[string]any{"sub": "x"}}, want: "Userinfo Response is not valid"},
		{name: "userinfo_of_nobody", bend: op.Answer{Userinfo: map[string]any{"sub": nil}}, want: "Userinfo Response is not valid"},
		{name: "userinfo_refuses", bend: op.Answer{UserinfoStatus: http.StatusForbidden}, want: "Failed to get user information"},
		{name: "userinfo_signed", bend: op.Answer{UserinfoType: "application/jwt"}, want: "illegal_state_exception: Unable to parse Userinfo Response. Signed"},
		{name: "userinfo_text", bend: op.Answer{UserinfoType: "text/plain"}, want: "illegal_state_exception: Unable to parse Userinfo Response. Content type"},
		{name: "userinfo_clashes", bend: op.Answer{Userinfo: map[string]any{"name": 1}}, want: "Error merging ID token and userinfo claim value for claim [name]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			user, err := w.judge(t, w.answer(t, tt.bend))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if got := refusal(t, user, err); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Of both, the ID token's primitives win, and lists are put one behind the other.
func TestUserinfoIsMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{
		realm:    func(c *oidcrealm.Config) { c.OP.UserinfoEndpoint = c.OP.Issuer + "/userinfo" },
		provider: func(c *op.Config) { c.LeanIDTokens = true },
	})
	user := w.signIn(t, op.Answer{
		Claims: map[string]any{
			"text": "token", "list": []any{"a"}, "more": []any{"a"}, "yes": true, "no": "false", "n": 1,
			"deep": map[string]any{"a": []any{"x"}, "b": "token"},
		},
		Userinfo: map[string]any{
			"text": "info", "list": []any{"a", "b"}, "more": "b", "yes": "true", "no": false, "n": 2,
			"deep": map[string]any{"a": "y", "b": "info", "c": "info"}, "extra": "info",
		},
	})
	want := map[string]any{
		"text": "token", "list": []any{"a", "a", "b"}, "more": []any{"a", "b"}, "yes": true, "no": false, "n": json.Number("1"),
		"deep": nil, "extra": "info", "name": "Jane Doe",
	}
	for name, value := range want {
		if diff := cmp.Diff(value, user.Metadata["oidc("+name+")"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if user.Principal != "jane" || !slices.Equal(user.Groups, jane.Groups) {
		t.Errorf("got %+v", user)
	}
}

func TestWaysToSign(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		realm    func(*oidcrealm.Config)
		provider func(*op.Config)
		bend     op.Answer
		want     string // "": fine
	}{
		{name: "post", realm: func(c *oidcrealm.Config) { c.RP.ClientAuthMethod = "client_secret_post" }},
		{name: "jwt", realm: func(c *oidcrealm.Config) { c.RP.ClientAuthMethod = "client_secret_jwt" }},
		{name: "wrong_secret", realm: func(c *oidcrealm.Config) { c.RP.ClientSecret = "x" }, want: "Failed to exchange code for Id Token. Status=[401]"},
		{
			name:     "secret",
			realm:    func(c *oidcrealm.Config) { c.RP.SignatureAlgorithm = "HS512" },
			provider: func(c *op.Config) { c.Clients[0].Algorithm = "HS512" },
		},
		{
			name:  "secret_expected",
			realm: func(c *oidcrealm.Config) { c.RP.SignatureAlgorithm = "HS256" },
			want:  "Failed to parse or validate the ID Token", bend: op.Answer{Claims: map[string]any{"at_hash": nil}},
		},
		{
			name:     "curve",
			realm:    func(c *oidcrealm.Config) { c.RP.SignatureAlgorithm = "ES256" },
			provider: func(c *op.Config) { c.Key = curveKey() },
		},
		{name: "id_token", realm: func(c *oidcrealm.Config) { c.RP.ResponseType, c.OP.TokenEndpoint = "id_token", "" }},
		{name: "id_token_token", realm: func(c *oidcrealm.Config) { c.RP.ResponseType = "id_token token" }},
		{
			name:  "id_token_token_needs_at_hash",
			realm: func(c *oidcrealm.Config) { c.RP.ResponseType = "id_token token" },
			bend:  op.Answer{Claims: map[string]any{"at_hash": nil}}, want: "Failed to verify access token. ID Token doesn't contain at_hash claim",
		},
		{
			name:  "id_token_token_needs_bearer",
			realm: func(c *oidcrealm.Config) { c.RP.ResponseType = "id_token token" },
			bend:  op.Answer{Extra: url.Values{"token_type": {"bearer"}}}, want: "Invalid access token type [bearer]",
		},
		{
			name:  "id_token_with_more",
			realm: func(c *oidcrealm.Config) { c.RP.ResponseType = "id_token" },
			bend:  op.Answer{Extra: url.Values{"access_token": {"x"}}}, want: "Unexpected response type [id_token token], while [id_token] is configured",
		},
		{
			name:  "strict_skew",
			realm: func(c *oidcrealm.Config) { c.StrictClockSkew = true },
			bend:  op.Answer{Claims: map[string]any{"exp": noon.Add(-61 * time.Second).Unix()}}, want: "Expired JWT",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, settings{realm: tt.realm, provider: tt.provider})
			user, err := w.judge(t, w.answer(t, tt.bend))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "":
				if got := refusal(t, user, err); !strings.HasPrefix(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}

// Nothing remembers an ID token of the implicit flow: the caller has to.
func TestImplicitAnswersCanBeShownTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{realm: func(c *oidcrealm.Config) { c.RP.ResponseType = "id_token" }})
	asked := w.answer(t, op.Answer{})
	for range 2 {
		if _, err := w.judge(t, asked); err != nil {
			t.Error(err)
		}
	}
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	fetched := func(want int64, what string) {
		t.Helper()
		if got := w.fetched.Load(); got != want {
			t.Errorf("%s: the key set was asked for %d times, want %d", what, got, want)
		}
	}
	w.signIn(t, op.Answer{})
	w.signIn(t, op.Answer{})
	fetched(1, "it is kept")
	w.op.SetKeys(otherKey())
	w.signIn(t, op.Answer{})
	fetched(2, "an unknown key")
	user, err := w.judge(t, w.answer(t, op.Answer{Claims: map[string]any{"exp": 1}}))
	if got := refusal(t, user, err); got != "Expired JWT" {
		t.Error(got)
	}
	fetched(3, "any failure")

	asked := w.answer(t, op.Answer{})
	w.down.Store(true)
	user, err = w.judge(t, asked)
	if got := refusal(t, user, err); !strings.HasPrefix(got, "illegal_state_exception") { // a 502 without a type
		t.Error(got)
	}

	empty := newWorld(t, settings{realm: func(c *oidcrealm.Config) { c.RP.ResponseType = "id_token" }})
	asked = empty.answer(t, op.Answer{})
	empty.down.Store(true)
	user, err = empty.judge(t, asked)
	if got := refusal(t, user, err); !strings.HasSuffix(got, "the key set is answered with 502") {
		t.Error(got)
	}
	empty.down.Store(false)
	if _, err := empty.judge(t, asked); err != nil {
		t.Errorf("a provider that came back: %v", err)
	}

	var file *op.OP
	w = newWorld(t, settings{realm: func(c *oidcrealm.Config) {
		c.OP.JWKSetPath, c.OP.JWKSet = "", func() ([]byte, error) { return file.JWKS() }
	}})
	file = w.op
	w.signIn(t, op.Answer{})
	w.op.SetKeys(otherKey())
	w.signIn(t, op.Answer{})
	fetched(0, "a file")
}
