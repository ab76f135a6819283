package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxMetadata bounds metadata: that of a federation has some thousand entities.
const maxMetadata = 32 << 20

const (
	metadataNS = "urn:oasis:names:tc:SAML:2.0:metadata"

	redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	postBinding     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// entity is an EntityDescriptor: one party of SAML, as it describes itself.
type entity struct {
	ID         string        `xml:"entityID,attr"`
	ValidUntil string        `xml:"validUntil,attr"`
	IdP        *identityRole `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
	SP         *serviceRole  `xml:"urn:oasis:names:tc:SAML:2.0:metadata SPSSODescriptor"`

	until []string // validUntil of the groups around it
}

// identityRole is what an identity provider says of itself.
type identityRole struct {
	ValidUntil  string        `xml:"validUntil,attr"`
	WantsSigned bool          `xml:"WantAuthnRequestsSigned,attr"`
	Keys        []keyRole     `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
	SignOn      []endpoint    `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
	SignOut     []endpoint    `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
	NameFormats []string      `xml:"urn:oasis:names:tc:SAML:2.0:metadata NameIDFormat"`
	Attributes  []offeredName `xml:"urn:oasis:names:tc:SAML:2.0:assertion Attribute"`
}

// serviceRole is what a service provider says of itself: here, a realm.
type serviceRole struct {
	Signs     bool       `xml:"AuthnRequestsSigned,attr"`
	Keys      []keyRole  `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
	Consumers []endpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata AssertionConsumerService"`
	SignOut   []endpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
}

type endpoint struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
}

// keyRole is a key and what it is for; without a use, for everything.
type keyRole struct {
	Use          string   `xml:"use,attr"`
	Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
}

// offeredName is an attribute that an identity provider can send.
type offeredName struct {
	Name     string `xml:"Name,attr"`
	Friendly string `xml:"FriendlyName,attr"`
}

// at are the locations of the endpoints with this binding.
func at(binding string, all []endpoint) []string {
	var locations []string
	for _, e := range all {
		if e.Binding == binding {
			locations = append(locations, e.Location)
		}
	}
	return locations
}

// readEntities takes metadata for one party or for many apart. It refuses what
// is too big, too deep, has a document type, or is no metadata.
func readEntities(raw []byte) ([]entity, error) {
	if err := bounded(raw, maxMetadata); err != nil {
		return nil, err
	}
	var all []entity
	var until []string // of the groups that we are in
	d := decoder(raw)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("xml: %w", err)
		}
		if _, ok := token.(xml.EndElement); ok {
			until = until[:len(until)-1] // all other elements are read with their ends
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case start.Name == xml.Name{Space: metadataNS, Local: "EntitiesDescriptor"}:
			until = append(until, validUntilOf(start))
		case start.Name == xml.Name{Space: metadataNS, Local: "EntityDescriptor"}:
			var e entity
			if err := d.DecodeElement(&e, &start); err != nil {
				return nil, fmt.Errorf("xml: %w", err)
			}
			e.until = slices.Clone(until)
			all = append(all, e)
		default: // a signature, extensions
			if err := d.Skip(); err != nil {
				return nil, fmt.Errorf("xml: %w", err)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("not SAML metadata: no EntityDescriptor of " + metadataNS)
	}
	return all, nil
}

func validUntilOf(start xml.StartElement) string {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == "validUntil" {
			return a.Value
		}
	}
	return ""
}

// bounded walks through a document once, before anything of it is kept.
func bounded(raw []byte, limit int) error {
	if len(raw) > limit {
		return fmt.Errorf("more than %d bytes", limit)
	}
	d := decoder(raw)
	depth, roots := 0, 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("xml: %w", err)
		}
		switch token.(type) {
		case xml.Directive:
			return errors.New("a document type is not allowed")
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth++; depth > maxDepth {
				return fmt.Errorf("more than %d elements deep", maxDepth)
			}
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 || depth != 0 {
		return fmt.Errorf("%d root elements", roots)
	}
	return nil
}

// decoder reads UTF-8, with the mark in front that some programs write.
func decoder(raw []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	return d
}
