package saml_test

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/saml"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const base = "https://sso.example.com/_gateway/saml/corp"

func testTime() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// pair is one key for all tests: making one takes a while.
var pair = sync.OnceValues(func() (*rsa.PrivateKey, *x509.Certificate) {
	key, certificate, err := idp.NewKey()
	if err != nil {
		panic(err)
	}
	return key, certificate
})

// newProvider is an identity provider with that name, whose service provider has
// our addresses.
func newProvider(t testing.TB, entityID, spEntityID string) *idp.IdP {
	t.Helper()
	key, certificate := pair()
	p, err := idp.New(idp.Config{
		BaseURL: "https://idp.example.com", EntityID: entityID, Key: key, Certificate: certificate, Now: testTime,
		ServiceProviders: []idp.ServiceProvider{{EntityID: spEntityID, ACS: base + "/acs", Logout: base + "/slo"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newMethod is the method corp at a cluster with these realms.
func newMethod(t testing.TB, realm string, realms ...samlrealm.Config) *saml.Method {
	t.Helper()
	es, err := standin.New(standin.Config{
		Now: testTime, Users: []standin.User{{Name: "esgateway", Password: "password-of-the-account", Roles: []string{"esgateway"}}},
		Roles: map[string]standin.Role{"esgateway": {Cluster: []string{"manage_saml"}}}, SAML: realms,
	})
	if err != nil {
		t.Fatal(err)
	}
	node := httptest.NewServer(es)
	t.Cleanup(node.Close)
	cfg := elastic.Default()
	cfg.URLs, cfg.Username, cfg.Password = []string{node.URL}, "esgateway", secret.Of("password-of-the-account")
	log := slog.New(slog.DiscardHandler)
	client, err := elastic.New(cfg, elastic.Deps{Now: testTime, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	m, err := saml.New(login.Deps{Name: "corp", Base: at, Elastic: client, Now: testTime, Log: log}, saml.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDiagnoseSaysWhatIsWrongWithARealm(t *testing.T) {
	t.Parallel()
	key, certificate := pair()
	provider := newProvider(t, "urn:test:idp", "urn:test:sp")
	const (
		ours     = "ok its addresses are ours, and its name for the identity provider is urn:test:sp"
		prepares = "ok prepares sign-ins at https://idp.example.com/sso"
		unsigned = "ok signs no sign-in requests, "
		keyless  = "ok has no key for encrypted assertions, "
	)
	for _, tc := range []struct {
		name string
		bend func(*samlrealm.Config)
		want []string
	}{
		{"all is well", func(*samlrealm.Config) {}, []string{ours, prepares, unsigned, keyless}},
		{"it signs and decrypts with one key", func(c *samlrealm.Config) {
			c.SigningKey, c.SigningCertificate, c.EncryptionKeys = key, certificate, []*rsa.PrivateKey{key}
		}, []string{ours, prepares}},
		{"it signs", func(c *samlrealm.Config) { c.SigningKey, c.SigningCertificate = key, certificate }, []string{ours, prepares, keyless}},
		{"it decrypts", func(c *samlrealm.Config) {
			c.EncryptionKeys, c.EncryptionCertificates = []*rsa.PrivateKey{key}, []*x509.Certificate{certificate}
		}, []string{ours, prepares, unsigned}},
		{"another callback", func(c *samlrealm.Config) { c.ACS = "https://other.example/acs" }, []string{
			`FAIL sp.acs is "https://other.example/acs", so sign-ins end elsewhere; write in elasticsearch.yml of every node: xpack.security.authc.realms.saml.saml1.sp.acs: "` + base + `/acs" `,
			prepares, unsigned, keyless,
		}},
		{"the identity provider's metadata is not there", func(c *samlrealm.Config) {
			c.IDPMetadata = func() ([]byte, error) { return nil, errors.New("away") }
			c.Logout = ""
		}, []string{
			`FAIL sp.logout is missing, so sign-out that begins at the identity provider will not work; write in elasticsearch.yml of every node: xpack.security.authc.realms.saml.saml1.sp.logout: "` + base + `/slo" `,
			"FAIL Elasticsearch prepares no sign-in: Cannot get role descriptors ", unsigned, keyless,
		}},
		{"there is no such realm", func(c *samlrealm.Config) { c.Name = "saml2" }, []string{"FAIL Elasticsearch does not show it: Cannot find any matching realm for [saml1]; "}},
		{"the identity provider's address is no web address", func(c *samlrealm.Config) {
			c.IDPMetadata = func() ([]byte, error) {
				return []byte(strings.ReplaceAll(string(provider.Metadata()), "https://idp.example.com/sso", "javascript:alert(1)")), nil
			}
		}, []string{ours, "FAIL saml: the identity provider's address is not http or https; ", unsigned, keyless}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			realm := samlrealm.Config{
				Name: "saml1", IDPMetadata: func() ([]byte, error) { return provider.Metadata(), nil }, IDPEntityID: "urn:test:idp",
				SPEntityID: "urn:test:sp", ACS: base + "/acs", Logout: base + "/slo", Attributes: samlrealm.Attributes{Principal: "uid"},
			}
			tc.bend(&realm)
			findings := newMethod(t, "saml1", realm).Diagnose(t.Context())
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
