package gatewaytest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/logs"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/server"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// The names that the gateway of a test uses.
const (
	Account         = "esgateway"
	AccountPassword = "gatewaytest-account-password"
	Realm           = "saml1"
	Method          = "corp"
	Prefix          = "/_gateway"
)

// Clock is the one clock of gateway, stand-in and identity provider.
type Clock struct{ at atomic.Int64 }

// Now returns the clock's time.
func (c *Clock) Now() time.Time { return time.Unix(0, c.at.Load()).UTC() }

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

// Options bend a gateway.
type Options struct {
	// Routes are further lines under `routes:` in the configuration, with two
	// blanks before the dash. {{app}}, {{es}} and {{ca}} are replaced.
	Routes string
	// OnlyRoutes leaves out the usual routes: Routes are all there are.
	OnlyRoutes bool
	// Roles of the stand-in, besides the usual ones or in the place of them.
	Roles map[string]standin.Role
	// Store is the section sessions.store; empty is an embedded one.
	Store string
	// Wrap puts something around the store, such as its outages; nil: nothing.
	Wrap func(session.Store) session.Store
	// Listen are further keys of the section listen, each after a comma.
	Listen string
	// Method are further keys of the method, each after a comma.
	Method string
	// Realm bends the stand-in's SAML realm.
	Realm func(*samlrealm.Config)
	// Elastic bends the stand-in, once the gateway's URL is known.
	Elastic func(*Gateway, *standin.Config)
	// Files are further files beside the configuration.
	Files map[string]string
	// Settings are further sections of the configuration.
	Settings string
	// Version is the stand-in's version.
	Version string
	// App serves as the application; nil is an echo of what it got.
	App http.Handler
	// People, besides alice (analyst) and bob (admin).
	People []idp.Person
}

// Gateway is a gateway that serves.
type Gateway struct {
	*server.Gateway
	// URL is the public URL.
	URL   *url.URL
	ES    *standin.Elasticsearch
	IdP   *idp.IdP
	Clock *Clock
	Ready *config.Ready
	Log   *Log
	Store session.Store
	// Metrics counts what the gateway does.
	Metrics *metrics.Set
	// AppURL and ElasticURL are the upstreams' own addresses.
	AppURL, ElasticURL string
	// address is where this node listens; people know the URL alone.
	address string
	people  []idp.Person
	wrap    func(session.Store) session.Store
	t       testing.TB
	secrets *secrets
}

// ServiceProvider is the realm as the identity provider knows it.
func (g *Gateway) ServiceProvider() idp.ServiceProvider {
	base := g.URL.String() + Prefix + "/saml/" + Method
	return idp.ServiceProvider{EntityID: "urn:test:sp", ACS: base + "/acs", Logout: base + "/slo"}
}

// Twin starts another node of the gateway, with the same configuration. It has
// the same public URL; Browser.Use sends a browser's requests there, as a balancer
// would.
func (g *Gateway) Twin() *Gateway {
	g.t.Helper()
	twin := *g
	twin.Metrics = metrics.New()
	twin.open(httptest.NewUnstartedServer(nil))
	return &twin
}

// Log keeps everything that a gateway has logged.
type Log struct {
	mu      sync.Mutex
	b       bytes.Buffer
	discard bool
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.discard {
		return len(p), nil
	}
	return l.b.Write(p)
}

// Discard keeps nothing from now on, for benchmarks.
func (l *Log) Discard() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.discard = true
}

