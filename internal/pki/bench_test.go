package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/pki"
)

// BenchmarkProve is what each request with a certificate costs before a token is looked
// up: of a chain of three, which was verified before.
func BenchmarkProve(b *testing.B) {
	w := certificates(b)
	ca := filepath.Join(b.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(armoured(w.root)), 0o600); err != nil {
		b.Fatal(err)
	}
	at := w.leaf.NotBefore.Add(time.Minute)
	m, err := pki.NewMethod(login.Deps{Elastic: new(elastic.Client), Now: func() time.Time { return at }, ClientCertificates: true}, pki.Config{From: "tls", CA: ca})
	if err != nil {
		b.Fatal(err)
	}
	r := &http.Request{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{w.leaf, w.sub}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := m.Prove(r); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
