package idp

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"time"

	"github.com/beevik/etree"
)

// An Answer bends a Response. The zero value is a good one: a success with one
// assertion, which is signed, while the Response around it is not. Where a
// field is a pointer, nil is the right value and an empty string leaves the
// thing out.
type Answer struct {
	InResponseTo        *string // of the Response
	SubjectInResponseTo *string // of the SubjectConfirmationData; nil: as InResponseTo
	Destination         *string
	Recipient           *string
	Audience            *string
	Issuer              *string // of both
	NameID              *string
	NameIDFormat        *string // persistent, if not said otherwise
	SessionIndex        *string // a new one, if not said otherwise

	// Issued is the time of the answer; zero: now.
	Issued time.Time
	// NotBefore and NotOnOrAfter are those of the conditions, the latter of the
	// confirmation too; zero: from Issued on for 5 minutes.
	NotBefore, NotOnOrAfter time.Time
	// SessionNotOnOrAfter is left out when zero.
	SessionNotOnOrAfter time.Time
	// AuthnContextClassRef is PasswordProtectedTransport, if not said otherwise.
	AuthnContextClassRef string

	// Status is a whole status code; empty: success. A Response of another
	// status has no assertion.
	Status, SecondStatus, StatusMessage string

	// Extra attributes come after the person's.
	Extra []Attribute
	// Without names attributes of the person (uid, displayName, mail, groups)
	// that are left out.
	Without []string

	// Assertions is how many there are; 0: one.
	Assertions int
	// SignResponse signs the Response, UnsignedAssertion leaves the assertion
	// without a signature.
	SignResponse, UnsignedAssertion bool
	// Key and Certificate sign instead of the IdP's own.
	Key         *rsa.PrivateKey
	Certificate *x509.Certificate
	// SHA1 signs with RSA-SHA1, as some did until 2015.
	SHA1 bool
	// EncryptFor encrypts the assertion for this certificate's RSA key.
	EncryptFor *x509.Certificate

	// EditAssertion and EditResponse change the XML before each is signed,
	// EditSigned changes the Response after that.
	EditAssertion, EditResponse, EditSigned func(*etree.Element)
}

// An Attribute is one of an assertion's.
type Attribute struct {
	Name, FriendlyName string
	Values             []string
}

// Respond answers the AuthnRequest in a URL for a person, without a browser: it
// gives the two fields of the form that a browser would post. An empty URL is
// nobody's request: the answer is unsolicited and goes to the first service
// provider.
func (i *IdP) Respond(authnRequestURL string, person Person, a Answer) (samlResponseBase64, relayState string, err error) {
	req := request{provider: i.config.ServiceProviders[0]}
	if authnRequestURL != "" {
		u, err := url.Parse(authnRequestURL)
		if err != nil {
			return "", "", err
		}
		if req, err = i.authnRequest(u.Query()); err != nil {
			return "", "", err
		}
	}
	if person.Username == "" {
		return "", "", errors.New("idp: nobody to answer for")
	}
	text, err := i.response(req, person, a)
	return base64.StdEncoding.EncodeToString(text), req.relayState, err
}

// or is what a test wants, or the right value.
func or(wanted *string, right string) string {
	if wanted != nil {
		return *wanted
	}
	return right
}
