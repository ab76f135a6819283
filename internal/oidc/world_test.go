package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

const (
	prefix = gatewaytest.Prefix
	client = "es-client"
	secret = "the-clients-secret-of-32-characters"
)

// world is a gateway with a method of type oidc, and its provider.
type world struct {
	*gatewaytest.Gateway
	op     *op.OP
	key    op.Key
	issuer string
	// down makes the provider unreachable, discoveryDown what it publishes, keysDown its
	// keys alone; asked counts what it was asked.
	down, discoveryDown, keysDown atomic.Bool
	asked                         struct{ discovery, keys atomic.Int64 }
	// instead answers for the provider what it reports to know; nil: nothing.
	instead atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
}

// options bend a world.
type options struct {
	// method are further keys of the method, each after a comma.
	method string
	// realm bends ES's realm, provider the provider.
	realm    func(*oidcrealm.Config)
	provider func(*op.Config)
	version  string
	// slash is what stands too much at the end of the method's issuer.
	slash string
	// others are further methods, each a line of its own.
	others string
}

// start starts a world. The method's name is partners.
func start(t *testing.T, o options) *world {
	t.Helper()
	w := &world{}
	server := httptest.NewUnstartedServer(w)
	w.issuer = "http://" + server.Listener.Addr().String()
	algorithm := "RS256"
	key, err := op.NewKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	w.key = key
	w.Gateway = gatewaytest.Start(t, gatewaytest.Options{
		Version: o.version,
		Method:  "}\n  - {name: partners, type: oidc, realm: oidc1, title: Partner account, issuer: '" + w.issuer + o.slash + "'" + o.method + o.others,
		Elastic: func(g *gatewaytest.Gateway, c *standin.Config) { w.serve(t, g, c, o) },
	})
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// serve makes the provider, and the realm that trusts it.
func (w *world) serve(t *testing.T, g *gatewaytest.Gateway, c *standin.Config, o options) {
	t.Helper()
	base := g.URL.String() + prefix + "/oidc/partners"
	provider := op.Config{
		Issuer: w.issuer, Key: w.key, Now: g.Clock.Now, People: gatewaytest.People(),
		Clients: []op.Client{{
			ID: client, Secret: secret, RedirectURIs: []string{base + "/callback"}, PostLogoutRedirectURIs: []string{base + "/logged-out"},
		}},
	}
	if o.provider != nil {
		o.provider(&provider)
	}
	var err error
	if w.op, err = op.New(provider); err != nil {
		t.Fatal(err)
	}
	realm := oidcrealm.Config{
		Name: "oidc1",
		RP: oidcrealm.RP{
			ClientID: client, ClientSecret: secret, ResponseType: "code", RedirectURI: base + "/callback",
			RequestedScopes: []string{"openid", "profile", "email", "groups"}, PostLogoutRedirectURI: base + "/logged-out",
		},
		OP: oidcrealm.OP{
			Issuer: w.issuer, AuthorizationEndpoint: w.issuer + "/authorize", TokenEndpoint: w.issuer + "/token",
			EndsessionEndpoint: w.issuer + "/logout", JWKSet: w.keys,
		},
		Claims: oidcrealm.Claims{Principal: "preferred_username", Groups: "groups", Name: "name", Mail: "email"},
	}
	if o.realm != nil {
		o.realm(&realm)
	}
	c.OIDC = append(c.OIDC, realm)
	for _, m := range c.RoleMappings {
		m.Realm = "oidc1"
		c.RoleMappings = append(c.RoleMappings, m)
	}
}

// keys are the provider's, as a file at ES.
func (w *world) keys() ([]byte, error) {
	seen := httptest.NewRecorder()
	w.op.ServeHTTP(seen, httptest.NewRequest(http.MethodGet, w.issuer+"/jwks", http.NoBody))
	return seen.Body.Bytes(), nil
}

// ServeHTTP is the provider, or its outage.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		w.asked.discovery.Add(1)
	case r.URL.Path == "/jwks":
		w.asked.keys.Add(1)
	}
	if instead := w.instead.Load(); instead != nil && (*instead)(rw, r) {
		return
	}
	if w.down.Load() || w.discoveryDown.Load() && r.URL.Path != "/token" ||
		w.keysDown.Load() && r.URL.Path == "/jwks" {
		http.Error(rw, "down", http.StatusBadGateway)
		return
	}
	w.op.ServeHTTP(rw, r)
}

// begin starts a sign-in for the page and returns the provider's address.
func (w *world) begin(t *testing.T, b *gatewaytest.Browser, path string) string {
	t.Helper()
	challenged := b.Get(path)
	u, err := url.Parse(challenged.Location)
	if err != nil || challenged.Status != http.StatusSeeOther {
		t.Fatalf("GET %s: %d %q", path, challenged.Status, challenged.Location)
	}
	return w.goOn(t, b, u.RawQuery)
}

// goOn goes on from the sign-in page.
func (w *world) goOn(t *testing.T, b *gatewaytest.Browser, query string) string {
	t.Helper()
	b.Get(prefix + "/login?" + query)
	started := b.Get(prefix+"/login/partners?"+query, "Sec-Fetch-Site", "same-origin")
	if !strings.HasPrefix(started.Location, w.issuer+"/authorize?") {
		t.Fatalf("the sign-in did not start: %d %q %s", started.Status, started.Location, started.Body)
	}
	return started.Location
}

// respond is the callback's address with the provider's answer.
func (w *world) respond(t *testing.T, request, person string, a op.Answer) string {
	t.Helper()
	address, err := w.op.Respond(request, w.Person(person), a)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// answer lets the provider answer, and the browser go there: from another site.
func (w *world) answer(t *testing.T, b *gatewaytest.Browser, request, person string, a op.Answer) gatewaytest.Reply {
	t.Helper()
	return b.Get(w.respond(t, request, person, a), "Sec-Fetch-Site", "cross-site")
}

// signIn signs a person in with a session of the provider's of that id.
func (w *world) signIn(t *testing.T, person, sid string) *gatewaytest.Browser {
	t.Helper()
	b := w.Browser()
	if got := w.answer(t, b, w.begin(t, b, "/"), person, op.Answer{SID: sid}); !lives(b) {
		t.Fatalf("%s is not signed in: %d %s", person, got.Status, got.Body)
	}
	return b
}

func lives(b *gatewaytest.Browser) bool { return b.Get("/").Status == http.StatusOK }

// authentications is how often ES was asked about an answer.
func (w *world) authentications() int {
	return w.ES.Counters().Calls["POST /_security/oidc/authenticate"]
}
