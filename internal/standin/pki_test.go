package standin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
)

const (
	delegatePath = "/_security/delegate_pki"
	delegateName = "cluster:admin/xpack/security/delegate_pki"
)

// An issuer is a certificate with its key.
type issuer struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

var serials atomic.Int64

// certify makes a certificate; nobody above makes one that signs itself.
func certify(tb testing.TB, above *issuer, cn string, changes ...func(*x509.Certificate)) *issuer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	start := newClock().Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serials.Add(1)), Subject: pkix.Name{CommonName: cn, Organization: []string{"org"}},
		NotBefore: start.Add(-time.Hour), NotAfter: start.Add(24 * time.Hour), BasicConstraintsValid: true,
	}
	for _, change := range changes {
		change(template)
	}
	parent, signer := template, key
	if above != nil {
		parent, signer = above.Certificate, above.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return &issuer{certificate, key}
}

func authority(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }

// A chainOf is a world of certificates: root, authority below it, and a leaf.
type chainOf struct{ root, sub, leaf *issuer }

func newChain(tb testing.TB, changes ...func(*x509.Certificate)) chainOf {
	tb.Helper()
	root := certify(tb, nil, "Root", authority)
	sub := certify(tb, root, "Sub", authority)
	return chainOf{root, sub, certify(tb, sub, "service-1", changes...)}
}

func startPKI(tb testing.TB, world chainOf, change ...func(*standin.Config)) *node {
	tb.Helper()
	return start(tb, append([]func(*standin.Config){func(c *standin.Config) {
		c.PKI = []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{world.root.Certificate}, DelegationEnabled: true}}
		c.RoleMappings = []standin.RoleMapping{{Realm: "pki1", Metadata: map[string]string{"pki_delegated_by_user": "pki"}, Roles: []string{"reader"}}}
	}}, change...)...)
}

func (n *node) delegate(user string, chain ...*issuer) reply {
	n.tb.Helper()
	list := []string{}
	for _, c := range chain {
		list = append(list, base64.StdEncoding.EncodeToString(c.Raw))
	}
	body, err := json.Marshal(map[string]any{"x509_certificate_chain": list})
	if err != nil {
		n.tb.Fatal(err)
	}
	return n.do("POST", delegatePath, basic(user), string(body))
}

func (n *node) delegationRefused(a reply, dn string) {
	n.tb.Helper()
	n.refused(a, http.StatusUnauthorized, "security_exception", "unable to authenticate user ["+dn+"] for action ["+delegateName+"]")
}

func TestDelegationAnswersInTheOrderOfTheContract(t *testing.T) {
	t.Parallel()
	world := newChain(t)
	n := startPKI(t, world)
	for _, chain := range [][]*issuer{{world.leaf, world.sub}, {world.leaf, world.sub, world.root}} {
		a := n.delegate("pki", chain...)
		p := n.pair(a)
		want := `{"access_token":"` + p.access + `","type":"Bearer","expires_in":1200,"authentication":{"username":"service-1","roles":["reader"],` +
			`"full_name":null,"email":null,"metadata":{"pki_delegated_by_realm":"default_file","pki_delegated_by_user":"pki","pki_dn":"CN=service-1, O=org"},` +
			`"enabled":true,"authentication_realm":{"name":"pki1","type":"pki"},"lookup_realm":{"name":"pki1","type":"pki"},"authentication_type":"realm"}}`
		if a.body != want {
			t.Errorf("got  %s\nwant %s", a.body, want)
		}
		if got := n.whoami(bearer(p.access)).body; !strings.Contains(got, `"username":"service-1"`) || !strings.Contains(got, `"authentication_type":"token"`) {
			t.Errorf("whoami: %s", got)
		}
	}
}

