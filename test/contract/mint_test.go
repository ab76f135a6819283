package contract

// The identity provider of these tests, written for them alone: it shares no code
// with the stand-in that it is to judge, and it lies on request.

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	idpEntity   = "https://idp.contract.test/metadata"
	plainEntity = "https://plain.contract.test/metadata"
	slo         = "https://idp.contract.test/slo"
	persistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	transient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	succeeded   = "urn:oasis:names:tc:SAML:2.0:status:Success"
	rsaSHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

	protocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertion = "urn:oasis:names:tc:SAML:2.0:assertion"
)

// spRealm is a realm as the identity provider sees it.
type spRealm struct{ name, issuer, sp, acs, logout string }

var (
	realm1 = spRealm{"saml1", idpEntity, "https://sp.contract.test/", "https://sp.contract.test/acs", "https://sp.contract.test/logout"}
	realm2 = spRealm{"saml2", idpEntity, "https://sp2.contract.test/", "https://sp2.contract.test/acs", ""}
	realm3 = spRealm{"saml3", plainEntity, "https://sp3.contract.test/", "https://sp3.contract.test/acs", "https://sp3.contract.test/logout"}
)

// login is a Response before it is minted. newLogin makes a good one; tests change
// what they want to be wrong.
type login struct {
	now           time.Time
	issuer        string // "-": no Issuer
	destination   string // "": no Destination
	inResponseTo  string
	status        string // "": no StatusCode
	statusMessage string

	assertions     int
	signResponse   bool
	signAssertions bool
	tamper         bool // change the text after signing
	foreignKey     bool // sign with a key that the metadata does not know
	encrypt        bool // the assertion, for the realm that has a key
	wrapped        bool // the signed assertion hides in the signature of another one
	comment        bool // cut the user's name in two by a comment after signing

	assertionIssuer string
	noConditions    bool
	audiences       [][]string // one restriction for each
	notBefore       time.Time
	notOnOrAfter    time.Time

	noSubject          bool
	noNameID           bool
	nameID             string
	nameIDFormat       string
	confirmations      int
	recipient          string
	confirmationEnd    time.Time
	confirmationAnswer string // InResponseTo of the confirmation

	authnStatements int
	sessionIndex    string
	sessionEnd      time.Time

	attributes []attribute
}

type attribute struct {
	name, friendly string
	values         []string
}

func newLogin(s *server, r spRealm, user string) *login {
	now := s.now().UTC()
	return &login{
		now: now, issuer: r.issuer, destination: r.acs, status: succeeded,
		assertions: 1, signAssertions: true, assertionIssuer: r.issuer,
		audiences: [][]string{{r.sp}}, notBefore: now.Add(-time.Minute), notOnOrAfter: now.Add(5 * time.Minute),
		nameID: user + "-id", nameIDFormat: transient, confirmations: 1, recipient: r.acs,
		confirmationEnd: now.Add(5 * time.Minute), authnStatements: 1, sessionIndex: "session-" + newID(),
		attributes: []attribute{
			{"urn:oid:0.9.2342.19200300.100.1.1", "uid", []string{user}},
			{"groups", "", []string{"readers", "others"}},
			{"displayName", "", []string{"Alice Example"}},
			{"mail", "", []string{"alice@contract.test"}},
		},
	}
}

// but returns the login with a change.
func (l *login) but(change func(*login)) *login {
	change(l)
	return l
}

// answering makes it the answer to a request.
func (l *login) answering(id string) *login {
	l.inResponseTo, l.confirmationAnswer = id, id
	return l
}

