package samlrealm

import (
	"strings"

	"github.com/beevik/etree"
)

// The namespaces of SAML messages.
const (
	protocolNS  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionNS = "urn:oasis:names:tc:SAML:2.0:assertion"
	metadataNS  = "urn:oasis:names:tc:SAML:2.0:metadata"
	signatureNS = "http://www.w3.org/2000/09/xmldsig#"
	encryptNS   = "http://www.w3.org/2001/04/xmlenc#"
)

// is reports whether e has this name. Prefixes do not matter.
func is(e *etree.Element, space, tag string) bool {
	return e.Tag == tag && e.NamespaceURI() == space
}

// children are e's own children of a name, not those further down: what stands
// elsewhere (in an extension, in an object of a signature) is not read.
func children(e *etree.Element, space, tag string) []*etree.Element {
	var found []*etree.Element
	for _, c := range e.ChildElements() {
		if is(c, space, tag) {
			found = append(found, c)
		}
	}
	return found
}

// child is the first of children, or nil.
func child(e *etree.Element, space, tag string) *etree.Element {
	if found := children(e, space, tag); len(found) > 0 {
		return found[0]
	}
	return nil
}

// attribute is the value of e's attribute without a namespace; nil: not there.
func attribute(e *etree.Element, key string) *string {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == key {
			return &a.Value
		}
	}
	return nil
}

// content is all text below e, as a DOM's textContent.
func content(e *etree.Element) string {
	var b strings.Builder
	for _, t := range e.Child {
		switch t := t.(type) {
		case *etree.CharData:
			b.WriteString(t.Data)
		case *etree.Element:
			b.WriteString(content(t))
		}
	}
	return b.String()
}

// value is the text of an element of a simple type, which OpenSAML trims.
func value(e *etree.Element) string { return strings.TrimSpace(content(e)) }

// qname is an element's name as Java prints it.
func qname(e *etree.Element) string { return "{" + e.NamespaceURI() + "}" + e.Tag }

// excerpt is e's text, cut as in Elasticsearch's messages.
func excerpt(e *etree.Element, prefix, suffix int) string {
	text := []rune(strings.TrimSpace(content(e)))
	if len(text) <= prefix+suffix {
		return string(text)
	}
	return string(text[:prefix]) + "..." + string(text[len(text)-suffix:])
}

// printed is a string or Java's null.
func printed(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// hasText is Elasticsearch's Strings.hasText.
func hasText(s *string) bool { return s != nil && strings.TrimSpace(*s) != "" }

// list prints strings as a Java list.
func list(s []string) string { return "[" + strings.Join(s, ", ") + "]" }
