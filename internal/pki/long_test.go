package pki_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/pki"
)

// TestWhatProvesARequestStandsForASession, the longest chain too: a session keeps it with
// the authority at its end.
func TestWhatProvesARequestStandsForASession(t *testing.T) {
	t.Parallel()
	now := time.Now()
	above := newAuthority(t, "root", now)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte(armoured(above.Certificate)), 0o600); err != nil {
		t.Fatal(err)
	}
	var issuers []*x509.Certificate
	for len(issuers) < certs.MaxChain-1 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := above.sign(t, &x509.Certificate{
			Subject: pkix.Name{CommonName: "between"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}, &key.PublicKey)
		issuers, above = append([]*x509.Certificate{c}, issuers...), &authority{Certificate: c, key: key}
	}
	m, err := pki.NewMethod(login.Deps{Elastic: new(elastic.Client), Now: time.Now, ClientCertificates: true}, pki.Config{From: "tls", CA: file})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.TLS = &tls.ConnectionState{PeerCertificates: append([]*x509.Certificate{above.client(t, "robot", now)}, issuers...)}
	proof, ok, err := m.Prove(r)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	if over, err := m.Stands(t.Context(), proof.Chain); over || err != nil {
		t.Errorf("over: %v, %v", over, err)
	}
}
