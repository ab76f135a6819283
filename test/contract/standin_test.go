package contract

// The only file that knows the stand-in: it starts it and moves its clock and faults.

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// controls are what only the stand-in has.
type controls struct {
	clock *clock
	es    *standin.Elasticsearch
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *controls) now() time.Time { return c.clock.Now() }

func (c *controls) advance(d time.Duration) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	c.clock.now = c.clock.now.Add(d)
}

func (c *controls) tokensIndex(state string) {
	c.es.SetFaults(standin.Faults{TokensIndex: standin.IndexState(state)})
}

func (c *controls) tokenServiceOff()          { c.es.SetFaults(standin.Faults{TokenServiceOff: true}) }
func (c *controls) license(kind string)       { c.es.SetFaults(standin.Faults{License: kind}) }
func (c *controls) refreshBreaks()            { c.es.SetFaults(standin.Faults{RefreshBetweenWrites: true}) }
func (c *controls) createFails()              { c.es.SetFaults(standin.Faults{CreateFails: true}) }
func (c *controls) skew(by time.Duration)     { c.es.SetFaults(standin.Faults{ClockSkew: by}) }
func (c *controls) status(code int)           { c.es.SetFaults(standin.Faults{Status: code}) }
func (c *controls) readsLag(by time.Duration) { c.es.SetFaults(standin.Faults{ReadLag: by}) }

func (c *controls) healthy() { c.es.SetFaults(standin.Faults{}) }

func (c *controls) securityIndexDown() {
	c.es.SetFaults(standin.Faults{SecurityIndexDown: true})
}

func (c *controls) challengesOfTheStart() {
	c.es.SetFaults(standin.Faults{StartupChallenges: true})
}

// disable takes roles and entry from a user.
func (c *controls) disable(name string) {
	c.es.SetUser(standin.User{Name: name, Password: password, Disabled: true})
}

// counted are documents in the tokens index, reads of them by bearer requests, and
// pairs made by refreshing.
func (c *controls) counted() (documents, reads, pairs int) {
	n := c.es.Counters()
	return n.TokenDocuments, n.BearerReads, n.RefreshedPairs
}

// startStandin starts what deploy/contract describes.
func startStandin(t *testing.T, version string) *server {
	t.Helper()
	return startWith(t, version, func(*standin.Config) {})
}

// startWithOneRealm is the same with a single SAML realm.
func startWithOneRealm(t *testing.T, version string) *server {
	t.Helper()
	return startWith(t, version, func(c *standin.Config) { c.SAML = c.SAML[:1] })
}

// startWithAnonymous is the same with an anonymous user who may read an index.
func startWithAnonymous(t *testing.T, version string) *server {
	t.Helper()
	return startWith(t, version, func(c *standin.Config) { c.AnonymousRoles = []string{"contract_reader"} })
}

func startWith(t *testing.T, version string, change func(*standin.Config)) *server {
	t.Helper()
	moved, provider := &clock{now: time.Now()}, newEndpoints()
	config := standin.Config{
		Version: version,
		Now:     moved.Now,
		Users:   users(),
		Roles:   roles(),
		SAML:    []samlrealm.Config{saml1(t), saml2(t), saml3(t)},
		OIDC:    oidcRealms1To4(provider),
		PKI:     pkiRealmsOf(t),
		RoleMappings: []standin.RoleMapping{
			{Realm: "saml1", Groups: []string{"readers"}, Roles: []string{"contract_reader"}},
			{Realm: "oidc1", Groups: []string{"readers"}, Roles: []string{"contract_reader"}},
			{Realm: "pki1", Users: []string{"pki.contract.test"}, Roles: []string{"contract_reader"}},
		},
		Indices: map[string][]standin.Document{
			"contract-logs": {
				{ID: "1", Source: map[string]any{"message": "one", "level": "info"}},
				{ID: "2", Source: map[string]any{"message": "two", "level": "warn"}},
			},
			"contract-secret": {{ID: "1", Source: map[string]any{"message": "hidden"}}},
		},
		ClusterName: "contract",
	}
	change(&config)
	es, err := standin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := es.Server()
	var serving sync.WaitGroup
	serving.Go(func() { _ = srv.Serve(listener) })
	t.Cleanup(func() {
		srv.Close()
		serving.Wait()
	})
	return &server{
		host:     listener.Addr().String(),
		gateway:  account{"esgateway", password},
		release:  parseRelease(t, version),
		controls: &controls{clock: moved, es: es},

		endpoints: provider,
	}
}

// users are those of deploy/contract/users and users_roles, and the disabled one of accounts.sh.
func users() []standin.User {
	with := func(name string, roles ...string) standin.User {
		return standin.User{Name: name, Password: password, Roles: roles}
	}
	disabled := with("contract-disabled")
	disabled.Disabled = true
	return []standin.User{
		disabled,
		with("esgateway", "esgateway"),
		with("contract-joe", "contract_none"),
		with("contract-reader", "contract_reader"),
		with("contract-writer", "contract_writer"),
		with("contract-runner", "contract_runner"),
		with("contract-saml", "contract_saml"),
		with("contract-oidc", "contract_oidc"),
		with("contract-pki", "contract_pki"),
		with("contract-security", "contract_security"),
		with("contract-tokens", "contract_tokens"),
		with("contract-other", "contract_tokens"),
		with("contract-keys", "contract_keys"),
		with("contract-granter", "contract_granter"),
		with("contract-profiles", "contract_profiles"),
	}
}

