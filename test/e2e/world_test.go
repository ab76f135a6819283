package e2e_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
	"github.com/esgateway/esgateway/test/parts"
)

// account is the gateway's own in Elasticsearch.
const account, accountPassword = "esgateway", "the-gateways-own-password"

// world is a whole installation: Elasticsearch (the stand-in, in this process, over
// TLS), an identity provider, an application, and the gateway as a process.
type world struct {
	origin  string // the gateway's
	es      *standin.Elasticsearch
	idp     *parts.IdentityProvider
	gateway *parts.Process
	browser *parts.Browser
	client  *http.Client // of an API client
	wire    *wire

	program, config string
	ops             string
	openID          []openID

	authority *parts.CA // of all servers
	cards     *parts.CA // of people's client certificates, where there are any
	profile   *parts.Profile
	hosts     []string // that the browser finds
	origins   []string // that ask for a card
}

// setting is what differs between worlds.
type setting struct {
	// secure: https and two registrable names, else plain http on localhost, as the demo is.
	secure  bool
	further []string // hosts that are routes of their own to the same application
	// start starts the identity provider; nil: SimpleSAMLphp.
	start func(testing.TB, parts.IdentityProviderConfig) *parts.IdentityProvider
	// peer is what the identity provider is to know of Elasticsearch's realm, besides
	// its addresses and keys, which come later.
	peer    parts.SAMLPeer
	method  string // further keys of the method, as ", key: value"; encryption.key is the realm's
	program string // the gateway; empty: it is built
	// openID are methods of OpenID Connect besides that of SAML, or alone.
	openID      []openID
	withoutSAML bool
	// card is the name in the client certificate that the browser's owner has, and makes
	// a method of it; empty: nobody is asked for one.
	card string
}

// newWorld starts everything, with SimpleSAMLphp.
func newWorld(t *testing.T, secure bool, further ...string) *world {
	t.Helper()
	return newWorldOf(t, setting{secure: secure, further: further})
}

func startSimpleSAMLphp(t testing.TB, c parts.IdentityProviderConfig) *parts.IdentityProvider {
	t.Helper()
	return &parts.StartSimpleSAMLphp(t, c).IdentityProvider
}

func buildGateway(t *testing.T) string {
	t.Helper()
	return parts.Build(t, "./cmd/gateway", "-race")
}

// newWorldOf starts everything.
func newWorldOf(t *testing.T, s setting) *world {
	t.Helper()
	authority := parts.NewCA(t)
	port, ops := parts.FreePort(t), parts.FreePort(t)
	w := &world{
		origin: fmt.Sprintf("http://localhost:%d", port),
		ops:    "http://" + parts.Loopback(ops),
		client: authority.Client(),
		wire:   &wire{},

		authority: authority,
		hosts:     append(s.further, gatewayHost, identityHost, elsewhere),
	}
	idpHost := ""
	if s.secure {
		w.origin, idpHost = fmt.Sprintf("https://%s:%d", gatewayHost, port), identityHost
	}

	key, encryption := parts.SigningKey(t, "service provider"), parts.SigningKey(t, "service provider, encryption")
	s.peer.EntityID, s.peer.Certificate, s.peer.EncryptionCertificate = entityID, &key, &encryption
	s.peer.ACS, s.peer.SLO = w.origin+"/_gateway/saml/corp/acs", w.origin+"/_gateway/saml/corp/slo"
	if s.start == nil {
		s.start = startSimpleSAMLphp
	}
	w.openID = addressed(w.origin, s.openID)
	if !s.withoutSAML || len(s.openID) > 0 {
		w.idp = s.start(t, parts.IdentityProviderConfig{
			Host: idpHost, CA: authority, Port: parts.FreePort(t), Peer: s.peer, Clients: clientsOf(w.openID),
		})
	}
	if s.card != "" {
		w.cards = parts.NewCA(t)
	}
	elasticsearch := w.startElasticsearch(t, authority, s)
	app := httptest.NewServer(newApplication(elasticsearch, authority))
	t.Cleanup(app.Close)

	if w.program = s.program; w.program == "" {
		w.program = buildGateway(t)
	}
	w.config = filepath.Join(t.TempDir(), "gateway.yaml")
	parts.WriteFiles(t, encryption, filepath.Dir(w.config), "encryption")
	w.configure(t, authority, configuration{
		port: port, ops: ops, secure: s.secure, elasticsearch: elasticsearch, app: app.URL, further: s.further, methods: w.methods(s),
	})
	w.start(t)
	if s.card == "" {
		w.browser = parts.StartBrowser(t, authority, w.hosts...)
		return w
	}
	w.origins = []string{w.origin}
	for _, host := range s.further {
		w.origins = append(w.origins, w.originOf(t, host)) // our listener asks whatever name is wanted
	}
	w.profile = parts.NewProfile(t, w.origins...)
	w.profile.Insert(t, w.cards.Card(t, s.card, "card@example.test"))
	w.browser = w.profile.Start(t, authority, w.hosts...)
	return w
}

