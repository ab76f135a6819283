package certs_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
)

func TestHolders(t *testing.T) {
	t.Parallel()
	clock, files := newClock(), newDir(t)
	root, other := certify(t, nil, "root", authority), certify(t, nil, "root", authority)
	spiffe, err := url.Parse("spiffe://example.org/balancer")
	if err != nil {
		t.Fatal(err)
	}
	is := func(change func(*x509.Certificate)) func(*x509.Certificate) { return change }
	named := is(func(c *x509.Certificate) { c.DNSNames = []string{"lb.example.org"} })
	pinned := certify(t, other, "pinned")
	colons := strings.ToUpper(hex.EncodeToString(pinned.Raw[:0]))
	sum := sha256.Sum256(pinned.Raw)
	for i, b := range sum {
		if i > 0 {
			colons += ":"
		}
		colons += strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	h, err := certs.NewHolders(clock.Now, certs.HolderConfig{
		Fingerprints: []string{colons}, CA: files.write(t, "ca.pem", inPEM(root)),
		Names: []string{"lb.example.org", spiffe.String(), "192.0.2.7", "*.wild.example.org"},
	}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		shown *certified
		want  bool
	}{
		"a name":                  {certify(t, root, "x", named), true},
		"a URI":                   {certify(t, root, "x", func(c *x509.Certificate) { c.URIs = []*url.URL{spiffe} }), true},
		"an address":              {certify(t, root, "x", func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 7)} }), true},
		"a fingerprint":           {pinned, true},
		"a wildcard, as it is":    {certify(t, root, "x", func(c *x509.Certificate) { c.DNSNames = []string{"*.wild.example.org"} }), true},
		"a name below a wildcard": {certify(t, root, "x", func(c *x509.Certificate) { c.DNSNames = []string{"a.wild.example.org"} }), false},
		"the subject alone":       {certify(t, root, "lb.example.org"), false},
		"another name":            {certify(t, root, "x", func(c *x509.Certificate) { c.DNSNames = []string{"lb2.example.org"} }), false},
		"a stranger's word":       {certify(t, other, "x", named), false},
		"its own word":            {certify(t, nil, "x", named), false},
		"of a server":             {certify(t, root, "x", named, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), false},
	} {
		if got := h.Include(plain(tc.shown)); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if h.Include(nil) {
		t.Error("nothing counts")
	}
	clock.move(25 * time.Hour)
	if h.Include(plain(pinned)) {
		t.Error("a certificate that has ended counts by its fingerprint")
	}
}

func TestHoldersThatCannotBe(t *testing.T) {
	t.Parallel()
	for key, c := range map[string]certs.HolderConfig{
		"fingerprints": {Fingerprints: []string{"AB:CD"}},
		"ca":           {Names: []string{"lb.example.org"}},
		"names":        {CA: "ca.pem"},
	} {
		if bad := c.Check(); len(bad) != 1 || bad[key] == nil {
			t.Errorf("%+v: %v", c, bad)
		}
	}
}

// TestWhatPeopleReadOfAHolder is printable, short, and never empty.
func TestWhatPeopleReadOfAHolder(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]*certified{
		"Alice Example":         certify(t, nil, "  Alice Example "),
		"alice@example.org":     certify(t, nil, "", func(c *x509.Certificate) { c.EmailAddresses = []string{"alice@example.org"} }),
		"lb.example.org":        certify(t, nil, "\u202e\n", func(c *x509.Certificate) { c.DNSNames = []string{"lb.example.org"} }),
		strings.Repeat("é", 80): certify(t, nil, strings.Repeat("é", 100)),
	} {
		if got := certs.ChainOf(plain(c)).Holder; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := certs.ChainOf(plain(certify(t, nil, ""))).Holder; !strings.HasPrefix(got, "the holder of certificate ") {
		t.Errorf("got %q", got)
	}
}