// roles are those of deploy/contract/roles.yml.
func roles() map[string]standin.Role {
	return map[string]standin.Role{
		"esgateway": {Cluster: []string{
			"manage_saml", "manage_oidc", "delegate_pki", "manage_token",
			"cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/xpack/license/get",
		}},
		"contract_none": {},
		"contract_reader": {
			Cluster: []string{"monitor"},
			Indices: []standin.IndexPrivileges{{Names: []string{"contract-logs"}, Privileges: []string{"read"}}},
		},
		"contract_writer": {
			Cluster: []string{"monitor"},
			Indices: []standin.IndexPrivileges{{Names: []string{"contract-*"}, Privileges: []string{"all"}}},
		},
		"contract_runner": {RunAs: []string{"contract-reader", "contract-tokens"}},
		"contract_saml":   {Cluster: []string{"manage_saml"}},
		"contract_oidc":   {Cluster: []string{"manage_oidc"}},
		"contract_pki":    {Cluster: []string{"delegate_pki"}},
		"contract_tokens": {Cluster: []string{"manage_token"}},

		"contract_security": {Cluster: []string{"manage_security"}},
		"contract_keys":     {Cluster: []string{"manage_own_api_key", "manage_token", "monitor"}},

		"contract_granter":  {Cluster: []string{"grant_api_key"}},
		"contract_profiles": {Cluster: []string{"manage_user_profile"}},
	}
}

// The realms of deploy/contract/elasticsearch.yml.

func saml1(t *testing.T) samlrealm.Config {
	t.Helper()
	return samlrealm.Config{
		Name: "saml1", IDPMetadata: file("idp-metadata.xml"), IDPEntityID: idpEntity,
		SPEntityID: realm1.sp, ACS: realm1.acs, Logout: realm1.logout,
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
	}
}

func saml2(t *testing.T) samlrealm.Config {
	t.Helper()
	return samlrealm.Config{
		Name: "saml2", IDPMetadata: file("idp-metadata.xml"), IDPEntityID: idpEntity, NoSingleLogout: true,
		SPEntityID: realm2.sp, ACS: realm2.acs, NameIDFormat: persistent,
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups"},
		SigningKey: readKey(t, "sp.key"), SigningCertificate: readCertificate(t, "sp.crt"),
		EncryptionKeys: []*rsa.PrivateKey{readKey(t, "sp.key")}, EncryptionCertificates: []*x509.Certificate{readCertificate(t, "sp.crt")},
	}
}

func saml3(t *testing.T) samlrealm.Config {
	t.Helper()
	return samlrealm.Config{
		Name: "saml3", IDPMetadata: file("plain-metadata.xml"), IDPEntityID: plainEntity,
		SPEntityID: realm3.sp, ACS: realm3.acs, Logout: realm3.logout,
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups"},
	}
}

// overTheDesk brings requests of the stand-in to the provider without a network.
type overTheDesk struct{ to *endpoints }

func (o overTheDesk) RoundTrip(r *http.Request) (*http.Response, error) {
	o.to.mu.Lock()
	down := o.to.down
	o.to.mu.Unlock()
	if down {
		return nil, errors.New("the provider is down")
	}
	seen := httptest.NewRecorder()
	o.to.ServeHTTP(seen, r)
	return seen.Result(), nil
}

func oidcRealms1To4(provider *endpoints) []oidcrealm.Config {
	realm := func(r opRealm, responseType string) oidcrealm.Config {
		return oidcrealm.Config{
			Name: r.name, HTTPClient: &http.Client{Transport: overTheDesk{provider}},
			RP:     oidcrealm.RP{ClientID: r.client, ClientSecret: opSecret, ResponseType: responseType, RedirectURI: r.callback},
			OP:     oidcrealm.OP{Issuer: r.issuer, AuthorizationEndpoint: r.issuer + "/auth", JWKSet: file("jwks.json")},
			Claims: oidcrealm.Claims{Principal: "uid", Groups: "groups", Name: "name", Mail: "mail"},
		}
	}
	one, two, three, four := realm(oidc1, "id_token"), realm(oidc2, "code"), realm(oidc3, "id_token token"), realm(oidc4, "id_token")
	one.RP.PostLogoutRedirectURI, one.OP.EndsessionEndpoint = "https://rp.contract.test/out", oidc1.issuer+"/end?tenant=a"
	two.RP.RequestedScopes = []string{"profile", "email"}
	two.OP.TokenEndpoint, two.OP.UserinfoEndpoint = opAddress+"/token", opAddress+"/userinfo"
	three.HideUserMetadata = true
	four.AuthorizationRealms = []string{"default_file"}
	return []oidcrealm.Config{one, two, three, four}
}

func pkiRealmsOf(t *testing.T) []pkirealm.Config {
	t.Helper()
	trust := []*x509.Certificate{readCertificate(t, "pki.crt")}
	return []pkirealm.Config{
		{Name: "pki3", CertificateAuthorities: trust},
		{Name: "pki1", CertificateAuthorities: trust, DelegationEnabled: true},
		{Name: "pki2", CertificateAuthorities: trust, DelegationEnabled: true, UsernamePattern: "OU=(.*?)(?:,|$)"},
	}
}

func file(name string) func() ([]byte, error) {
	return func() ([]byte, error) { return os.ReadFile("testdata/" + name) }
}

func readPEM(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s: no PEM block", name)
	}
	return block.Bytes
}

// keys remembers what was read: checking an RSA key takes longer than using it.
var keys sync.Map

func readKey(t *testing.T, name string) *rsa.PrivateKey {
	t.Helper()
	if known, ok := keys.Load(name); ok {
		return known.(*rsa.PrivateKey) //nolint:forcetypeassert,errcheck // stored below
	}
	key, err := x509.ParsePKCS8PrivateKey(readPEM(t, name))
	if err != nil {
		t.Fatal(err)
	}
	keys.Store(name, key)
	return key.(*rsa.PrivateKey) //nolint:forcetypeassert,errcheck // made with RSA
}

func readCertificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	certificate, err := x509.ParseCertificate(readPEM(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