// startElasticsearch starts the stand-in with a role model: people of the group dev
// are analysts and see the incidents, all others only the reports.
func (w *world) startElasticsearch(t *testing.T, authority *parts.CA, s setting) (address string) {
	t.Helper()
	read := func(indices ...string) standin.Role {
		return standin.Role{Indices: []standin.IndexPrivileges{{Names: indices, Privileges: []string{"read"}}}}
	}
	config := standin.Config{
		Now:   time.Now,
		Users: []standin.User{{Name: account, Password: accountPassword, Roles: []string{"esgateway"}}},
		Roles: map[string]standin.Role{
			"esgateway": {Cluster: []string{
				"manage_saml", "manage_oidc", "manage_token", "cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/xpack/license/get",
			}},
			"analyst": read("reports", "incidents"), "reader": read("reports"),
		},
		RoleMappings: roleMappings("saml1"),
		Indices: map[string][]standin.Document{
			"reports":   {{ID: "1", Source: map[string]any{"title": "Quarterly report"}}},
			"incidents": {{ID: "2", Source: map[string]any{"title": "Disk full on db1"}}},
		},
	}
	if !s.withoutSAML {
		config.SAML = []samlrealm.Config{w.samlRealm(s.peer)}
	}
	for _, realm := range w.oidcRealms(t, authority) {
		config.OIDC = append(config.OIDC, realm)
		config.RoleMappings = append(config.RoleMappings, roleMappings(realm.Name)...)
	}
	if w.cards != nil {
		config.PKI = []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{w.cards.Certificate()}, DelegationEnabled: true}}
		config.RoleMappings = append(config.RoleMappings, standin.RoleMapping{Realm: "pki1", Users: []string{s.card}, Roles: []string{"analyst"}})
		own := config.Roles["esgateway"]
		own.Cluster = append(own.Cluster, "delegate_pki")
		config.Roles["esgateway"] = own
	}
	es, err := standin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.es, w.wire.elasticsearch = es, es
	port := parts.FreePort(t)
	authority.Serve(t, port, w.wire, "127.0.0.1")
	return "https://" + parts.Loopback(port)
}

func roleMappings(realm string) []standin.RoleMapping {
	return []standin.RoleMapping{
		{Realm: realm, Groups: []string{"dev"}, Roles: []string{"analyst"}},
		{Realm: realm, Groups: []string{"users"}, Roles: []string{"reader"}},
	}
}

func (w *world) samlRealm(peer parts.SAMLPeer) samlrealm.Config {
	key, encryption := peer.Certificate, peer.EncryptionCertificate
	return samlrealm.Config{
		Name:        "saml1",
		IDPMetadata: func() ([]byte, error) { return w.idp.Metadata, nil },
		IDPEntityID: w.idp.EntityID, SPEntityID: entityID,
		ACS: peer.ACS, Logout: peer.SLO,
		SigningKey: key.PrivateKey.(*rsa.PrivateKey), SigningCertificate: key.Leaf,
		EncryptionKeys: []*rsa.PrivateKey{encryption.PrivateKey.(*rsa.PrivateKey)}, EncryptionCertificates: []*x509.Certificate{encryption.Leaf},
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
	}
}

