package samlrealm_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

func inflate(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func deflate(t testing.TB, plain []byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(plain)
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// sign signs a query string as the IdP.
func (w world) sign(t testing.TB, query string) string {
	t.Helper()
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	digest := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, idpPair().key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

// signXML puts the IdP's signature into a message.
func signXML(t testing.TB, e *etree.Element) {
	t.Helper()
	signer, err := dsig.NewSigningContext(idpPair().key, [][]byte{idpPair().certificate.Raw})
	if err != nil {
		t.Fatal(err)
	}
	signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := signer.ConstructSignature(e, true)
	if err != nil {
		t.Fatal(err)
	}
	e.InsertChildAt(1, signature)
}

// checkSigned verifies the realm's signature over the raw octets of an address.
func checkSigned(t testing.TB, address, prefix string) {
	t.Helper()
	if !strings.HasPrefix(address, prefix) {
		t.Errorf("got %s, want %s...", address, prefix)
	}
	query := address[strings.Index(address, "SAMLRe"):] // what the location had before is not signed
	octets, signature, ok := strings.Cut(query, "&Signature=")
	text, err := url.QueryUnescape(signature)
	if err != nil || !ok {
		t.Fatalf("no signature in %s", address)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := realmPair().certificate.CheckSignature(x509.SHA256WithRSA, []byte(octets), raw); err != nil {
		t.Error(err)
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, address, err := w.realm.Prepare(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := w.realm.Prepare(noon, nil)
	if err != nil || !regexp.MustCompile(`^_[0-9a-f]{40}$`).MatchString(id) || again == id {
		t.Errorf("got ids %q and %q, %v", id, again, err)
	}
	if !regexp.MustCompile(`^https://idp\.example/sso\?SAMLRequest=[^&]+$`).MatchString(address) {
		t.Errorf("got %s", address)
	}
	e := messageIn(t, address, "SAMLRequest")
	for key, want := range map[string]string{
		"ID": id, "Version": "2.0", "IssueInstant": "2026-03-01T12:00:00.000Z", "Destination": "https://idp.example/sso",
		"AssertionConsumerServiceURL": acs, "ProtocolBinding": saml.HTTPPostBinding, "ForceAuthn": "none",
	} {
		if got := e.SelectAttrValue(key, "none"); got != want {
			t.Errorf("got %s %q, want %q", key, got, want)
		}
	}
	policy := e.SelectElement("NameIDPolicy")
	if e.SelectElement("Issuer").Text() != spID || policy.SelectAttrValue("AllowCreate", "") != "false" || policy.SelectAttr("Format") != nil {
		t.Error("issuer or NameIDPolicy is wrong")
	}
}

func TestPrepareAsConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *samlrealm.Config) {
		c.SigningKey, c.NameIDFormat, c.ForceAuthn = realmPair().key, "urn:format", new(true)
		c.ReqAuthnContextClassRef = []string{"urn:a", "urn:b"}
		inner := c.IDPMetadata
		c.IDPMetadata = func() ([]byte, error) {
			raw, err := inner()
			return []byte(strings.ReplaceAll(string(raw), "idp.example/sso", "idp.example/sso?tenant=1")), err
		}
	})
	_, address, err := w.realm.Prepare(noon, new("täg ~"))
	if err != nil {
		t.Fatal(err)
	}
	checkSigned(t, address, "https://idp.example/sso?tenant=1&SAMLRequest=")
	if !strings.Contains(address, "&RelayState=t%3Fg+%7E&SigAlg=") {
		t.Errorf("got %s", address)
	}
	e := messageIn(t, address, "SAMLRequest")
	if e.SelectAttrValue("ForceAuthn", "") != "true" || e.SelectElement("NameIDPolicy").SelectAttrValue("Format", "") != "urn:format" {
		t.Error("ForceAuthn or Format is missing")
	}
	context := e.SelectElement("RequestedAuthnContext")
	if context.SelectAttrValue("Comparison", "") != "exact" || len(context.SelectElements("AuthnContextClassRef")) != 2 {
		t.Error("RequestedAuthnContext is wrong")
	}
}

func TestPrepareWithoutOneEndpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, by, want string }{
		{
			"none", "HTTP-Redirect", "HTTP-POST",
			"Cannot find [{urn:oasis:names:tc:SAML:2.0:metadata}IDPSSODescriptor]/[urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect] in descriptor [null]",
		},
		{
			"two", "SingleLogoutService", "SingleSignOnService",
			"Found multiple locations for binding [urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect] in descriptor [null] - [[https://idp.example/slo, https://idp.example/sso]]",
		},
	} {
		w := newWorld(t, func(config *samlrealm.Config) {
			inner := config.IDPMetadata
			config.IDPMetadata = func() ([]byte, error) {
				raw, err := inner()
				return []byte(strings.ReplaceAll(string(raw), c.old, c.by)), err
			}
		})
		_, _, err := w.realm.Prepare(noon, nil)
		if got := rejection(t, err); got.Reason != c.want || !got.NotSAML {
			t.Errorf("%s: got %+v, want %q", c.name, got, c.want)
		}
	}
}

func TestNewRefusesHalfAConfiguration(t *testing.T) {
	t.Parallel()
	good := samlrealm.Config{
		Name: "a", IDPMetadata: func() ([]byte, error) { return nil, io.EOF }, IDPEntityID: "b", SPEntityID: "c", ACS: "d",
		Attributes: samlrealm.Attributes{Principal: "e"},
	}
	if r, err := samlrealm.New(good); err != nil || r.Name() != "a" || r.ACS() != "d" {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*samlrealm.Config){
		"name":      func(c *samlrealm.Config) { c.Name = "" },
		"metadata":  func(c *samlrealm.Config) { c.IDPMetadata = nil },
		"entity":    func(c *samlrealm.Config) { c.SPEntityID = "" },
		"principal": func(c *samlrealm.Config) { c.Attributes.Principal = "" },
	} {
		c := good
		change(&c)
		if _, err := samlrealm.New(c); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}

func TestMetadataOfTheRealm(t *testing.T) {
	t.Parallel()
	const head = `<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + spID + `">`
	role := func(signed, keys string) string {
		return head + `<md:SPSSODescriptor AuthnRequestsSigned="` + signed + `" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys
	}
	const logout = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + spLogout + `"/>`
	const tail = `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + acs + `" index="1" isDefault="true"/></md:SPSSODescriptor></md:EntityDescriptor>`
	key := func(use string, p pair) string {
		return `<md:KeyDescriptor` + use + `><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
			certificateBase64(p) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
	}
	signing := func(c *samlrealm.Config) {
		c.SigningKey, c.SigningCertificate = realmPair().key, realmPair().certificate
	}
	for _, c := range []struct {
		name   string
		change func(*samlrealm.Config)
		want   string
	}{
		{"plain", nil, role("false", "") + logout + tail},
		{"no logout", func(c *samlrealm.Config) { c.Logout = "" }, role("false", "") + tail},
		{"signing", signing, role("true", key(` use="signing"`, realmPair())) + logout + tail},
		{"one key for both", func(c *samlrealm.Config) {
			signing(c)
			c.EncryptionKeys = []*rsa.PrivateKey{realmPair().key}
		}, role("true", key("", realmPair())) + logout + tail},
		{"two keys", func(c *samlrealm.Config) {
			signing(c)
			c.EncryptionCertificates = []*x509.Certificate{strangerPair().certificate}
		}, role("true", key(` use="signing"`, realmPair())+key(` use="encryption"`, strangerPair())) + logout + tail},
	} {
		got := newWorld(t, c.change).realm.Metadata()
		if got != c.want {
			t.Errorf("%s: got\n%s, want\n%s", c.name, got, c.want)
		}
		// Others can read it.
		if err := xml.Unmarshal([]byte(got), new(saml.EntityDescriptor)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
