package saml

import (
	"encoding/xml"
	"errors"
	"strings"
	"time"
)

// response is what a Response says of itself. None of it is proven; once ES has
// accepted these very bytes it may be believed, within the one assertion.
type response struct {
	InResponseTo string    `xml:"InResponseTo,attr"`
	Destination  string    `xml:"Destination,attr"`
	IssueInstant string    `xml:"IssueInstant,attr"`
	Issuer       string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Signature    *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Status       status    `xml:"urn:oasis:names:tc:SAML:2.0:protocol Status"`

	Assertions []assertion `xml:"urn:oasis:names:tc:SAML:2.0:assertion Assertion"`
	Encrypted  []encrypted `xml:"urn:oasis:names:tc:SAML:2.0:assertion EncryptedAssertion"`

	message []byte // the XML, for an explanation
}

// status is what the identity provider thinks of the request.
type status struct {
	Code    statusCode `xml:"urn:oasis:names:tc:SAML:2.0:protocol StatusCode"`
	Message string     `xml:"urn:oasis:names:tc:SAML:2.0:protocol StatusMessage"`
}

// statusCode is the code, and within it the second one, which says more.
type statusCode struct {
	Value  string      `xml:"Value,attr"`
	Second *statusCode `xml:"urn:oasis:names:tc:SAML:2.0:protocol StatusCode"`
}

// assertion is what the identity provider says of a person.
type assertion struct {
	ID         string      `xml:"ID,attr"`
	Issuer     string      `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Signature  *struct{}   `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Subject    subject     `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject"`
	Conditions *conditions `xml:"urn:oasis:names:tc:SAML:2.0:assertion Conditions"`
	Statements []authn     `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnStatement"`
	Attributes []attribute `xml:"urn:oasis:names:tc:SAML:2.0:assertion AttributeStatement>Attribute"`
}

type subject struct {
	XMLName       xml.Name       // empty: there is none
	NameID        *nameID        `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
	Confirmations []confirmation `xml:"urn:oasis:names:tc:SAML:2.0:assertion SubjectConfirmation"`
}

// nameID is the identity provider's name of a person.
type nameID struct {
	Value  string `xml:",chardata"`
	Format string `xml:"Format,attr"`
}

// name is the text as ES reads it: OpenSAML takes white space off at both ends.
func (n *nameID) name() string { return strings.TrimSpace(n.Value) }

type confirmation struct {
	Method string `xml:"Method,attr"`
	Data   *struct {
		Recipient    string `xml:"Recipient,attr"`
		NotOnOrAfter string `xml:"NotOnOrAfter,attr"`
		InResponseTo string `xml:"InResponseTo,attr"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion SubjectConfirmationData"`
}

type conditions struct {
	NotBefore    string `xml:"NotBefore,attr"`
	NotOnOrAfter string `xml:"NotOnOrAfter,attr"`
	Restrictions []struct {
		Audiences []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Audience"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AudienceRestriction"`
}

// authn says how and when the person proved who they are.
type authn struct {
	SessionIndex        string `xml:"SessionIndex,attr"`
	SessionNotOnOrAfter string `xml:"SessionNotOnOrAfter,attr"`
	ContextClass        string `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContext>AuthnContextClassRef"`
}

type attribute struct {
	Name         string `xml:"Name,attr"`
	FriendlyName string `xml:"FriendlyName,attr"`

	Values []attributeValue `xml:"urn:oasis:names:tc:SAML:2.0:assertion AttributeValue"`
}

// attributeValue is a text, or elements of somebody's own.
type attributeValue struct {
	Text   string     `xml:",chardata"`
	Inside []struct{} `xml:",any"`
}

// filled reports whether there is anything in it.
func (v attributeValue) filled() bool { return v.Text != "" || len(v.Inside) > 0 }

// The words of SAML that are compared.
const (
	bearer           = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	persistentFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	statusPrefix     = "urn:oasis:names:tc:SAML:2.0:status:"
)

// readResponse reads a Response.
func readResponse(message []byte) (*response, error) {
	var r response
	if err := parse(message, protocol("Response"), &r); err != nil {
		return nil, err
	}
	r.message = message
	return &r, nil
}

// readAssertion reads an assertion that stood encrypted in a response.
func readAssertion(message []byte) (*assertion, error) {
	var a assertion
	if err := parse(message, assertionName("Assertion"), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// only is the one assertion of the response. Nil if it is encrypted.
func (r *response) only() (*assertion, error) {
	if len(r.Assertions)+len(r.Encrypted) != 1 {
		return nil, errors.New("not exactly one assertion")
	}
	if len(r.Assertions) == 0 {
		return nil, nil //nolint:nilnil // there is one, and it cannot be read
	}
	return &r.Assertions[0], nil
}

// ends is when the assertion can no longer be used, by the earliest of its ends.
// Zero: never, as far as it says.
func (a *assertion) ends() time.Time {
	var all []string
	if a.Conditions != nil {
		all = append(all, a.Conditions.NotOnOrAfter)
	}
	for _, c := range a.Subject.Confirmations {
		if c.Method == bearer && c.Data != nil {
			all = append(all, c.Data.NotOnOrAfter)
		}
	}
	var end time.Time
	for _, text := range all {
		if t := instant(text); !t.IsZero() && (end.IsZero() || t.Before(end)) {
			end = t
		}
	}
	return end
}