// methods are the lines of the gateway's methods.
func (w *world) methods(s setting) string {
	var lines strings.Builder
	if !s.withoutSAML {
		fmt.Fprintf(&lines, "  - {name: corp, type: saml, realm: saml1, title: Corporate account%s}\n", s.method)
	}
	for _, o := range w.openID {
		fmt.Fprintf(&lines, "  - {name: %s, type: oidc, realm: %s, title: Account at %s, issuer: %q, ca: ca.crt, id_token: require%s}\n",
			o.name, o.realm(), o.name, w.idp.Issuer(o.client), o.settings)
	}
	if w.cards != nil {
		lines.WriteString("  - {name: card, type: pki, from: tls, realm: pki1, title: Smart card, ca: cards.crt}\n")
	}
	return lines.String()
}

type configuration struct {
	port, ops          int
	secure             bool
	elasticsearch, app string
	further            []string
	methods            string
}

// configure writes the gateway's configuration file and the files that it names.
func (w *world) configure(t *testing.T, authority *parts.CA, c configuration) {
	t.Helper()
	dir := filepath.Dir(w.config)
	listen := fmt.Sprintf("{address: 127.0.0.1:%d}", c.port)
	host := "localhost"
	if c.secure {
		host = gatewayHost
		asks := ""
		if w.cards != nil {
			asks = ", client_certificates: request"
			parts.Write(t, filepath.Join(dir, "cards.crt"), w.cards.PEM())
		}
		listen = fmt.Sprintf("{address: 127.0.0.1:%d, cert: tls.crt, key: tls.key%s}", c.port, asks)
		parts.WriteFiles(t, authority.Issue(t, append(c.further, gatewayHost)...), dir, "tls")
	}
	parts.Write(t, filepath.Join(dir, "ca.crt"), authority.PEM())
	parts.Write(t, filepath.Join(dir, "es-password"), []byte(accountPassword+"\n"))
	parts.Write(t, w.config, fmt.Appendf(nil, `
public_url: %s
listen: %s
operations: {address: 127.0.0.1:%d}
elasticsearch: {urls: [%s], ca: ca.crt, username: %s, password_file: es-password}
sessions: {keys_file: keys, store: {type: embedded, path: sessions.db}}
methods:
%sroutes:
  - {host: %s, to: [%s], public: [/public/]}
%s`, w.origin, listen, c.ops, c.elasticsearch, account, c.methods, host, c.app, c.furtherRoutes()))

	keys, err := exec.CommandContext(t.Context(), w.program, "keys", "new").Output()
	if err != nil {
		t.Fatalf("gateway keys new: %v", err)
	}
	parts.Write(t, filepath.Join(dir, "keys"), keys)
	w.wire.remember(strings.TrimSpace(string(keys)))
}

func (c configuration) furtherRoutes() string {
	var lines strings.Builder
	for _, host := range c.further {
		fmt.Fprintf(&lines, "  - {host: %s, to: [%s]}\n", host, c.app)
	}
	return lines.String()
}

// start starts the gateway and waits until it can serve.
func (w *world) start(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.program, "serve", "--config", w.config)
	cmd.Dir = filepath.Dir(w.config)
	if len(w.openID) > 0 {
		cmd.Env = append(os.Environ(), "HTTPS_PROXY="+parts.StartProxy(t)) // to the provider, whose name no resolver knows
	}
	w.gateway = parts.Start(t, "gateway", cmd)
	w.gateway.Ready(t, func(ctx context.Context) error {
		status, body, err := w.get(ctx, w.ops+"/readyz", nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d: %s", status, body)
		}
		return err
	})
}

