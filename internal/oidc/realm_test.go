package oidc_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/oidc"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

// realmOIDC runs `gateway realm oidc`.
func realmOIDC(ctx context.Context, args ...string) (out, warnings string, err error) {
	var o, e strings.Builder
	err = oidc.Kind().Commands[0].Run(ctx, login.Call{
		Args: args, In: strings.NewReader(""), Out: &o, Err: &e, Now: atNine,
		Address: func(publicURL, method string) (*url.URL, error) {
			return url.Parse(strings.TrimSuffix(publicURL, "/") + "/_gateway/oidc/" + method)
		},
		Load: func(file string) (login.Site, error) {
			if file != "gateway.yaml" {
				return login.Site{}, errors.New("there is no file " + file)
			}
			at, err := url.Parse("https://other.example.com/auth/oidc/contractors")
			return login.Site{Methods: []login.SiteMethod{{Name: "contractors", Realm: "oidc2", Base: at}}}, err
		},
	})
	return o.String(), e.String(), err
}

func atNine() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// published is a provider that listens by TLS; change bends its document.
type published struct {
	*op.OP
	issuer, ca string
	client     *http.Client
}

const ours = "https://sso.example.com/_gateway/oidc/partners"

func publish(t testing.TB, path, algorithm string, change func(document map[string]any)) *published {
	t.Helper()
	key, err := op.NewKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	p := &published{ca: filepath.Join(t.TempDir(), "ca.crt")}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if change == nil || !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			p.ServeHTTP(w, r)
			return
		}
		seen := httptest.NewRecorder()
		p.ServeHTTP(seen, r)
		document := map[string]any{}
		if err := json.Unmarshal(seen.Body.Bytes(), &document); err != nil {
			t.Error(err)
		}
		change(document)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // refused handshakes are meant
	p.issuer = "https://" + server.Listener.Addr().String() + path
	p.OP, err = op.New(op.Config{
		Issuer: p.issuer, Key: key, Now: atNine,
		Clients: []op.Client{{ID: "es", Secret: secret, RedirectURIs: []string{ours + "/callback"}, PostLogoutRedirectURIs: []string{ours + "/logged-out"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	p.client = server.Client()
	if err := os.WriteFile(p.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// realmSettings are the settings of an OpenID Connect realm that we write (contract
// oidc 6.1, and the reference of the security settings for ssl).
var realmSettings = []string{
	"order", "rp.client_id", "rp.client_auth_method", "rp.response_type", "rp.redirect_uri", "rp.post_logout_redirect_uri", "rp.requested_scopes",
	"rp.signature_algorithm", "op.issuer", "op.authorization_endpoint", "op.token_endpoint", "op.userinfo_endpoint", "op.endsession_endpoint",
	"op.jwkset_path", "ssl.certificate_authorities", "claims.principal", "claims.groups", "claims.name", "claims.mail",
}

// printedSettings reads the realm that was printed as a node does.
func printedSettings(t *testing.T, name, printed string) map[string]any {
	t.Helper()
	_, block, _ := strings.Cut(printed, "# ---- 2.")
	block, _, _ = strings.Cut("#"+block, "# ---- 3.")
	var file map[string]map[string]any
	if err := yaml.Unmarshal([]byte(block), &file); err != nil {
		t.Fatalf("%v:\n%s", err, block)
	}
	realm := file["xpack.security.authc.realms.oidc."+name]
	if len(file) != 1 || realm == nil {
		t.Fatalf("not one realm %s:\n%s", name, block)
	}
	for setting := range realm {
		if !slices.Contains(realmSettings, setting) {
			t.Errorf("Elasticsearch has no setting %s", setting)
		}
	}
	return realm
}

// printedRealm makes the stand-in's realm of what was printed.
func printedRealm(t *testing.T, name, printed string) oidcrealm.Config {
	t.Helper()
	set := printedSettings(t, name, printed)
	text := func(setting string) string { value, _ := set[setting].(string); return value }
	var scopes []string
	list, _ := set["rp.requested_scopes"].([]any)
	for _, scope := range list {
		scopes = append(scopes, fmt.Sprint(scope))
	}
	if _, ok := set["order"].(int); !ok {
		t.Errorf("order is %v, no number", set["order"])
	}
	return oidcrealm.Config{
		Name: name,
		RP: oidcrealm.RP{
			ClientID: text("rp.client_id"), ClientSecret: secret, ResponseType: text("rp.response_type"), RedirectURI: text("rp.redirect_uri"),
			RequestedScopes: scopes, ClientAuthMethod: text("rp.client_auth_method"), SignatureAlgorithm: text("rp.signature_algorithm"),
			PostLogoutRedirectURI: text("rp.post_logout_redirect_uri"),
		},
		OP: oidcrealm.OP{
			Issuer: text("op.issuer"), AuthorizationEndpoint: text("op.authorization_endpoint"), TokenEndpoint: text("op.token_endpoint"),
			UserinfoEndpoint: text("op.userinfo_endpoint"), EndsessionEndpoint: text("op.endsession_endpoint"), JWKSetPath: text("op.jwkset_path"),
		},
		Claims: oidcrealm.Claims{
			Principal: text("claims.principal"), Groups: text("claims.groups"), Name: text("claims.name"), Mail: text("claims.mail"),
		},
	}
}

// TestWhatRealmPrintsConfigures proves it: a cluster with the printed realm signs people
// in who come from that provider.
func TestWhatRealmPrintsConfigures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, path, algorithm string
		flags                 []string
		change                func(map[string]any)
		sent                  map[string]any
		line, principal       string
	}{
		{name: "a provider that nobody knows", algorithm: "RS256", line: "client_id: \"es\", ca:", principal: "alice"},
		{name: "Keycloak, by another order", path: "/realms/corp", algorithm: "RS256", flags: []string{"--order", "7"}, line: "client_id: \"es\", ca:", principal: "alice"},
		{
			name: "AD FS", path: "/adfs", algorithm: "RS256", line: "client_id: \"es\", ca:", principal: "alice@corp.example",
			sent: map[string]any{"upn": "alice@corp.example"},
		},
		{name: "elliptic curves alone", algorithm: "ES256", line: "signature_algorithm: ES256, ca:", principal: "alice"},
		{name: "an implicit flow", algorithm: "RS256", flags: []string{"--response-type", "id_token token"}, line: "client_id: \"es\", ca:", principal: "alice"},
		{
			name: "a secret in the body", algorithm: "PS256", line: "signature_algorithm: PS256, ca:", principal: "alice",
			change: func(d map[string]any) {
				d["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt", "client_secret_post"}
			},
		},
		{
			name: "an address that needs quotes", algorithm: "RS256", line: "client_id: \"es\", ca:", principal: "alice",
			change: func(d map[string]any) {
				d["end_session_endpoint"] = "https://idp.example.com/a: \"b\" #c\\d\n  rp.client_id: x"
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := publish(t, tc.path, tc.algorithm, tc.change)
			printed, warnings, err := realmOIDC(t.Context(), append([]string{
				"--name", "oidc1", "--issuer", p.issuer, "--idp-ca", p.ca, "--client-id", "es", "--public-url", "https://sso.example.com",
			}, tc.flags...)...)
			if err != nil || tc.path != "/adfs" && warnings != "" {
				t.Fatalf("%v, %s", err, warnings)
			}
			if !strings.Contains(printed, "  - {name: partners, type: oidc, realm: oidc1, issuer: \""+p.issuer+"\", ") || !strings.Contains(printed, tc.line) {
				t.Errorf("the gateway's line is another one:\n%s", printed)
			}
			config := printedRealm(t, "oidc1", printed)
			config.HTTPClient = p.client
			realm, err := oidcrealm.New(config)
			if err != nil {
				t.Fatalf("%v:\n%s", err, printed)
			}
			asked, err := realm.Prepare(nil, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			person := op.Person{Username: "alice", FullName: "Alice A", Email: "alice@example.com", Groups: []string{"analysts"}}
			came, err := p.Respond(asked.Redirect, person, op.Answer{Claims: tc.sent})
			if err != nil {
				t.Fatal(err)
			}
			user, err := realm.Authenticate(t.Context(), atNine(), oidcrealm.Answer{RedirectURI: came, State: asked.State, Nonce: asked.Nonce})
			if err != nil || user.Principal != tc.principal {
				t.Fatalf("got %+v, %v; want %s", user, err, tc.principal)
			}
		})
	}
}

// TestWhatRealmPrintsBesides: the gateway's lines, the role, the mapping and all that
// the provider must know.
func TestWhatRealmPrintsBesides(t *testing.T) {
	t.Parallel()
	p := publish(t, "", "RS256", nil)
	printed, _, err := realmOIDC(t.Context(), "--name", "oidc2", "--issuer", p.issuer, "--idp-ca", p.ca, "--config", "gateway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const base = "https://other.example.com/auth/oidc/contractors"
	for _, want := range []string{
		"bin/elasticsearch-keystore add xpack.security.authc.realms.oidc.oidc2.rp.client_secret",
		`rp.client_id: "YOUR-CLIENT-ID"`, `rp.redirect_uri: "` + base + `/callback"`, `rp.post_logout_redirect_uri: "` + base + `/logged-out"`,
		`ssl.certificate_authorities: ["oidc/oidc2-idp-ca.crt"]`, `# Copy "ca.crt" there`, "populate_user_metadata stays true",
		"  - {name: contractors, type: oidc, realm: oidc2, issuer: ", "bin/elasticsearch-users useradd esgateway -r esgateway",
		base + "/backchannel-logout\n", base + "/frontchannel-logout\n", base + "/initiate\n",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("no %s in:\n%s", want, printed)
		}
	}
	_, mapping, _ := strings.Cut(printed, "PUT /_security/role_mapping/oidc2-first\n")
	mapping, _, _ = strings.Cut(mapping, "\n\n")
	if !json.Valid([]byte(mapping)) || !strings.Contains(mapping, `"realm.name": "oidc2"`) {
		t.Errorf("the role mapping is %s", mapping)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, role, _ := strings.Cut(string(readme), "```yaml\nesgateway:\n")
	role, _, _ = strings.Cut(role, "```")
	role = strings.ReplaceAll(role, "manage_saml", "manage_oidc")
	if role == "" || !strings.Contains(printed, "esgateway:\n"+role) {
		t.Errorf("the role is not the README's, with another privilege:\n%s", role)
	}
}

// described is a document that has all; each change is a member and its new value, nil
// to leave it out.
func described(t *testing.T, changes map[string]any) string {
	t.Helper()
	document := map[string]any{
		"issuer": "https://idp.example.com", "authorization_endpoint": "https://idp.example.com/authorize", "token_endpoint": "https://idp.example.com/token",
		"userinfo_endpoint": "https://idp.example.com/me", "end_session_endpoint": "https://idp.example.com/logout", "jwks_uri": "https://idp.example.com/keys",
		"response_types_supported": []string{"code", "token id_token"}, "scopes_supported": []string{"openid", "profile", "email", "groups"},
		"claims_supported": []string{"sub", "preferred_username", "name", "email", "groups"}, "id_token_signing_alg_values_supported": []string{"ES256", "RS256", "HS256"},
		"backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
	}
	for member, value := range changes {
		if value == nil {
			delete(document, member)
			continue
		}
		document[member] = value
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "discovery.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRealmWarnsOfWhatAProviderHasNot(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		changes map[string]any
		flags   []string
		warns   []string
		prints  []string
	}{
		{name: "all is well", prints: []string{
			`rp.requested_scopes: ["openid", "profile", "email", "groups"]`, "rp.signature_algorithm: RS256", `claims.principal: "preferred_username"`, `claims.groups: "groups"`,
			"/frontchannel-logout   (it does not say that it has this)\n", "/backchannel-logout\n",
		}},
		{
			name: "another issuer", flags: []string{"--issuer", "https://idp.example.com/"}, prints: []string{`op.issuer: "https://idp.example.com"`},
			warns: []string{`names the issuer "https://idp.example.com", and "https://idp.example.com/" was asked for`},
		},
		{
			name: "an issuer for all tenants", flags: []string{"--issuer", "https://login.microsoftonline.com/common/v2.0"}, prints: []string{"# Microsoft Entra ID"},
			changes: map[string]any{"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}, warns: []string{"ask for your own tenant's address"},
		},
		{name: "an issuer over http", changes: map[string]any{"issuer": "http://idp.example.com"}, warns: []string{`the issuer "http://idp.example.com" must be https`}},
		{
			name: "no code flow", changes: map[string]any{"response_types_supported": []string{"token id_token"}},
			warns: []string{`does not offer the response type "code": nobody will be able to sign in; it does offer "id_token token" (--response-type)`},
		},
		{name: "no flow of Elasticsearch's", changes: map[string]any{"response_types_supported": []string{"code token"}}, warns: []string{`response type "code": nobody will be able to sign in` + "\n"}},
		{name: "an implicit flow is there", flags: []string{"--response-type", "id_token token"}, changes: map[string]any{"token_endpoint": nil}, prints: []string{`rp.response_type: "id_token token"`, "this response type does not use it"}},
		{name: "no token endpoint", changes: map[string]any{"token_endpoint": nil}, warns: []string{"no token_endpoint, without which Elasticsearch does not start"}},
		{name: "it takes no secret", changes: map[string]any{"token_endpoint_auth_methods_supported": []string{"private_key_jwt"}}, warns: []string{"takes private_key_jwt at its token endpoint"}},
		{name: "a secret in a token", changes: map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_jwt"}}, prints: []string{"rp.client_auth_method: client_secret_jwt  #"}},
		{name: "no way to sign out", changes: map[string]any{"end_session_endpoint": nil}, warns: []string{"no end_session_endpoint"}},
		{
			name: "no back-channel logout", changes: map[string]any{"backchannel_logout_supported": nil}, warns: []string{"does not say that it has back-channel logout"},
			prints: []string{"/backchannel-logout    (it does not say that it has this)\n"},
		},
		{name: "a back-channel logout without a session", changes: map[string]any{"backchannel_logout_session_supported": false}, warns: []string{"do not name a session"}},
		{
			name: "secrets sign", changes: map[string]any{"id_token_signing_alg_values_supported": []string{"HS512", "HS256"}}, warns: []string{"the client's secret alone"},
			prints: []string{"rp.signature_algorithm: HS256", "signature_algorithm: HS256}"},
		},
		{name: "an algorithm that Elasticsearch has not", changes: map[string]any{"id_token_signing_alg_values_supported": []string{"EdDSA"}}, warns: []string{"by EdDSA, and Elasticsearch takes none"}},
		{name: "no algorithms said", changes: map[string]any{"id_token_signing_alg_values_supported": nil}, prints: []string{"this one all providers know.\n  rp.signature_algorithm: RS256"}},
		{name: "keys over http", changes: map[string]any{"jwks_uri": "http://idp.example.com/keys"}, warns: []string{"is not https: Elasticsearch does not start with it"}},
		{name: "no keys", changes: map[string]any{"jwks_uri": nil}, warns: []string{"has no jwks_uri"}, prints: []string{`op.jwkset_path: "oidc/oidc1-keys.json"`}},
		{
			name: "no groups", changes: map[string]any{"claims_supported": []string{"sub"}, "scopes_supported": []string{"openid"}},
			warns: []string{`have "groups"`}, prints: []string{`claims.principal: "sub"`, `rp.requested_scopes: ["openid"]`},
		},
		{name: "other names", changes: map[string]any{"claims_supported": []string{"sub", "email", "roles"}}, prints: []string{`claims.principal: "email"`, "the e-mail address", `claims.groups: "roles"`}},
		{
			name: "a document that says little", changes: map[string]any{"claims_supported": nil, "scopes_supported": nil, "response_types_supported": nil},
			warns: []string{`have "groups"`}, prints: []string{"lists no claims", `rp.requested_scopes: ["openid", "profile", "email"]`},
		},
		{
			name: "Google", changes: map[string]any{"issuer": "https://accounts.google.com"},
			prints: []string{`claims.principal: "email"`, `  # claims.groups: "groups"`, "There are no groups here", `["openid", "profile", "email"]`},
		},
		{name: "Okta", changes: map[string]any{"issuer": "https://example.okta.com/oauth2/default"}, prints: []string{"# Okta: ", `claims.groups: "groups"`}},
		{name: "GitLab", changes: map[string]any{"jwks_uri": "https://gitlab.example.com/oauth/discovery/keys"}, prints: []string{"# GitLab: ", `["openid", "profile", "email"]`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			printed, warnings, err := realmOIDC(t.Context(), append([]string{
				"--name", "oidc1", "--discovery", described(t, tc.changes), "--public-url", "https://sso.example.com",
			}, tc.flags...)...)
			if err != nil {
				t.Fatal(err)
			}
			printedSettings(t, "oidc1", printed)
			if n := strings.Count(warnings, "\n"); n != len(tc.warns) {
				t.Errorf("got %d warnings, want %d: %s", n, len(tc.warns), warnings)
			}
			for _, want := range tc.warns {
				if !strings.Contains(warnings, want) {
					t.Errorf("no %q in %s", want, warnings)
				}
			}
			for _, want := range tc.prints {
				if !strings.Contains(printed, want) {
					t.Errorf("no %q in %s", want, printed)
				}
			}
		})
	}
}

func TestRealmAsksForWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := publish(t, "", "RS256", nil)
	good := described(t, nil)
	const public = " --public-url https://sso.example.com"
	for _, tc := range []struct {
		args, wrong string
		usage       bool
	}{
		{"", "--name is missing; it is the realm's name at Elasticsearch, for example oidc1", true},
		{"--name a.b", "no name of a realm", true},
		{"--name oidc1 --discovery " + good, "--public-url", true},
		{"--name oidc1 --config gateway.yaml --discovery " + good + public, "--public-url", true},
		{"--name oidc1" + public, "--issuer is missing", true},
		{"--name oidc1 --issuer http://idp.example.com" + public, "--issuer http://idp.example.com must be https", true},
		{"--name oidc1 --response-type token --discovery " + good + public, `--response-type "token" is none`, true},
		{"--name oidc1 --discovery " + good + public + " x", "nothing is expected", true},
		{"--name oidc1 --config none.yaml --discovery " + good, "there is no file none.yaml", false},
		{"--name oidc1 --config gateway.yaml --discovery " + good, "write there, below methods: - {name: partners, type: oidc, realm: oidc1}", true},
		{"--name oidc1 --discovery nothing.json" + public, "no such file", false},
		{"--name oidc1 --discovery realm_test.go" + public, "is no discovery document", false},
		{"--name oidc1 --discovery " + described(t, map[string]any{"issuer": nil}) + public, "names no issuer", false},
		{"--name oidc1 --discovery " + described(t, map[string]any{"authorization_endpoint": "javascript:alert(1)"}) + public, "is no address to send people to", false},
		{"--name oidc1 --discovery " + described(t, map[string]any{"long": strings.Repeat("x", 1<<20)}) + public, "longer than 1 MiB", false},
		{"--name oidc1 --issuer " + p.issuer + public, "certificate", false},
		{"--name oidc1 --issuer " + p.issuer + "/nowhere --idp-ca " + p.ca + public, "says 404", false},
		{"--name oidc1 --issuer " + p.issuer + " --idp-ca realm_test.go" + public, "no certificate", false},
	} {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			printed, _, err := realmOIDC(t.Context(), strings.Fields(tc.args)...)
			if err == nil || !strings.Contains(err.Error(), tc.wrong) || errors.Is(err, login.ErrUsage) != tc.usage || printed != "" {
				t.Errorf("got %v, usage %v; want %q", err, errors.Is(err, login.ErrUsage), tc.wrong)
			}
		})
	}
}
