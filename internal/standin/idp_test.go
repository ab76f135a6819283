package standin_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const (
	idpEntity = "https://idp.example/"
	idpSSO    = "https://idp.example/sso"
	idpSLO    = "https://idp.example/slo"
	spEntity  = "https://sp.example/"
	spACS     = "https://sp.example/acs"
	spLogout  = "https://sp.example/logout"
)

// An idp signs what tests want said.
type idp struct {
	tb          testing.TB
	key         *rsa.PrivateKey
	certificate []byte
}

func newIDP(tb testing.TB) *idp {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return &idp{tb, key, der}
}

// GetKeyPair makes an idp a key store of goxmldsig.
func (i *idp) GetKeyPair() (*rsa.PrivateKey, []byte, error) { return i.key, i.certificate, nil }

func (i *idp) metadata() ([]byte, error) {
	return fmt.Appendf(nil, `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">`+
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>`+
		`<ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`+
		`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s"/>`+
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s"/>`+
		`</md:IDPSSODescriptor></md:EntityDescriptor>`,
		idpEntity, base64.StdEncoding.EncodeToString(i.certificate), idpSLO, idpSSO), nil
}

// realm is a SAML realm that believes the idp.
func (i *idp) realm(name string) samlrealm.Config {
	return samlrealm.Config{
		Name: name, IDPMetadata: i.metadata, IDPEntityID: idpEntity,
		SPEntityID: spEntity, ACS: spACS, Logout: spLogout,
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups"},
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// response is a Response with a signed assertion about ann, in base64.
func (i *idp) response(now time.Time, id string) string {
	i.tb.Helper()
	issuer := `<saml:Issuer>` + idpEntity + `</saml:Issuer>`
	end := stamp(now.Add(5 * time.Minute))
	assertion := `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="` + stamp(now) + `">` + issuer +
		`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">n-1</saml:NameID>` +
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="` + id +
		`" NotOnOrAfter="` + end + `" Recipient="` + spACS + `"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Conditions NotBefore="` + stamp(now) + `" NotOnOrAfter="` + end + `"><saml:AudienceRestriction><saml:Audience>` + spEntity +
		`</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
		`<saml:AuthnStatement AuthnInstant="` + stamp(now) + `" SessionIndex="s-1"><saml:AuthnContext>` +
		`<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
		`<saml:AttributeStatement><saml:Attribute Name="uid"><saml:AttributeValue>ann</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="groups"><saml:AttributeValue>staff</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>`
	signed := i.sign(assertion)
	text := `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="` +
		stamp(now) + `" Destination="` + spACS + `" InResponseTo="` + id + `">` + issuer +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` + signed + `</samlp:Response>`
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// sign signs an element; the signature stands behind the issuer.
func (i *idp) sign(text string) string {
	i.tb.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		i.tb.Fatal(err)
	}
	ctx := dsig.NewDefaultSigningContext(i)
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := ctx.ConstructSignature(doc.Root(), true)
	if err != nil {
		i.tb.Fatal(err)
	}
	doc.Root().InsertChildAt(1, signature)
	out, err := doc.WriteToString()
	if err != nil {
		i.tb.Fatal(err)
	}
	return out
}

// logoutQuery is a signed LogoutRequest as the browser brings it.
func (i *idp) logoutQuery(now time.Time, session string) string {
	i.tb.Helper()
	text := `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l1" Version="2.0" IssueInstant="` +
		stamp(now) + `" Destination="` + spLogout + `"><saml:Issuer>` + idpEntity + `</saml:Issuer>` +
		`<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">n-1</saml:NameID>` +
		`<samlp:SessionIndex>` + session + `</samlp:SessionIndex></samlp:LogoutRequest>`
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		i.tb.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		i.tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		i.tb.Fatal(err)
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes())) + "&RelayState=back" +
		"&SigAlg=" + url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
	sum := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		i.tb.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

// startSAML is a node with one realm, saml1, whose staff may read.
func startSAML(tb testing.TB, version string) (*node, *idp) {
	tb.Helper()
	i := newIDP(tb)
	return start(tb, func(c *standin.Config) {
		c.Version = version
		c.SAML = []samlrealm.Config{i.realm("saml1")}
		c.RoleMappings = []standin.RoleMapping{{Realm: "saml1", Groups: []string{"staff"}, Roles: []string{"reader"}}}
	}), i
}