func (w *world) get(ctx context.Context, address string, header http.Header) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	if header != nil {
		request.Header = header
	}
	response, err := w.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// metric is the value of a line of /metrics, or "".
func (w *world) metric(t *testing.T, series string) string {
	t.Helper()
	_, body, err := w.get(t.Context(), w.ops+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// noSecrets reads all that the gateway has written and looks for what it must not hold;
// it also leaves the secrets for the search through the output of the whole suite.
func (w *world) noSecrets(t *testing.T, tabs ...*parts.Tab) {
	t.Helper()
	for _, tab := range tabs {
		for _, cookie := range tab.Cookies(w.origin) {
			w.wire.remember(cookie.Value)
		}
	}
	if n := len(w.wire.secrets()); n < 5 {
		t.Fatalf("only %d secrets went over the wire: the test looks at the wrong one", n)
	}
	w.logsNoSecrets(t, 2) // it was started twice
}

// logsNoSecrets does that for a gateway that was started so many times.
func (w *world) logsNoSecrets(t *testing.T, starts int) {
	t.Helper()
	w.wire.remember(accountPassword)
	secrets := w.wire.secrets()
	parts.Write(t, filepath.Join(t.ArtifactDir(), "secrets.txt"), []byte(strings.Join(secrets, "\n")))
	logs, err := filepath.Glob(filepath.Join(filepath.Dir(w.gateway.Log), "gateway*.log"))
	if err != nil || len(logs) != starts {
		t.Fatalf("logs of the gateway: %q, %v", logs, err)
	}
	for _, name := range logs {
		log, err := os.ReadFile(name)
		if err != nil || len(log) == 0 {
			t.Errorf("the gateway has logged nothing (%v)", err)
		}
		for _, secret := range secrets {
			if bytes.Contains(log, []byte(secret)) {
				t.Errorf("the gateway logs a secret that starts with %s", secret[:6])
			}
		}
	}
}

// wire stands between the gateway and Elasticsearch and remembers every secret that
// goes by.
type wire struct {
	elasticsearch http.Handler

	mu      sync.Mutex
	known   []string
	pairs   []pair
	answers []string // of OpenID providers, as addresses
}

// pair is a token pair in the order of creation.
type pair struct{ access, refresh string }

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.learn(body)
	recorder := httptest.NewRecorder()
	w.elasticsearch.ServeHTTP(recorder, r)
	if strings.HasPrefix(r.URL.Path, "/_security/") {
		w.learn(recorder.Body.Bytes())
	}
	for name, values := range recorder.Header() {
		rw.Header()[name] = values
	}
	rw.WriteHeader(recorder.Code)
	_, _ = rw.Write(recorder.Body.Bytes())
}

func (w *wire) learn(message []byte) {
	var fields struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Token   string `json:"token"`
		Content string `json:"content"`
		Query   string `json:"query_string"`
		Answer  string `json:"redirect_uri"` // OpenID Connect's, with a code or a token in it
	}
	if json.Unmarshal(message, &fields) != nil {
		return
	}
	w.remember(fields.Access, fields.Refresh, fields.Token, fields.Content, fields.Query, fields.Answer)
	w.remember(secretsOf(message, fields.Answer)...)
	w.mu.Lock()
	defer w.mu.Unlock()
	if fields.Answer != "" {
		w.answers = append(w.answers, fields.Answer)
	}
	if fields.Access != "" && fields.Refresh != "" {
		w.pairs = append(w.pairs, pair{access: fields.Access, refresh: fields.Refresh})
	}
}

func (w *wire) remember(secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range secrets {
		if len(s) >= 12 && !slices.Contains(w.known, s) {
			w.known = append(w.known, s)
		}
	}
}

func (w *wire) secrets() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.known)
}

// tokens are the pairs that Elasticsearch has made, in order.
func (w *wire) tokens() []pair {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.pairs)
}