// String is what was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Start starts a gateway; everything ends with the test.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	g := &Gateway{t: t, Clock: &Clock{}, Log: &Log{}, Metrics: metrics.New(), people: append(People(), o.People...), wrap: o.Wrap, secrets: &secrets{set: map[string]bool{AccountPassword: true}}}
	g.Clock.at.Store(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano())
	dir := t.ArtifactDir()                   // now: what is made at the end of a test may be removed already
	t.Cleanup(func() { g.leaveBehind(dir) }) // the first, so that it runs when all has ended and been logged
	front := httptest.NewUnstartedServer(nil)
	g.URL = &url.URL{Scheme: "http", Host: "localhost:" + portOf(front.Listener.Addr().String())}
	ca := g.startElastic(o)
	app := o.App
	if app == nil {
		app = http.HandlerFunc(echo)
	}
	upstream := httptest.NewServer(app)
	t.Cleanup(upstream.Close)
	g.AppURL = upstream.URL
	g.Ready = g.configure(o, ca)
	g.open(front)
	return g
}

// At is the gateway as it is reached at another address, such as a balancer's.
func (g *Gateway) At(address string) *Gateway {
	elsewhere := *g
	elsewhere.address = address
	return &elsewhere
}

// Address is where this node listens.
func (g *Gateway) Address() string { return g.address }

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// echo answers with the request as it arrived, headers and all.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a cut body is seen by its length
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "%s %s\nhost: %s\n", r.Method, r.RequestURI, r.Host)
	_ = r.Header.Write(w)
	_, _ = fmt.Fprintf(w, "\n%s", body)
}

// providerKey is the identity provider's, the same in all tests of a process:
// making one costs as much as the rest of a gateway.
//
//nolint:gochecknoglobals // a constant that takes a second to make
var providerKey = sync.OnceValues(func() (*providerPair, error) {
	key, cert, err := idp.NewKey()
	return &providerPair{key, cert}, err
})

type providerPair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

// startElastic starts identity provider and stand-in and returns the file with
// the stand-in's CA.
func (g *Gateway) startElastic(o Options) string {
	t := g.t
	signing, err := providerKey()
	must(t, err)
	base := g.URL.String() + Prefix + "/saml/" + Method
	provider := httptest.NewUnstartedServer(nil)
	g.IdP, err = idp.New(idp.Config{
		BaseURL: "http://" + provider.Listener.Addr().String(), EntityID: "urn:test:idp", Key: signing.key, Certificate: signing.cert, Now: g.Clock.Now,
		People:           g.people,
		ServiceProviders: []idp.ServiceProvider{g.ServiceProvider()},
	})
	must(t, err)
	provider.Config.Handler = g.IdP
	provider.Start()
	t.Cleanup(provider.Close)
	realm := samlrealm.Config{
		Name: Realm, IDPMetadata: func() ([]byte, error) { return g.IdP.Metadata(), nil }, IDPEntityID: "urn:test:idp",
		SPEntityID: "urn:test:sp", ACS: base + "/acs", Logout: base + "/slo",
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
	}
	if o.Realm != nil {
		o.Realm(&realm)
	}
	cluster := standin.Config{
		Version: o.Version, Now: g.Clock.Now,
		Users: []standin.User{{Name: Account, Password: AccountPassword, Roles: []string{"esgateway"}}},
		Roles: roles(o.Roles),
		RoleMappings: []standin.RoleMapping{
			{Realm: Realm, Groups: []string{"analysts"}, Roles: []string{"analyst"}},
			{Realm: Realm, Groups: []string{"admins"}, Roles: []string{"admin"}},
		},
		Indices: map[string][]standin.Document{
			"reports":  {{ID: "1", Source: map[string]any{"title": "Report"}}},
			"salaries": {{ID: "1", Source: map[string]any{"title": "Salary"}}},
		},
		SAML: []samlrealm.Config{realm},
	}
	if o.Elastic != nil {
		o.Elastic(g, &cluster)
	}
	g.ES, err = standin.New(cluster)
	must(t, err)
	es := httptest.NewUnstartedServer(g.ES)
	es.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // cut connections are meant
	es.StartTLS()
	t.Cleanup(es.Close)
	g.ElasticURL = es.URL
	ca := filepath.Join(t.TempDir(), "ca.crt")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: es.Certificate().Raw}), 0o600))
	return ca
}

