package elastic_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

// authority signs certificates of nodes.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

// node makes a certificate for 127.0.0.1, or for other names.
func (a authority) node(t testing.TB, names ...string) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if names == nil {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func (a authority) file(t testing.TB) string {
	t.Helper()
	return write(t, "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})))
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// secure serves with a chain as it is given, also one that does not fit.
func secure(t testing.TB, key *ecdsa.PrivateKey, change func(*tls.Config), chain ...[]byte) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(ping))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key}}}
	if change != nil {
		change(s.TLS)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestTrust(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	leaf, key := ours.node(t)
	foreign, foreignKey := other.node(t)
	named, namedKey := ours.node(t, "es.example.com")
	old := func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }
	colons := strings.ToUpper(fingerprint(leaf))
	colons = colons[:2] + ":" + colons[2:]
	for _, tc := range []struct {
		name, url       string
		ca, fingerprint string
		want            elastic.Class
	}{
		{"our authority", secure(t, key, nil, leaf), ours.file(t), "", elastic.OK},
		{"another authority", secure(t, foreignKey, nil, foreign), ours.file(t), "", elastic.Outage},
		{"the system's authorities", secure(t, key, nil, leaf), "", "", elastic.Outage},
		{"another host's certificate", secure(t, namedKey, nil, named), ours.file(t), "", elastic.Outage},
		{"TLS 1.1", secure(t, key, old, leaf), ours.file(t), "", elastic.Outage},
		{"the leaf's fingerprint", secure(t, key, nil, leaf), "", fingerprint(leaf), elastic.OK},
		{"the same with colons, in upper case", secure(t, key, nil, leaf), "", colons, elastic.OK},
		{"the authority's fingerprint", secure(t, key, nil, leaf, ours.cert.Raw), "", fingerprint(ours.cert.Raw), elastic.OK},
		{"the authority's fingerprint, another host", secure(t, namedKey, nil, named, ours.cert.Raw), "", fingerprint(ours.cert.Raw), elastic.Outage},
		{"another fingerprint", secure(t, foreignKey, nil, foreign), "", fingerprint(leaf), elastic.Outage},
		{"a stranger who sends our authority along", secure(t, foreignKey, nil, foreign, ours.cert.Raw), "", fingerprint(ours.cert.Raw), elastic.Outage},
		{"a stranger who sends our leaf along", secure(t, foreignKey, nil, foreign, leaf), "", fingerprint(leaf), elastic.Outage},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, newClock(), func(c *elastic.Config) { c.CA, c.Fingerprint = tc.ca, tc.fingerprint }, tc.url)
			_, err := c.Info(t.Context())
			wantClass(t, tc.name, err, tc.want)
			if tc.want == elastic.Outage && err != nil && tc.name != "TLS 1.1" && !strings.Contains(err.Error(), "elasticsearch.ca") {
				t.Errorf("the operator is not told what to do: %v", err)
			}
		})
	}
}

func TestBrokenCAFiles(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "none"), "empty": write(t, "e", ""),
		"garbage": write(t, "g", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"), "a directory": t.TempDir(),
	} {
		cfg := good()
		cfg.CA = file
		if _, err := elastic.New(cfg, elastic.Deps{Now: time.Now}); err == nil || !strings.HasPrefix(err.Error(), "ca: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
