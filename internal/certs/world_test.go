package certs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// newClock begins in the world's time: files are stamped by that.
func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// certified is a certificate with its key.
type certified struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

var serials atomic.Int64

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certify makes a client's certificate, unless a change makes it another one; above is
// nil for one that signs itself.
func certify(t testing.TB, above *certified, name string, changes ...func(*x509.Certificate)) *certified {
	t.Helper()
	return certifyKey(t, above, name, newKey(t), changes...)
}

func certifyKey(t testing.TB, above *certified, name string, key *ecdsa.PrivateKey, changes ...func(*x509.Certificate)) *certified {
	t.Helper()
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serials.Add(1)), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
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
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &certified{certificate, key}
}

func authority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, nil
}

// revoke makes a list that is in force for an hour.
func (c *certified) revoke(t testing.TB, revoked []*certified, changes ...func(*x509.RevocationList)) []byte {
	t.Helper()
	now := time.Now()
	template := &x509.RevocationList{Number: big.NewInt(serials.Add(1)), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour)}
	for _, r := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: r.SerialNumber, RevocationTime: now})
	}
	for _, change := range changes {
		change(template)
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, c.Certificate, c.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func armoured(kind string, contents ...[]byte) []byte {
	var text []byte
	for _, der := range contents {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return text
}

func inPEM(list ...*certified) []byte {
	var contents [][]byte
	for _, c := range list {
		contents = append(contents, c.Raw)
	}
	return armoured("CERTIFICATE", contents...)
}

func (c *certified) keyPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		t.Fatal(err)
	}
	return armoured("PRIVATE KEY", der)
}

func plain(list ...*certified) []*x509.Certificate {
	var chain []*x509.Certificate
	for _, c := range list {
		chain = append(chain, c.Certificate)
	}
	return chain
}

// dir is where a test keeps its files.
type dir string

func newDir(t testing.TB) dir {
	t.Helper()
	return dir(t.TempDir())
}

func (d dir) path(name string) string { return filepath.Join(string(d), name) }

// write replaces a file as most programs do, by a new one under the same name.
func (d dir) write(t testing.TB, name string, content []byte) string {
	t.Helper()
	next := d.path("." + name)
	if err := os.WriteFile(next, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, d.path(name)); err != nil {
		t.Fatal(err)
	}
	return d.path(name)
}

func (d dir) bundle(t testing.TB, c *clock, name string, list ...*certified) *certs.Source[*certs.Bundle] {
	t.Helper()
	s, err := certs.OpenBundle(c.Now, d.write(t, name, inPEM(list...)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// poll expects the poll to say whether there is a new value.
func poll[T any](t testing.TB, s *certs.Source[T], want bool) {
	t.Helper()
	changed, err := s.Poll()
	if err != nil || changed != want {
		t.Errorf("poll: got %v, %v, want %v", changed, err, want)
	}
}
