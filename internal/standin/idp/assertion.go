package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/beevik/etree"
)

// assertion is one assertion, not signed yet.
func (i *IdP) assertion(req request, person Person, a Answer) *etree.Element {
	e := etree.NewElement("saml:Assertion")
	e.CreateAttr("xmlns:saml", assertionNS)
	begin(e, a.Issued)
	i.addIssuer(e, a)
	if a.NotBefore.IsZero() {
		a.NotBefore = a.Issued
	}
	if a.NotOnOrAfter.IsZero() {
		a.NotOnOrAfter = a.Issued.Add(lifetime)
	}
	addSubject(e, req, person, a)
	addConditions(e, req, a)
	addAuthnStatement(e, a)
	addAttributes(e, person, a)
	return e
}

func addSubject(e *etree.Element, req request, person Person, a Answer) {
	subject := e.CreateElement("saml:Subject")
	if name := or(a.NameID, persistentName(person, req.provider)); name != "" {
		id := subject.CreateElement("saml:NameID")
		optional(id, "Format", or(a.NameIDFormat, persistentFormat))
		id.SetText(name)
	}
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	confirmation.CreateAttr("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
	data := confirmation.CreateElement("saml:SubjectConfirmationData")
	optional(data, "InResponseTo", or(a.SubjectInResponseTo, or(a.InResponseTo, req.id)))
	data.CreateAttr("NotOnOrAfter", instant(a.NotOnOrAfter))
	optional(data, "Recipient", or(a.Recipient, req.provider.ACS))
}

// persistentName is the same for a person at a service provider for ever, even
// after the IdP was started again with a new key. A real IdP would not let it
// be computed from public names.
func persistentName(person Person, sp ServiceProvider) string {
	sum := sha256.Sum256([]byte(sp.EntityID + "\x00" + person.Username))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

func addConditions(e *etree.Element, req request, a Answer) {
	conditions := e.CreateElement("saml:Conditions")
	conditions.CreateAttr("NotBefore", instant(a.NotBefore))
	conditions.CreateAttr("NotOnOrAfter", instant(a.NotOnOrAfter))
	if audience := or(a.Audience, req.provider.EntityID); audience != "" {
		conditions.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(audience)
	}
}

func addAuthnStatement(e *etree.Element, a Answer) {
	statement := e.CreateElement("saml:AuthnStatement")
	statement.CreateAttr("AuthnInstant", instant(a.Issued))
	optional(statement, "SessionIndex", or(a.SessionIndex, newID()))
	if !a.SessionNotOnOrAfter.IsZero() {
		statement.CreateAttr("SessionNotOnOrAfter", instant(a.SessionNotOnOrAfter))
	}
	class := a.AuthnContextClassRef
	if class == "" {
		class = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	}
	statement.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText(class)
}

// attributesOf are what the IdP tells of a person, under the names of LDAP.
func attributesOf(p Person) []Attribute {
	return []Attribute{
		{Name: "urn:oid:0.9.2342.19200300.100.1.1", FriendlyName: "uid", Values: []string{p.Username}},
		{Name: "urn:oid:2.16.840.1.113730.3.1.241", FriendlyName: "displayName", Values: []string{p.FullName}},
		{Name: "urn:oid:0.9.2342.19200300.100.1.3", FriendlyName: "mail", Values: []string{p.Email}},
		{Name: "urn:oid:1.3.6.1.4.1.5923.1.5.1.1", FriendlyName: "groups", Values: p.Groups},
	}
}

func addAttributes(e *etree.Element, person Person, a Answer) {
	attributes := slices.DeleteFunc(attributesOf(person), func(one Attribute) bool {
		return slices.Contains(a.Without, one.FriendlyName) || len(one.Values) == 0 || one.Values[0] == ""
	})
	attributes = append(attributes, a.Extra...)
	if len(attributes) == 0 {
		return
	}
	statement := e.CreateElement("saml:AttributeStatement")
	for _, one := range attributes {
		attribute := statement.CreateElement("saml:Attribute")
		attribute.CreateAttr("Name", one.Name)
		attribute.CreateAttr("NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri")
		optional(attribute, "FriendlyName", one.FriendlyName)
		for _, value := range one.Values {
			attribute.CreateElement("saml:AttributeValue").SetText(value)
		}
	}
}