func TestDelegationIsStrict(t *testing.T) {
	t.Parallel()
	world := newChain(t)
	n := startPKI(t, world)
	for _, tc := range []struct{ name, body, kind, reason string }{
		{"no body", ``, "parse_exception", "request body is required"},
		{"no field", `{}`, "x_content_parse_exception", "Failed to build [delegate_pki_request] after last required field arrived"},
		{"unknown field", `{"x509":[]}`, "x_content_parse_exception", "[1:2] [delegate_pki_request] unknown field [x509]"},
		{"null", `{"x509_certificate_chain":null}`, "x_content_parse_exception", "[1:27] [delegate_pki_request] x509_certificate_chain doesn't support values of type: VALUE_NULL"},
		{"no base64", `{"x509_certificate_chain":["a b"]}`, "x_content_parse_exception", "[1:33] [delegate_pki_request] failed to parse field [x509_certificate_chain]"},
		{"URL-safe base64", `{"x509_certificate_chain":["MI-_"]}`, "x_content_parse_exception", "[1:34] [delegate_pki_request] failed to parse field [x509_certificate_chain]"},
		{"no certificate", `{"x509_certificate_chain":["MAA="]}`, "x_content_parse_exception", "[1:34] [delegate_pki_request] failed to parse field [x509_certificate_chain]"},
		{"none", `{"x509_certificate_chain":[]}`, "action_request_validation_exception", "Validation Failed: 1: certificates chain must not be empty;"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n.refused(n.do("POST", delegatePath, basic("bob"), tc.body), http.StatusBadRequest, tc.kind, tc.reason)
		})
	}
	n.refused(n.delegate("bob", world.leaf, world.root), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: certificates chain must be an ordered chain;")
	n.refused(n.delegate("bob", world.leaf, world.sub), http.StatusForbidden, "security_exception",
		"action ["+delegateName+"] is unauthorized for user [bob] with effective roles [reader], this action is granted by the cluster privileges [delegate_pki,all]")
	alone := `{"x509_certificate_chain":"` + base64.StdEncoding.EncodeToString(world.leaf.Raw) + `"}`
	n.delegationRefused(n.do("POST", delegatePath, basic("pki"), alone), "CN=service-1, O=org") // one string passes; the authority between is missing
}

func TestWhoIsNotTrusted(t *testing.T) {
	t.Parallel()
	world, other := newChain(t), newChain(t)
	n := startPKI(t, world)
	expired := certify(t, world.sub, "old", func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Minute) })
	server := certify(t, world.sub, "server", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	nameless := certify(t, world.sub, "x", func(c *x509.Certificate) { c.Subject = pkix.Name{Organization: []string{"org"}} })
	n.delegationRefused(n.delegate("pki", world.leaf), "CN=service-1, O=org")
	n.delegationRefused(n.delegate("pki", other.leaf, other.sub), "CN=service-1, O=org")
	n.delegationRefused(n.delegate("pki", world.leaf, other.sub), "CN=service-1, O=org") // the right name, the wrong key
	n.delegationRefused(n.delegate("pki", expired, world.sub), "CN=old, O=org")
	n.delegationRefused(n.delegate("pki", server, world.sub), "CN=server, O=org")
	n.delegationRefused(n.delegate("pki", nameless, world.sub), "O=org")
}

