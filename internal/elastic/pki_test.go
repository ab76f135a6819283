package elastic_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
)

// certified is a certificate with its key.
type certified struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// certify makes a certificate that is good for an hour; without an issuer it is an
// authority.
func certify(t testing.TB, now time.Time, above *certified, name string) *certified {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if above != nil {
		parent, signer = above.Certificate, above.key
	} else {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &certified{certificate, key}
}

// pkiWorld is a cluster with a PKI realm that trusts one root.
func pkiWorld(t testing.TB) (w *world, root, leaf *certified) {
	t.Helper()
	w = &world{clock: newClock()}
	root = certify(t, w.clock.Now(), nil, "root")
	leaf = certify(t, w.clock.Now(), root, "service")
	var err error
	w.es, err = standin.New(standin.Config{
		Now: w.clock.Now,
		Users: []standin.User{
			{Name: account, Password: password, Roles: []string{"gateway"}},
			{Name: "weak", Password: password, Roles: []string{"security"}},
		},
		Roles: map[string]standin.Role{
			"gateway": {Cluster: []string{"delegate_pki"}}, "security": {Cluster: []string{"manage_security"}}, "batch": {},
		},
		RoleMappings: []standin.RoleMapping{{Metadata: map[string]string{"pki_delegated_by_user": account}, Roles: []string{"batch"}}},
		PKI:          []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{root.Certificate}, DelegationEnabled: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.es)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.Client = newClient(t, w.clock, nil, w.url)
	return w, root, leaf
}

func TestDelegatePKI(t *testing.T) {
	t.Parallel()
	w, root, leaf := pkiWorld(t)
	sent := w.clock.Now()
	for _, chain := range [][][]byte{{leaf.Raw}, {leaf.Raw, root.Raw}} {
		g, err := w.DelegatePKI(t.Context(), chain)
		if err != nil {
			t.Fatalf("%v: %s", err, reason(err))
		}
		if g.Pair.Access.Empty() || !g.Pair.Refresh.Empty() || g.Pair.ExpiresIn != 20*time.Minute || !g.Pair.SentAt.Equal(sent) {
			t.Errorf("pair: %+v", g.Pair)
		}
		id := g.Identity
		if id.Username != "service" || id.Realm != (elastic.Realm{Name: "pki1", Type: "pki"}) || len(id.Roles) != 1 || id.Roles[0] != "batch" {
			t.Errorf("identity: %+v", id)
		}
		if who, err := w.Authenticate(t.Context(), g.Pair.Access); err != nil || who.Username != "service" {
			t.Errorf("authenticate: %+v, %v", who, err)
		}
		wantClass(t, "ending it", w.InvalidateAccess(t.Context(), g.Pair.Access), elastic.OK)
		_, err = w.Authenticate(t.Context(), g.Pair.Access)
		wantClass(t, "afterwards", err, elastic.Dead)
	}
}

func TestRefusedChains(t *testing.T) {
	t.Parallel()
	w, root, leaf := pkiWorld(t)
	now := w.clock.Now()
	other := certify(t, now, nil, "root")
	talking := certify(t, now, other, "a] for REST request [/x")
	for _, tc := range []struct {
		name  string
		chain [][]byte
		want  elastic.Class
	}{
		{"another root of that name", [][]byte{certify(t, now, other, "service").Raw}, elastic.PersonRefused},
		{"a subject that speaks of our account", [][]byte{talking.Raw}, elastic.PersonRefused},
		{"an expired one", [][]byte{certify(t, now.Add(-3*time.Hour), root, "old").Raw}, elastic.PersonRefused},
		{"not in order", [][]byte{root.Raw, leaf.Raw}, elastic.BadInput},
		{"no certificate", [][]byte{[]byte("x")}, elastic.BadInput},
		{"none", nil, elastic.BadInput},
	} {
		_, err := w.DelegatePKI(t.Context(), tc.chain)
		wantClass(t, tc.name, err, tc.want)
	}
	_, err := w.as(t, "weak").DelegatePKI(t.Context(), [][]byte{leaf.Raw})
	wantClass(t, "manage_security alone", err, elastic.AccountRefused)
	_, err = w.as(t, "nobody").DelegatePKI(t.Context(), [][]byte{leaf.Raw})
	wantClass(t, "an unknown account", err, elastic.AccountRefused)
	w.es.SetFaults(standin.Faults{License: "basic"})
	_, err = w.DelegatePKI(t.Context(), [][]byte{leaf.Raw})
	wantClass(t, "no licence", err, elastic.SetUp)
	w.es.SetFaults(standin.Faults{Down: true})
	_, err = w.DelegatePKI(t.Context(), [][]byte{leaf.Raw})
	wantClass(t, "down", err, elastic.Outage)
	_, err = w.Authenticate(t.Context(), secret.Of("x"))
	wantClass(t, "down for bearers, too", err, elastic.Outage)
}