// roles are the usual ones with others over them.
func roles(others map[string]standin.Role) map[string]standin.Role {
	all := map[string]standin.Role{
		"esgateway": {Cluster: []string{"manage_saml", "manage_oidc", "delegate_pki", "manage_token", "cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/xpack/license/get"}},
		"analyst":   {Indices: []standin.IndexPrivileges{{Names: []string{"reports"}, Privileges: []string{"read"}}}},
		"admin":     {Cluster: []string{"monitor"}, Indices: []standin.IndexPrivileges{{Names: []string{"*"}, Privileges: []string{"all"}}}},
	}
	maps.Copy(all, others)
	return all
}

// usualRoutes are those of a gateway whose test asks for no others.
const usualRoutes = `  - {to: ["{{app}}"], title: Application, public: [/public]}
  - {path: /es, to: ["{{app}}"], elasticsearch: true}
  - {path: /_search, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true}
  - {path: /_security/_authenticate, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true}
  - {path: /admin, to: ["{{app}}"], require: {roles: [admin]}}
`

// routes are the lines under `routes:`.
func (o Options) routes() string {
	if o.OnlyRoutes {
		return o.Routes
	}
	return usualRoutes + o.Routes
}

// People are who can sign in.
func People() []idp.Person {
	return []idp.Person{
		{Username: "alice", Password: "alice-password", FullName: "Alice Analyst", Email: "alice@example.com", Groups: []string{"analysts"}},
		{Username: "bob", Password: "bob-password", FullName: "Bob Admin", Email: "bob@example.com", Groups: []string{"admins"}},
		{Username: "nobody", Password: "nobody-password", FullName: "No Roles", Email: "n@example.com"},
	}
}

// configure writes a configuration file and reads it as the gateway does.
func (g *Gateway) configure(o Options, ca string) *config.Ready {
	t := g.t
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "keys"), []byte(session.NewKey()+"\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "password"), []byte(AccountPassword), 0o600))
	for name, text := range o.Files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	text := strings.NewReplacer("{{public}}", g.URL.String(), "{{port}}", g.URL.Port(), "{{es}}", g.ElasticURL, "{{ca}}", ca, "{{app}}", g.AppURL).Replace(`
public_url: {{public}}
listen: {address: "127.0.0.1:{{port}}"` + o.Listen + `}
operations: {address: ""}
elasticsearch: {urls: ["{{es}}"], ca: "{{ca}}", username: ` + Account + `, password_file: password}
sessions: {keys_file: keys, store: ` + cmp.Or(o.Store, "{type: embedded, path: sessions.db}") + `, stream_check: 200ms}
methods:
  - {name: ` + Method + `, type: saml, realm: ` + Realm + `, title: Corporate account` + o.Method + `}
routes:
` + o.routes() + o.Settings)
	file := filepath.Join(dir, "gateway.yaml")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	ready, err := config.Load(file, nil, plugins.Plugins())
	must(t, err)
	return ready
}

// open builds the gateway and serves it.
func (g *Gateway) open(front *httptest.Server) {
	t := g.t
	store, err := g.Ready.OpenStore(session.StoreDeps{Now: g.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	if g.wrap != nil {
		store = g.wrap(store)
	}
	g.Store = store
	log := slog.New(logs.NewECSHandler(g.Log, slog.LevelDebug))
	g.Gateway, err = server.Build(g.Ready, server.Lasting{
		Store: store, Metrics: g.Metrics, Audit: audit.New(log), Log: log, Now: g.Clock.Now,
	})
	must(t, err)
	front.Config = server.NewHTTP(g.Ready.Listen.ClientLimits, g.Handler, slog.New(slog.DiscardHandler)) // cut connections are meant
	front.Listener = server.Guard(front.Listener, g.Ready)
	front.Start()
	g.address = front.Listener.Addr().String()
	t.Cleanup(func() {
		front.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = g.Sessions.Drain(ctx) // a flight that a test left behind ends with its own limit
		_ = store.Close()
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Eventually waits for a condition, much longer than it should take.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
