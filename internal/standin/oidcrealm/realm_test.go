package oidcrealm_test

import (
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

// Each of these stops a node.
func TestSettings(t *testing.T) {
	t.Parallel()
	const key = "xpack.security.authc.realms.oidc.oidc1."
	for _, tt := range []struct {
		name string
		bend func(*oidcrealm.Config)
		want string
	}{
		{"client_id", func(c *oidcrealm.Config) { c.RP.ClientID = "" }, "The configuration setting [" + key + "rp.client_id] is required"},
		{"client_secret", func(c *oidcrealm.Config) { c.RP.ClientSecret, c.RP.ResponseType = "", "id_token" }, "The configuration setting [" + key + "rp.client_secret] is required"},
		{"jwkset_path", func(c *oidcrealm.Config) { c.OP.JWKSetPath = "" }, "The configuration setting [" + key + "op.jwkset_path] is required"},
		{"token_endpoint", func(c *oidcrealm.Config) { c.OP.TokenEndpoint = "" }, "The configuration setting [" + key + "op.token_endpoint] is required when [" + key + "rp.response_type] is set to \"code\""},
		{"principal", func(c *oidcrealm.Config) { c.Claims.Principal = "" }, "Setting [" + key + "claims.principal] is required"},
		{"response_type", func(c *oidcrealm.Config) { c.RP.ResponseType = "code id_token" }, "Invalid value [code id_token] for [" + key + "rp.response_type]. Allowed values are [code, id_token, id_token token]"},
		{"client_auth_method", func(c *oidcrealm.Config) { c.RP.ClientAuthMethod = "private_key_jwt" }, "Invalid value [private_key_jwt]"},
		{"signature_algorithm", func(c *oidcrealm.Config) { c.RP.SignatureAlgorithm = "none" }, "Invalid value [none]"},
		{"userinfo_endpoint", func(c *oidcrealm.Config) { c.OP.UserinfoEndpoint = "https://a b/%zz" }, "Invalid value [https://a b/%zz] for [" + key + "op.userinfo_endpoint]. Not a valid URI."},
		{"http_keys", func(c *oidcrealm.Config) { c.OP.JWKSetPath = "http://x/jwks" }, "The [http] protocol is not supported as it is insecure. Use [https] instead"},
		{"file_of_keys", func(c *oidcrealm.Config) { c.OP.JWKSetPath = "oidc/jwks.json" }, "Unable to create a IDTokenValidator instance"},
		{"pattern", func(c *oidcrealm.Config) { c.ClaimPatterns.DN = "(.*)" }, "Setting [" + key + "claim_patterns.dn] cannot be set unless [" + key + "claims.dn] is also set"},
		{"pattern_without_a_group", func(c *oidcrealm.Config) { c.ClaimPatterns.Name = ".*" }, "has no group"},
		{"broken_pattern", func(c *oidcrealm.Config) { c.ClaimPatterns.Name = "(" }, "missing closing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := good("https://op.example")
			tt.bend(&c)
			if _, err := oidcrealm.New(c); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	c := good("https://op.example")
	c.OP.AuthorizationEndpoint += "?tenant=a"
	c.RP.ResponseType = "id_token token"
	realm, err := oidcrealm.New(c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := realm.Prepare(new("s s"), new("n"), new(""))
	want := "https://op.example/authorize?tenant=a&scope=profile+email+groups+openid&response_type=id_token+token" +
		"&redirect_uri=https%3A%2F%2Fgateway.example%2Fcallback&state=s+s&nonce=n&client_id=es+client"
	if err != nil || p.Redirect != want || p.State != "s s" || p.Nonce != "n" {
		t.Errorf("got  %v %v\nwant %s", p, err, want)
	}
	if _, err := realm.Prepare(nil, new(" "), nil); err == nil {
		t.Error("a nonce without text")
	}
}

func TestLogoutRedirect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{realm: func(c *oidcrealm.Config) { c.OP.EndsessionEndpoint = "https://op.example/end?a=b" }})
	hint, err := oidcrealm.ReadHint(w.signIn(t, op.Answer{}).TokenMetadata)
	if err != nil {
		t.Fatal(err)
	}
	redirect, ok := w.realm.LogoutRedirect(hint)
	if !ok || !strings.HasPrefix(redirect, "https://op.example/end?a=b&id_token_hint=ey") || !strings.Contains(redirect, "&post_logout_redirect_uri=&state=") {
		t.Errorf("got %v %s", ok, redirect)
	}
	if _, ok := newWorld(t, settings{}).realm.LogoutRedirect(hint); ok {
		t.Error("a realm without an endpoint")
	}
	for want, metadata := range map[string]map[string]*string{
		"Authentication token does not have OpenID Connect metadata [id_token_hint]": {},
		"Token Metadata did not contain a valid IdToken":                             {"id_token_hint": new("x.y")},
	} {
		if _, err := oidcrealm.ReadHint(metadata); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
