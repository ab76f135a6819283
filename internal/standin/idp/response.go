package idp

import (
	"crypto/x509"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
)

// lifetime is how long an answer may take to its service provider.
const lifetime = 5 * time.Minute

// response is a whole Response in XML.
func (i *IdP) response(req request, person Person, a Answer) ([]byte, error) {
	if a.Issued.IsZero() {
		a.Issued = i.config.Now()
	}
	e := i.envelope(req, a)
	if a.Status == "" || a.Status == statusSpace+"Success" {
		if err := i.addAssertions(e, req, person, a); err != nil {
			return nil, err
		}
	}
	edit(a.EditResponse, e)
	if a.SignResponse {
		if err := i.sign(e, a); err != nil {
			return nil, err
		}
	}
	edit(a.EditSigned, e)
	return document(e), nil
}

func edit(f func(*etree.Element), e *etree.Element) {
	if f != nil {
		f(e)
	}
}

// envelope is a Response without assertions.
func (i *IdP) envelope(req request, a Answer) *etree.Element {
	e := etree.NewElement("samlp:Response")
	e.CreateAttr("xmlns:samlp", protocolNS)
	begin(e, a.Issued)
	optional(e, "InResponseTo", or(a.InResponseTo, req.id))
	optional(e, "Destination", or(a.Destination, req.provider.ACS))
	i.addIssuer(e, a)
	status := e.CreateElement("samlp:Status")
	code := status.CreateElement("samlp:StatusCode")
	code.CreateAttr("Value", statusSpace+"Success")
	if a.Status != "" {
		code.CreateAttr("Value", a.Status)
	}
	if a.SecondStatus != "" {
		code.CreateElement("samlp:StatusCode").CreateAttr("Value", a.SecondStatus)
	}
	if a.StatusMessage != "" {
		status.CreateElement("samlp:StatusMessage").SetText(a.StatusMessage)
	}
	return e
}

// begin gives what every message and assertion needs.
func begin(e *etree.Element, at time.Time) {
	e.CreateAttr("ID", newID())
	e.CreateAttr("Version", "2.0")
	e.CreateAttr("IssueInstant", instant(at))
}

func (i *IdP) addIssuer(e *etree.Element, a Answer) {
	if name := or(a.Issuer, i.config.EntityID); name != "" {
		issuer := e.CreateElement("saml:Issuer")
		issuer.CreateAttr("xmlns:saml", assertionNS)
		issuer.SetText(name)
	}
}

func (i *IdP) addAssertions(response *etree.Element, req request, person Person, a Answer) error {
	for range max(a.Assertions, 1) {
		e := i.assertion(req, person, a)
		edit(a.EditAssertion, e)
		if !a.UnsignedAssertion {
			if err := i.sign(e, a); err != nil {
				return err
			}
		}
		if a.EncryptFor == nil {
			response.AddChild(e)
			continue
		}
		if err := seal(response, "EncryptedAssertion", e, a.EncryptFor); err != nil {
			return err
		}
	}
	return nil
}

// seal puts an element into another one, encrypted.
func seal(into *etree.Element, tag string, e *etree.Element, certificate *x509.Certificate) error {
	transport := xmlenc.OAEP()
	transport.DigestMethod = &xmlenc.SHA1 // the only one that xmlenc names and uses as everybody else does
	closed, err := transport.Encrypt(certificate, document(e), nil)
	if err != nil {
		return err
	}
	around := into.CreateElement("saml:" + tag)
	around.CreateAttr("xmlns:saml", assertionNS)
	around.AddChild(closed)
	return nil
}

// optional sets an attribute unless it is empty.
func optional(e *etree.Element, key, value string) {
	if value != "" {
		e.CreateAttr(key, value)
	}
}

// instant is a time as xs:dateTime.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
