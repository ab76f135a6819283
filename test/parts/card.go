package parts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Certificate is the authority's own.
func (c *CA) Certificate() *x509.Certificate { return c.certificate }

// Card makes a person's client certificate, as smart cards have them.
func (c *CA) Card(t testing.TB, name, mail string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}}, EmailAddresses: []string{mail},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, c.certificate, key.Public(), c.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Profile is what stays when a person closes the browser: cookies, and the card in the
// reader, which is a database of NSS in a home directory of the profile's own.
type Profile struct{ home, data string }

// NewProfile makes a profile without a card. Servers at these origins that ask for a
// certificate are shown the one that is there; for all others the browser would ask its
// person, and wait.
//
// Only the whole Chromium shows certificates (chromium-headless-shell never does), and
// it asks nobody where the policy AutoSelectCertificateForUrls says so. A policy is a file
// of the machine; the preference of the profile that keeps it is read just the same.
func NewProfile(t testing.TB, origins ...string) *Profile {
	t.Helper()
	dir := t.TempDir()
	p := &Profile{home: filepath.Join(dir, "home"), data: filepath.Join(dir, "data")}
	var patterns []string
	for _, origin := range origins {
		patterns = append(patterns, fmt.Sprintf(`{"pattern": %q, "filter": {}}`, origin))
	}
	preferences, err := json.Marshal(map[string]any{"profile": map[string]any{"managed_auto_select_certificate_for_urls": patterns}})
	if err != nil {
		t.Fatal(err)
	}
	Write(t, filepath.Join(p.data, "Default", "Preferences"), preferences)
	Write(t, filepath.Join(p.database(), "README"), []byte("The certificates of a test's person.\n"))
	p.certutil(t, "-N", "--empty-password")
	return p
}

func (p *Profile) database() string { return filepath.Join(p.home, ".pki", "nssdb") } // where Chromium looks

const inReader = "card"

// Insert puts a card into the reader.
func (p *Profile) Insert(t testing.TB, card tls.Certificate) {
	t.Helper()
	certFile, keyFile := WriteFiles(t, card, p.home, inReader)
	bundle := filepath.Join(p.home, inReader+".p12")
	command(t, "openssl", "pkcs12", "-export", "-in", certFile, "-inkey", keyFile, "-name", inReader, "-passout", "pass:", "-out", bundle)
	command(t, "pk12util", "-d", "sql:"+p.database(), "-i", bundle, "-W", "", "-K", "")
}

// TakeOut takes the card out.
func (p *Profile) TakeOut(t testing.TB) {
	t.Helper()
	p.certutil(t, "-F", "-n", inReader)
}

func (p *Profile) certutil(t testing.TB, args ...string) {
	t.Helper()
	command(t, "certutil", append([]string{"-d", "sql:" + p.database()}, args...)...)
}

func command(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), Find(t, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// Start is StartBrowser with this profile. It opens again what was open when it was
// closed, as many people have it, so sessions outlast that.
func (p *Profile) Start(t testing.TB, authority *CA, hosts ...string) *Browser {
	t.Helper()
	b := startBrowser(t, Find(t, "chromium", "chromium-browser", "google-chrome"), authority, hosts,
		chromedp.UserDataDir(p.data), chromedp.Env("HOME="+p.home), chromedp.Flag("restore-last-session", true))
	t.Cleanup(func() { b.Close(t) }) // killed, it would leave its socket in /tmp
	return b
}

// Owner is the person whose the browser's profile is. Other persons (Person) have
// cookies of their own, which end with the browser, and the same card.
func (b *Browser) Owner() *Person { return &Person{ctx: b.ctx} }

// Close closes the browser as its person does, and waits until all is written.
func (b *Browser) Close(t testing.TB) {
	t.Helper()
	if err := b.close(); err != nil {
		t.Errorf("the browser does not close: %v", err)
	}
}