func newID() string {
	id := make([]byte, 20)
	_, _ = rand.Read(id)
	return "_" + hex.EncodeToString(id)
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// mint is the Response as XML.
func (l *login) mint(t *testing.T) []byte {
	t.Helper()
	response := etree.NewElement("samlp:Response")
	response.CreateAttr("xmlns:samlp", protocol)
	response.CreateAttr("xmlns:saml", assertion)
	head(response, l.now, l.destination, l.inResponseTo)
	issue(response, l.issuer)
	status := response.CreateElement("samlp:Status")
	code := status.CreateElement("samlp:StatusCode")
	code.CreateAttr("Value", l.status)
	if l.statusMessage != "" {
		status.CreateElement("samlp:StatusMessage").SetText(l.statusMessage)
	}
	for range l.assertions {
		a := l.assertion()
		if l.signAssertions {
			a = sign(t, a, l.key(t))
		}
		if l.wrapped {
			a = wrap(a)
		}
		if l.encrypt {
			a = encrypted(t, a)
		}
		response.AddChild(a)
	}
	if l.signResponse {
		response = sign(t, response, l.key(t))
	}
	text := document(t, response)
	if l.tamper {
		text = bytes.ReplaceAll(text, []byte("Alice Example"), []byte("Mallory Example"))
	}
	if l.comment {
		text = bytes.ReplaceAll(text, []byte("alice.admin</"), []byte("alice<!-- cut -->.admin</"))
	}
	return text
}

// wrap makes an assertion about somebody else that carries the signature of the
// good one, which lies inside that signature (XML signature wrapping).
func wrap(good *etree.Element) *etree.Element {
	evil := good.Copy()
	evil.CreateAttr("ID", newID())
	for _, value := range evil.FindElements("./AttributeStatement/Attribute/AttributeValue") {
		value.SetText("mallory")
	}
	evil.FindElement("./Signature").CreateElement("ds:Object").AddChild(good)
	return evil
}

// encrypted hides an assertion from all but the holder of sp.key.
func encrypted(t *testing.T, a *etree.Element) *etree.Element {
	t.Helper()
	how := xmlenc.OAEP()
	how.BlockCipher = xmlenc.AES128CBC
	how.DigestMethod = &xmlenc.SHA1
	data, err := how.Encrypt(readCertificate(t, "sp.crt"), document(t, a), nil)
	if err != nil {
		t.Fatal(err)
	}
	data.CreateAttr("Type", "http://www.w3.org/2001/04/xmlenc#Element")
	e := etree.NewElement("saml:EncryptedAssertion")
	e.AddChild(data)
	return e
}

func (l *login) content(t *testing.T) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(l.mint(t))
}

func (l *login) key(t *testing.T) *signer {
	t.Helper()
	if l.foreignKey {
		return keyOf(t, "sp")
	}
	return keyOf(t, "idp")
}

func head(e *etree.Element, now time.Time, destination, inResponseTo string) {
	e.CreateAttr("ID", newID())
	e.CreateAttr("Version", "2.0")
	e.CreateAttr("IssueInstant", stamp(now))
	if destination != "" {
		e.CreateAttr("Destination", destination)
	}
	if inResponseTo != "" {
		e.CreateAttr("InResponseTo", inResponseTo)
	}
}

func issue(e *etree.Element, issuer string) {
	if issuer != "-" {
		e.CreateElement("saml:Issuer").SetText(issuer)
	}
}

