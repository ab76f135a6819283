package samlrealm

import (
	"fmt"

	"github.com/beevik/etree"
)

// A samlAttribute is one Attribute of an assertion.
type samlAttribute struct {
	name         string
	friendlyName *string
	values       []string
}

// attributes reads all AttributeStatements. An encrypted attribute that no key
// opens is left out; Elasticsearch only logs it.
func (r *Realm) attributes(assertion *etree.Element) []samlAttribute {
	var found []samlAttribute
	for _, statement := range children(assertion, assertionNS, "AttributeStatement") {
		for _, a := range children(statement, assertionNS, "Attribute") {
			found = append(found, readAttribute(a))
		}
		for _, closed := range children(statement, assertionNS, "EncryptedAttribute") {
			if a, err := r.decrypt(closed); err == nil && is(a, assertionNS, "Attribute") {
				found = append(found, readAttribute(a))
			}
		}
	}
	return found
}

// readAttribute takes each value's text as it is, not trimmed.
func readAttribute(e *etree.Element) samlAttribute {
	a := samlAttribute{name: printed(attribute(e, "Name")), friendlyName: attribute(e, "FriendlyName"), values: []string{}}
	for _, v := range children(e, assertionNS, "AttributeValue") {
		a.values = append(a.values, content(v))
	}
	return a
}

// named reports whether a setting means this attribute: by Name or FriendlyName.
func (a samlAttribute) named(setting string) bool {
	return a.name == setting || (a.friendlyName != nil && *a.friendlyName == setting)
}

func (a samlAttribute) String() string {
	if a.friendlyName == nil {
		return fmt.Sprintf("%s=%s", a.name, list(a.values))
	}
	return fmt.Sprintf("[%s]%s=%s", *a.friendlyName, a.name, list(a.values))
}

const persistentFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

// lookup gives the values of all attributes that a setting means. Two names are
// not attributes: nameid, and nameid:persistent where the NameID is persistent.
func lookup(setting string, found []samlAttribute, n *nameID) []string {
	persistent := n != nil && n.format != nil && *n.format == persistentFormat
	switch {
	case setting == "":
		return nil
	case setting == "nameid" && n != nil, setting == "nameid:persistent" && persistent:
		return []string{n.value}
	}
	var values []string
	for _, a := range found {
		if a.named(setting) {
			values = append(values, a.values...)
		}
	}
	return values
}