func TestRealmsAreAskedInTheirOrder(t *testing.T) {
	t.Parallel()
	world := newChain(t)
	trust := []*x509.Certificate{world.root.Certificate}
	n := startPKI(t, world, func(c *standin.Config) {
		c.PKI = []pkirealm.Config{
			{Name: "closed", CertificateAuthorities: trust},
			{Name: "elsewhere", CertificateAuthorities: []*x509.Certificate{newChain(t).root.Certificate}, DelegationEnabled: true},
			{Name: "numbers", CertificateAuthorities: trust, DelegationEnabled: true, UsernamePattern: `cn=service-(\d+)`},
			{Name: "last", CertificateAuthorities: trust, DelegationEnabled: true},
		}
		c.RoleMappings = nil
	})
	user := func(a reply) [2]any {
		m, _ := n.fields(a)["authentication"].(map[string]any)
		realm, _ := m["authentication_realm"].(map[string]any)
		return [2]any{m["username"], realm["name"]}
	}
	if got, want := user(n.delegate("pki", world.leaf, world.sub)), [2]any{"1", "numbers"}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	letter := certify(t, world.sub, "service-x")
	if got, want := user(n.delegate("pki", letter, world.sub)), [2]any{"service-x", "last"}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAUserIsRememberedByTheChain(t *testing.T) {
	t.Parallel()
	world := newChain(t, func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(65 * time.Minute) })
	n := startPKI(t, world, func(c *standin.Config) {
		c.Users = append(c.Users, standin.User{Name: "second", Password: "second-pw", Roles: []string{"pki_only"}})
	})
	n.pair(n.delegate("pki", world.leaf, world.sub))
	n.clock.advance(19 * time.Minute) // the certificate has been over for 14
	a := n.delegate("second", world.leaf, world.sub)
	if n.pair(a); !strings.Contains(a.body, `"pki_delegated_by_user":"pki"`) {
		t.Errorf("the first caller is not remembered: %s", a.body)
	}
	n.delegationRefused(n.delegate("pki", world.leaf, world.sub, world.root), "CN=service-1, O=org") // another chain
	n.clock.advance(2 * time.Minute)
	n.delegationRefused(n.delegate("pki", world.leaf, world.sub), "CN=service-1, O=org")
}

func TestNewRoleMappingsEmptyTheMemory(t *testing.T) {
	t.Parallel()
	world := newChain(t)
	n := startPKI(t, world)
	n.pair(n.delegate("pki", world.leaf, world.sub))
	n.es.SetRoleMappings(standin.RoleMapping{Realm: "pki1", Roles: []string{"ghost"}})
	if a := n.delegate("pki", world.leaf, world.sub); !strings.Contains(a.body, `"roles":["ghost"]`) {
		t.Errorf("got %s", a.body)
	}
}

func TestDelegationNeedsGoldAndTokens(t *testing.T) {
	t.Parallel()
	world := newChain(t)
	n := startPKI(t, world)
	n.es.SetFaults(standin.Faults{License: "standard"})
	a := n.do("POST", delegatePath, basic("pki"), "{broken")
	n.refused(a, http.StatusForbidden, "security_exception", "current license is non-compliant for [pki]")
	n.es.SetFaults(standin.Faults{TokenServiceOff: true})
	n.refused(n.delegate("pki", world.leaf, world.sub), http.StatusBadRequest, "feature_not_enabled_exception", "security tokens are not enabled")
}

func TestAPIKeysDelegateInTheirOwnersName(t *testing.T) {
	t.Parallel()
	world := newChain(t)
	n := startPKI(t, world)
	made := n.fields(n.do("POST", "/_security/api_key", basic("root"), `{"name":"k","role_descriptors":{"r":{"cluster":["delegate_pki"]}}}`))
	encoded, _ := made["encoded"].(string)
	body := `{"x509_certificate_chain":["` + base64.StdEncoding.EncodeToString(world.leaf.Raw) + `","` + base64.StdEncoding.EncodeToString(world.sub.Raw) + `"]}`
	a := n.do("POST", delegatePath, "ApiKey "+encoded, body)
	if !strings.Contains(a.body, `"pki_delegated_by_realm":"_es_api_key","pki_delegated_by_user":"root"`) {
		t.Errorf("got %s", a.body)
	}
}

func TestPKIRealmsThatKeepANodeFromStarting(t *testing.T) {
	t.Parallel()
	root := []*x509.Certificate{newChain(t).root.Certificate}
	for want, cfg := range map[string]pkirealm.Config{
		"require a trust configuration": {Name: "a", DelegationEnabled: true},
		"no name":                       {},
		"has no group":                  {Name: "a", CertificateAuthorities: root, UsernamePattern: "CN=.*"},
		"username_pattern":              {Name: "a", UsernamePattern: "("},
	} {
		c := config(newClock())
		c.PKI = []pkirealm.Config{cfg}
		if _, err := standin.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
