package standin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

const (
	oidcPath     = "/_security/oidc/"
	oidcCallback = "https://gateway.example/oidc/callback"
	genericOIDC  = "unable to authenticate user [<OIDC Token>] for action [cluster:admin/xpack/security/oidc/authenticate]"
)

var oidcAnn = op.Person{Username: "ann", Password: "ann's", FullName: "Ann A", Email: "ann@example.org", Groups: []string{"staff"}}

// opKey is slow to make.
var opKey = sync.OnceValues(func() (op.Key, error) { return op.NewKey("RS256") })

// A provider is an OpenID provider that listens.
type provider struct {
	*op.OP
	issuer string
	client *http.Client
	server *httptest.Server
}

func newProvider(tb testing.TB, now func() time.Time) *provider {
	tb.Helper()
	key, err := opKey()
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	p := &provider{issuer: "https://" + server.Listener.Addr().String(), server: server}
	p.OP, err = op.New(op.Config{
		Issuer: p.issuer, Key: key, Now: now, People: []op.Person{oidcAnn},
		Clients: []op.Client{{ID: "gateway", Secret: "shared", RedirectURIs: []string{oidcCallback}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	server.Config.Handler = p.OP
	server.StartTLS()
	tb.Cleanup(server.Close)
	p.client = server.Client()
	return p
}

func (p *provider) realm(name string) oidcrealm.Config {
	return oidcrealm.Config{
		Name: name, HTTPClient: p.client,
		RP: oidcrealm.RP{
			ClientID: "gateway", ClientSecret: "shared", ResponseType: "code", RedirectURI: oidcCallback,
			RequestedScopes: []string{"openid", "profile", "email", "groups"}, PostLogoutRedirectURI: "https://gateway.example/out",
		},
		OP: oidcrealm.OP{
			Issuer: p.issuer, AuthorizationEndpoint: p.issuer + "/authorize", TokenEndpoint: p.issuer + "/token",
			EndsessionEndpoint: p.issuer + "/end_session?a=b", JWKSetPath: p.issuer + "/jwks",
		},
		Claims: oidcrealm.Claims{Principal: "preferred_username", Groups: "groups", Name: "name", Mail: "email"},
	}
}

func startOIDC(tb testing.TB, version string, changes ...func(*standin.Config)) (*node, *provider) {
	tb.Helper()
	var p *provider
	n := start(tb, append([]func(*standin.Config){func(c *standin.Config) {
		p = newProvider(tb, c.Now)
		c.Version = version
		c.OIDC = []oidcrealm.Config{p.realm("oidc1")}
		c.RoleMappings = []standin.RoleMapping{{Realm: "oidc1", Groups: []string{"staff"}, Roles: []string{"reader"}}}
		c.Roles["gateway"] = standin.Role{Cluster: []string{"manage_oidc", "manage_token"}}
	}}, changes...)...)
	return n, p
}

func (n *node) oidc(call string, members map[string]any) reply {
	n.tb.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		n.tb.Fatal(err)
	}
	return n.do("POST", oidcPath+call, basic("gateway"), string(body))
}

// oidcAnswer begins a sign-in and lets the provider answer; it gives the body of
// authenticate.
func (n *node) oidcAnswer(p *provider, how op.Answer) map[string]any {
	n.tb.Helper()
	prepared := n.fields(n.oidc("prepare", map[string]any{"realm": "oidc1"}))
	address, _ := prepared["redirect"].(string)
	callback, err := p.Respond(address, oidcAnn, how)
	if err != nil {
		n.tb.Fatal(err)
	}
	return map[string]any{"realm": "oidc1", "redirect_uri": callback, "state": prepared["state"], "nonce": prepared["nonce"]}
}

func (n *node) oidcSignIn(p *provider) pair {
	n.tb.Helper()
	return n.pair(n.oidc("authenticate", n.oidcAnswer(p, op.Answer{})))
}

func TestOIDCPrepare(t *testing.T) {
	t.Parallel()
	n, p := startOIDC(t, "9.5.0")
	a := n.oidc("prepare", map[string]any{"realm": "oidc1", "state": "s", "nonce": "n", "login_hint": "ann@example.org"})
	want := `{"redirect":"` + p.issuer + `/authorize?login_hint=ann%40example.org&scope=openid+profile+email+groups&response_type=code` +
		`&redirect_uri=https%3A%2F%2Fgateway.example%2Foidc%2Fcallback&state=s&nonce=n&client_id=gateway","state":"s","nonce":"n","realm":"oidc1"}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	a = n.oidc("prepare", map[string]any{"iss": p.issuer, "login_hint": " "})
	m := n.fields(a)
	if state, nonce := m["state"].(string), m["nonce"].(string); len(state) != 43 || len(nonce) != 43 || state == nonce || strings.Contains(a.body, "login_hint") {
		t.Errorf("made state and nonce: %s", a.body)
	}
	for name, tc := range map[string]struct {
		members      map[string]any
		status       int
		kind, reason string
	}{
		"neither":        {map[string]any{"realm": " "}, 400, "action_request_validation_exception", "Validation Failed: 1: one of [realm, issuer] must be provided;"},
		"both":           {map[string]any{"realm": "oidc1", "iss": "x"}, 400, "action_request_validation_exception", "Validation Failed: 1: only one of [realm, issuer] can be provided in the same request;"},
		"unknown name":   {map[string]any{"realm": "x"}, 500, "security_exception", "Cannot find OpenID Connect realm with name [x]"},
		"unknown issuer": {map[string]any{"iss": p.issuer + "/"}, 500, "security_exception", "Cannot find OpenID Connect realm with issuer [" + p.issuer + "/]"},
		"blank state":    {map[string]any{"realm": "oidc1", "state": " "}, 400, "illegal_argument_exception", "The value must not be null or empty string"},
	} {
		t.Run(name, func(t *testing.T) {
			n.refused(n.oidc("prepare", tc.members), tc.status, tc.kind, tc.reason)
		})
	}
}

func TestOIDCSignIn(t *testing.T) {
	t.Parallel()
	n, p := startOIDC(t, "9.5.0")
	asked := n.oidcAnswer(p, op.Answer{SID: "s1", Claims: map[string]any{"address": map[string]any{"a": "b"}}})
	a := n.oidc("authenticate", asked)
	got := n.pair(a)
	m := n.fields(a)
	authentication, _ := m["authentication"].(map[string]any)
	metadata, _ := authentication["metadata"].(map[string]any)
	hint, _ := metadata["oidc(id_token_hint)"].(string)
	nonce, _ := asked["nonce"].(string)
	head := `{"username":"ann","access_token":"` + got.access + `","refresh_token":"` + got.refresh + `","expires_in":1200,` +
		`"authentication":{"username":"ann","roles":["reader"],"full_name":"Ann A","email":"ann@example.org","metadata":{`
	tail := `},"enabled":true,"authentication_realm":{"name":"oidc1","type":"oidc"},"lookup_realm":{"name":"oidc1","type":"oidc"},"authentication_type":"realm"}}`
	if !strings.HasPrefix(a.body, head) || !strings.HasSuffix(a.body, tail) {
		t.Errorf("got  %s\nwant %s...%s", a.body, head, tail)
	}
	for _, member := range []string{
		`"oidc(aud)":["gateway"]`, `"oidc(email_verified)":true`, `"oidc(groups)":["staff"]`, `"oidc(iss)":"` + p.issuer + `"`,
		`"oidc(nonce)":"` + nonce + `"`, `"oidc(sid)":"s1"`, `"oidc(sub)":"` + op.Subject(oidcAnn) + `"`, `"oidc(auth_time)":`,
	} {
		if !strings.Contains(a.body, member) {
			t.Errorf("no %s in %s", member, a.body)
		}
	}
	for _, name := range []string{"oidc(exp)", "oidc(iat)", "oidc(address)"} {
		if _, there := metadata[name]; there {
			t.Errorf("%s is there: %s", name, a.body)
		}
	}
	if strings.Count(hint, ".") != 2 {
		t.Errorf("id_token_hint: %q", hint)
	}
	if a := n.do("GET", "/logs-1/_search", bearer(got.access), ""); a.status != http.StatusOK {
		t.Errorf("search with the token: %s", a.body)
	}
	n.refused(n.oidc("authenticate", asked), http.StatusUnauthorized, "security_exception", genericOIDC) // the code is used
}

func TestOIDCLogout(t *testing.T) {
	t.Parallel()
	n, p := startOIDC(t, "9.5.0")
	first := n.oidcSignIn(p)
	p2 := n.pair(n.refresh(first.refresh)) // keeps what logout needs
	n.clock.advance(time.Hour)
	a := n.oidc("logout", map[string]any{"token": p2.access, "refresh_token": p2.refresh})
	redirect, err := url.Parse(n.fields(a)["redirect"].(string))
	if err != nil {
		t.Fatal(err)
	}
	q := redirect.Query()
	if a.status != http.StatusOK || len(q) != 4 || q.Get("a") != "b" || q.Get("post_logout_redirect_uri") != "https://gateway.example/out" ||
		len(q.Get("state")) != 43 || strings.Count(q.Get("id_token_hint"), ".") != 2 {
		t.Errorf("logout: %d %s", a.status, a.body)
	}
	n.oauth(n.refresh(p2.refresh), "invalid_grant", "token has been invalidated")
	n.refused(n.whoami(bearer(p2.access)), http.StatusUnauthorized, "security_exception", "token expired")

	p3 := n.oidcSignIn(p)
	n.refused(n.oidc("logout", map[string]any{"token": ""}), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: token is missing;")
	n.refused(n.oidc("logout", map[string]any{"token": p3.access, "refresh_token": ""}), http.StatusBadRequest,
		"illegal_argument_exception", "refresh token must be provided")
	n.refused(n.oidc("logout", map[string]any{"token": "x", "refresh_token": p3.refresh}), http.StatusInternalServerError,
		"security_exception", "supplied token is not valid")
	n.oauth(n.refresh(p3.refresh), "invalid_grant", "token has been invalidated")
	n.refused(n.oidc("logout", map[string]any{"token": n.signIn("bob").access}), http.StatusBadRequest, "illegal_argument_exception",
		"Access token is not valid for an OpenID Connect realm")
}
