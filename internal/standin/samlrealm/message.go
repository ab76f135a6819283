package samlrealm

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/beevik/etree"
	validator "github.com/mattermost/xml-roundtrip-validator"
)

// maxDepth bounds how deep elements nest; SAML needs about ten levels.
const maxDepth = 64

// parse reads a SAML message as Elasticsearch's hardened parser does: without
// DTD and entities, and without comments, so that a value split by a comment is
// read whole. Of the XML schemas it keeps what defends: a known root, unique
// ids, no doubled attribute, and times, ids and methods that are what they claim.
func parse(message []byte) (*etree.Element, error) {
	root, err := document(message)
	if err == nil {
		err = known(root)
	}
	if err == nil {
		err = conforms(root, map[string]bool{})
	}
	if err != nil {
		return nil, &Rejection{Reason: "Failed to parse SAML message", Cause: &Fault{"s_a_x_parse_exception", err.Error()}}
	}
	return root, nil
}

// document is the root of a well-formed document without DTD, its comments dropped.
func document(message []byte) (*etree.Element, error) {
	// Text that encoding/xml would write differently than it read it lets a
	// signature see another document than its reader (CVE-2020-29509 to 29511).
	if err := validator.Validate(bytes.NewReader(message)); err != nil {
		return nil, err
	}
	if err := harmless(message); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = maxDepth
	if err := doc.ReadFromBytes(message); err != nil {
		return nil, err
	}
	root := doc.Root()
	if root == nil {
		return nil, errors.New("Premature end of file.") //nolint:staticcheck // Java's text
	}
	dropComments(root)
	return root, nil
}

// harmless refuses a DTD, doubled attributes and a second root element.
func harmless(message []byte) error {
	d := xml.NewDecoder(bytes.NewReader(message))
	depth, roots := 0, 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("DOCTYPE is disallowed")
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			if doubled(t.Attr) || roots > 1 {
				return fmt.Errorf("element %s is not well-formed", t.Name.Local)
			}
		case xml.EndElement:
			depth--
		}
	}
}

func doubled(attributes []xml.Attr) bool {
	seen := map[xml.Name]bool{}
	for _, a := range attributes {
		if seen[a.Name] {
			return true
		}
		seen[a.Name] = true
	}
	return false
}

// dropComments removes comments and joins the text around them.
func dropComments(e *etree.Element) {
	e.Child = slices.DeleteFunc(e.Child, func(t etree.Token) bool {
		_, comment := t.(*etree.Comment)
		return comment
	})
	e.ReindexChildren()
	for _, c := range e.ChildElements() {
		dropComments(c)
	}
}

// known refuses a root of which the schemas say nothing.
func known(root *etree.Element) error {
	switch root.NamespaceURI() {
	case protocolNS, assertionNS, signatureNS, encryptNS:
		return nil
	}
	return fmt.Errorf("cvc-elt.1.a: Cannot find the declaration of element '%s'.", root.FullTag()) //nolint:staticcheck // Java's text
}

// conforms checks attribute types below e. An id that occurs twice would let a
// signature's reference mean another element than the one that is read.
func conforms(e *etree.Element, ids map[string]bool) error {
	for _, a := range e.Attr {
		if err := conformsAttribute(e, a, ids); err != nil {
			return err
		}
	}
	if is(e, assertionNS, "SubjectConfirmation") && attribute(e, "Method") == nil {
		return errors.New("cvc-complex-type.4: Attribute 'Method' must appear on element 'SubjectConfirmation'.") //nolint:staticcheck // Java's text
	}
	for _, c := range e.ChildElements() {
		if err := conforms(c, ids); err != nil {
			return err
		}
	}
	return nil
}

func conformsAttribute(e *etree.Element, a etree.Attr, ids map[string]bool) error {
	switch a.Key {
	case "ID", "Id":
		if ids[a.Value] || a.Value == "" || strings.ContainsAny(a.Value, ": \t\r\n") {
			return fmt.Errorf("cvc-id.2: '%s' is not a unique ID", a.Value)
		}
		ids[a.Value] = true
	case "IssueInstant", "NotBefore", "NotOnOrAfter", "SessionNotOnOrAfter", "AuthnInstant":
		if _, err := parseInstant(a.Value); err != nil && a.Space == "" {
			return fmt.Errorf("cvc-datatype-valid.1.2.1: '%s' of '%s' is not a dateTime", a.Key, e.Tag)
		}
	}
	return nil
}

// rooted parses a message whose root must have this tag.
func rooted(message []byte, tag string) (*etree.Element, error) {
	root, err := parse(message)
	if err != nil {
		return nil, err
	}
	if !is(root, protocolNS, tag) {
		return nil, refuse("SAML content [[%s: null]] should have a root element of Namespace=[%s] Tag=[%s]",
			root.FullTag(), protocolNS, tag)
	}
	for _, required := range []string{"ID", "Version", "IssueInstant"} {
		if attribute(root, required) == nil {
			return nil, &Rejection{Reason: "Failed to parse SAML message", Cause: &Fault{
				"s_a_x_parse_exception",
				fmt.Sprintf("cvc-complex-type.4: Attribute '%s' must appear on element '%s'.", required, root.FullTag()),
			}}
		}
	}
	return root, nil
}
