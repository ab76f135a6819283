package oidc_test

import (
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/oidc"
	hidden "github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
)

// methodAt is the method partners at a cluster with these realms.
func methodAt(t testing.TB, cfg oidc.Config, realms ...oidcrealm.Config) *oidc.Method {
	t.Helper()
	es, err := standin.New(standin.Config{
		Now: atNine, Users: []standin.User{{Name: "esgateway", Password: "password-of-the-account", Roles: []string{"esgateway"}}},
		Roles: map[string]standin.Role{"esgateway": {Cluster: []string{"manage_oidc"}}}, OIDC: realms,
	})
	if err != nil {
		t.Fatal(err)
	}
	node := httptest.NewServer(es)
	t.Cleanup(node.Close)
	settings := elastic.Default()
	settings.URLs, settings.Username, settings.Password = []string{node.URL}, "esgateway", hidden.Of("password-of-the-account")
	log := slog.New(slog.DiscardHandler)
	cluster, err := elastic.New(settings, elastic.Deps{Now: atNine, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(ours)
	if err != nil {
		t.Fatal(err)
	}
	m, err := oidc.New(login.Deps{Name: "partners", Base: at, Elastic: cluster, Now: atNine, Log: log}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDiagnoseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	const (
		fits     = "ok its callback is ours, and its client at the provider is es"
		issued   = "ok its op.issuer is the method's issuer"
		scopes   = "ok asks for the scopes openid, profile, email, groups"
		known    = "ok the provider's document is that of the method's issuer"
		verified = "ok ID tokens are verified a second time (id_token: auto): the provider has keys for RS256: 1"
		heard    = "ok the provider has back-channel logout; it must know " + ours + "/backchannel-logout"
		yml      = "; write in elasticsearch.yml of every node: xpack.security.authc.realms.oidc.oidc1."
	)
	for _, tc := range []struct {
		name     string
		realm    func(*oidcrealm.Config)
		method   func(*oidc.Config)
		document func(map[string]any)
		others   func(oidcrealm.Config) []oidcrealm.Config
		want     []string
	}{
		{name: "all is well", want: []string{fits, issued, scopes, known, verified, heard}},
		{name: "the client is named", method: func(c *oidc.Config) { c.ClientID = "es" }, want: []string{fits, issued, scopes, known, verified, heard}},
		{
			name: "another client", method: func(c *oidc.Config) { c.ClientID = "gateway" },
			want: []string{`FAIL rp.client_id is "es", and client_id of the method is "gateway", so ID tokens are not for us` + yml + `rp.client_id: "gateway", or correct`, issued, scopes, known, verified, heard},
		},
		{
			name: "another callback", realm: func(c *oidcrealm.Config) { c.RP.RedirectURI = ours + "/callback/" },
			want: []string{`FAIL rp.redirect_uri is "` + ours + `/callback/", so sign-ins end elsewhere` + yml + `rp.redirect_uri: "` + ours + `/callback" and tell`, issued, scopes, known, verified, heard},
		},
		{
			name: "Kibana's realm", realm: func(c *oidcrealm.Config) {
				c.RP.RedirectURI = "https://kibana.example/base/api/security/oidc/callback"
			},
			want: []string{`FAIL rp.redirect_uri is "https://kibana.example/base/api/security/oidc/callback", which is Kibana's; a realm has one callback`, issued, scopes, known, verified, heard},
		},
		{
			name: "an old address of the provider", realm: func(c *oidcrealm.Config) { c.OP.AuthorizationEndpoint = "https://old.example/authorize?a=b" },
			want: []string{`FAIL op.authorization_endpoint is "https://old.example/authorize", and the provider's document says another one` + yml + `op.authorization_endpoint: "https://`, issued, scopes, known, verified, heard},
		},
		{
			name: "no address at all", realm: func(c *oidcrealm.Config) { c.OP.AuthorizationEndpoint = "javascript:alert(1)" },
			want: []string{"FAIL op.authorization_endpoint is no address to send people to; ", known, verified, heard},
		},
		{
			name: "another issuer in Elasticsearch", realm: func(c *oidcrealm.Config) { c.OP.Issuer += "/" },
			want: []string{fits, `FAIL op.issuer is not "https://`, scopes, known, verified, heard},
		},
		{
			name: "Kibana has the same provider", others: func(c oidcrealm.Config) []oidcrealm.Config { c.Name = "kibana"; return []oidcrealm.Config{c} },
			want: []string{fits, "ok several realms have the method's issuer, such as Kibana's", scopes, known, verified, heard},
		},
		{
			name: "only Kibana has the provider", realm: func(c *oidcrealm.Config) { c.OP.Issuer = "https://old.example" },
			others: func(c oidcrealm.Config) []oidcrealm.Config { c.Name = "kibana"; return []oidcrealm.Config{c} },
			want:   []string{fits, `FAIL op.issuer is not "https://`, scopes, known, verified, heard},
		},
		{
			name: "scopes", realm: func(c *oidcrealm.Config) { c.RP.RequestedScopes = []string{"openid", "email", "teams"} },
			want: []string{fits, issued, "ok asks for the scopes openid, email, teams; the provider does not list teams; the provider also has profile (rp.requested_scopes); the provider also has groups", known, verified, heard},
		},
		{
			name: "a response type that the provider has not", document: func(d map[string]any) { d["response_types_supported"] = []string{"id_token"} },
			want: []string{`FAIL rp.response_type is "code", which the provider does not offer` + yml + `rp.response_type: "id_token"`, issued, scopes, known, verified, heard},
		},
		{
			name: "the provider has another name", document: func(d map[string]any) { d["issuer"] = "https://new.example" },
			want: []string{
				fits, issued, scopes, `FAIL the provider calls itself "https://new.example", and the method's issuer is "https://127.0.0.1:`,
				"FAIL ID tokens cannot be verified a second time, so every sign-in is refused (id_token: auto): the provider's document is of another issuer; ", heard,
			},
		},
		{
			name: "another algorithm", method: func(c *oidc.Config) { c.SignatureAlgorithm = "ES256" },
			want: []string{
				fits, issued, scopes, "FAIL the provider signs by HS256, HS384, HS512, RS256, and signature_algorithm of the method is ES256; write signature_algorithm: RS256 in the method, and write in elasticsearch.yml",
				"FAIL ID tokens cannot be verified a second time, so every sign-in is refused (id_token: auto): none of the provider's keys is for ES256; ", heard,
			},
		},
		{
			name: "a shared secret", method: func(c *oidc.Config) { c.SignatureAlgorithm = "HS256" },
			want: []string{fits, issued, scopes, known, "ok ID tokens are signed with the client's secret (HS256), so they are not verified a second time"},
		},
		{
			name: "no keys, and they are required", method: func(c *oidc.Config) { c.IDToken = "require" }, document: func(d map[string]any) { d["jwks_uri"] = "http://idp.example/keys" },
			want: []string{fits, issued, scopes, known, "FAIL ID tokens cannot be verified a second time, so every sign-in is refused (id_token: require): jwks_uri is not https; ", heard},
		},
		{
			name: "required, and there", method: func(c *oidc.Config) { c.IDToken = "require" },
			want: []string{fits, issued, scopes, known, "ok ID tokens are verified a second time (id_token: require)", heard},
		},
		{
			name: "by choice", method: func(c *oidc.Config) { c.IDToken = "off" },
			want: []string{fits, issued, scopes, known, "ok ID tokens are not verified a second time, by choice (id_token: off)", heard},
		},
		{
			name: "the provider's authority is not known", method: func(c *oidc.Config) { c.CA = "" },
			want: []string{fits, issued, scopes, "FAIL the provider's document cannot be read from here: the provider cannot be reached: ", "FAIL ID tokens are not verified a second time, and the provider's logout tokens are refused: the provider cannot be reached: "},
		},
		{
			name: "nor needed", method: func(c *oidc.Config) { c.CA, c.IDToken = "", "off" },
			want: []string{fits, issued, scopes, "ok the provider's document cannot be read from here: ", "ok ID tokens are not verified a second time, by choice (id_token: off), and the provider's logout tokens are refused: "},
		},
		{
			name: "a provider that hears little", document: func(d map[string]any) {
				delete(d, "end_session_endpoint")
				delete(d, "backchannel_logout_supported")
				delete(d, "scopes_supported")
			},
			want: []string{fits, issued, scopes, known, verified, "ok the provider has no end_session_endpoint: ", "ok the provider does not say that it has back-channel logout: "},
		},
		{
			name: "sign-outs by person", document: func(d map[string]any) { d["backchannel_logout_session_supported"] = false },
			want: []string{fits, issued, scopes, known, verified, "ok the provider has back-channel logout, and ends all sessions of a person by it; it must know " + ours},
		},
		{
			name: "there is no such realm", method: func(c *oidc.Config) { c.Realm = "oidc9" },
			want: []string{"FAIL Elasticsearch prepares no sign-in: Cannot find OpenID Connect realm with name [oidc9]; is there an OpenID Connect realm oidc9 ", known, verified, heard},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := publish(t, "", "RS256", tc.document)
			realm := oidcrealm.Config{
				Name: "oidc1", HTTPClient: p.client,
				RP: oidcrealm.RP{
					ClientID: "es", ClientSecret: secret, ResponseType: "code", RedirectURI: ours + "/callback",
					RequestedScopes: []string{"openid", "profile", "email", "groups"}, PostLogoutRedirectURI: ours + "/logged-out",
				},
				OP: oidcrealm.OP{
					Issuer: p.issuer, AuthorizationEndpoint: p.issuer + "/authorize", TokenEndpoint: p.issuer + "/token", JWKSetPath: p.issuer + "/jwks",
				},
				Claims: oidcrealm.Claims{Principal: "preferred_username"},
			}
			realms := []oidcrealm.Config{realm}
			if tc.others != nil {
				realms = append(realms, tc.others(realm)...)
			}
			if tc.realm != nil {
				tc.realm(&realms[0])
			}
			cfg := oidc.Default()
			cfg.Realm, cfg.Issuer, cfg.CA = "oidc1", p.issuer, p.ca
			if tc.method != nil {
				tc.method(&cfg)
			}
			findings := methodAt(t, cfg, realms...).Diagnose(t.Context())
			if len(findings) != len(tc.want) {
				t.Fatalf("got %d findings, want %d: %+v", len(findings), len(tc.want), findings)
			}
			for i, f := range findings {
				got := "ok " + f.Text
				if !f.OK {
					got = "FAIL " + f.Text + "; " + f.Advice
				}
				if !strings.HasPrefix(got, tc.want[i]) {
					t.Errorf("got %q, want %q...", got, tc.want[i])
				}
			}
		})
	}
}