func (l *login) assertion() *etree.Element {
	a := etree.NewElement("saml:Assertion")
	a.CreateAttr("xmlns:saml", assertion)
	head(a, l.now, "", "")
	issue(a, l.assertionIssuer)
	if !l.noSubject {
		l.subject(a)
	}
	if !l.noConditions {
		conditions := a.CreateElement("saml:Conditions")
		setTime(conditions, "NotBefore", l.notBefore)
		setTime(conditions, "NotOnOrAfter", l.notOnOrAfter)
		for _, restriction := range l.audiences {
			r := conditions.CreateElement("saml:AudienceRestriction")
			for _, audience := range restriction {
				r.CreateElement("saml:Audience").SetText(audience)
			}
		}
	}
	for range l.authnStatements {
		statement := a.CreateElement("saml:AuthnStatement")
		statement.CreateAttr("AuthnInstant", stamp(l.now))
		if l.sessionIndex != "" {
			statement.CreateAttr("SessionIndex", l.sessionIndex)
		}
		setTime(statement, "SessionNotOnOrAfter", l.sessionEnd)
		statement.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").
			SetText("urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
	}
	if len(l.attributes) > 0 {
		l.attribute(a.CreateElement("saml:AttributeStatement"))
	}
	return a
}

func setTime(e *etree.Element, name string, at time.Time) {
	if !at.IsZero() {
		e.CreateAttr(name, stamp(at))
	}
}

func (l *login) subject(a *etree.Element) {
	subject := a.CreateElement("saml:Subject")
	if !l.noNameID {
		id := subject.CreateElement("saml:NameID")
		if l.nameIDFormat != "" {
			id.CreateAttr("Format", l.nameIDFormat)
		}
		id.SetText(l.nameID)
	}
	for range l.confirmations {
		confirmation := subject.CreateElement("saml:SubjectConfirmation")
		confirmation.CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
		data := confirmation.CreateElement("saml:SubjectConfirmationData")
		setTime(data, "NotOnOrAfter", l.confirmationEnd)
		if l.recipient != "" {
			data.CreateAttr("Recipient", l.recipient)
		}
		if l.confirmationAnswer != "" {
			data.CreateAttr("InResponseTo", l.confirmationAnswer)
		}
	}
}

func (l *login) attribute(statement *etree.Element) {
	for _, a := range l.attributes {
		e := statement.CreateElement("saml:Attribute")
		e.CreateAttr("Name", a.name)
		if a.friendly != "" {
			e.CreateAttr("FriendlyName", a.friendly)
		}
		for _, value := range a.values {
			e.CreateElement("saml:AttributeValue").SetText(value)
		}
	}
}

func document(t *testing.T, root *etree.Element) []byte {
	t.Helper()
	d := etree.NewDocument()
	d.SetRoot(root)
	text, err := d.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signer is a key pair as goxmldsig wants it.
type signer struct {
	key         *rsa.PrivateKey
	certificate []byte
}

func (s *signer) GetKeyPair() (*rsa.PrivateKey, []byte, error) { return s.key, s.certificate, nil }

func keyOf(t *testing.T, name string) *signer {
	t.Helper()
	return &signer{key: readKey(t, name+".key"), certificate: readPEM(t, name+".crt")}
}

// sign puts an enveloped signature where the schema wants it: behind the Issuer.
func sign(t *testing.T, e *etree.Element, by *signer) *etree.Element {
	t.Helper()
	signing := dsig.NewDefaultSigningContext(by)
	signing.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := signing.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		t.Fatal(err)
	}
	signature, err := signing.ConstructSignature(e, true)
	if err != nil {
		t.Fatal(err)
	}
	signed := e.Copy()
	place := 0
	if issuer := signed.FindElement("./Issuer"); issuer != nil {
		place = issuer.Index() + 1
	}
	signed.InsertChildAt(place, signature)
	return signed
}

// logoutRequest is a LogoutRequest of the identity provider.
type logoutRequest struct {
	id, issuer, destination      string
	nameID, format, sessionIndex string
	notOnOrAfter                 time.Time
	signXML, unsigned            bool // unsigned: the query string carries no signature
	relayState                   string
}

func endSession(r spRealm, l *login) *logoutRequest {
	return &logoutRequest{
		id: newID(), issuer: r.issuer, destination: r.logout,
		nameID: l.nameID, format: l.nameIDFormat, sessionIndex: l.sessionIndex,
	}
}

func (l *logoutRequest) query(t *testing.T, now time.Time) string {
	t.Helper()
	e := etree.NewElement("samlp:LogoutRequest")
	e.CreateAttr("xmlns:samlp", protocol)
	e.CreateAttr("xmlns:saml", assertion)
	head(e, now, l.destination, "")
	e.CreateAttr("ID", l.id)
	setTime(e, "NotOnOrAfter", l.notOnOrAfter)
	issue(e, l.issuer)
	id := e.CreateElement("saml:NameID")
	if l.format != "" {
		id.CreateAttr("Format", l.format)
	}
	id.SetText(l.nameID)
	if l.sessionIndex != "" {
		e.CreateElement("samlp:SessionIndex").SetText(l.sessionIndex)
	}
	if l.signXML {
		e = sign(t, e, keyOf(t, "idp"))
	}
	if l.unsigned {
		return unsignedQuery(t, "SAMLRequest", document(t, e), l.relayState)
	}
	return signedQuery(t, "SAMLRequest", document(t, e), l.relayState)
}

// logoutResponse is the provider's answer to our LogoutRequest.
type logoutResponse struct {
	issuer, destination, inResponseTo, status string
	signXML                                   bool
}

func loggedOut(r spRealm, id string) *logoutResponse {
	return &logoutResponse{issuer: r.issuer, destination: r.logout, inResponseTo: id, status: succeeded}
}

func (l *logoutResponse) xml(t *testing.T, now time.Time) []byte {
	t.Helper()
	e := etree.NewElement("samlp:LogoutResponse")
	e.CreateAttr("xmlns:samlp", protocol)
	e.CreateAttr("xmlns:saml", assertion)
	head(e, now, l.destination, l.inResponseTo)
	issue(e, l.issuer)
	e.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", l.status)
	if l.signXML {
		e = sign(t, e, keyOf(t, "idp"))
	}
	return document(t, e)
}

func unsignedQuery(t *testing.T, parameter string, xml []byte, relayState string) string {
	t.Helper()
	query := parameter + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated(t, xml)))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	return query
}

// signedQuery signs the octets as the redirect binding says (saml-bindings 3.4.4.1).
func signedQuery(t *testing.T, parameter string, xml []byte, relayState string) string {
	t.Helper()
	query := unsignedQuery(t, parameter, xml, relayState) + "&SigAlg=" + url.QueryEscape(rsaSHA256)
	digest := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, keyOf(t, "idp").key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
}

func deflated(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// opened is the message in a redirect: base64, raw deflate, XML.
func opened(t *testing.T, message string) *etree.Element {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	d := etree.NewDocument()
	if err := d.ReadFromBytes(text); err != nil {
		t.Fatal(err)
	}
	return d.Root()
}

// verifyQuery checks a signature of ours over the octets of a redirect.
func verifyQuery(t *testing.T, redirect string) {
	t.Helper()
	_, query, _ := strings.Cut(redirect, "?")
	signed, encoded, ok := strings.Cut(query, "&Signature=")
	if !ok {
		t.Fatalf("no signature: %s", redirect)
	}
	text, err := url.QueryUnescape(encoded)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(&keyOf(t, "sp").key.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
}
