package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// The bounds of a message before ES is asked.
const (
	maxMessage = 1 << 20 // bytes of XML
	maxDepth   = 64      // nested elements
)

const protocolNS = "urn:oasis:names:tc:SAML:2.0:protocol"

// claim is what a response says of itself. Nothing of it is proven: it only
// chooses which attempt is taken.
type claim struct {
	inResponseTo string
}

// read takes a response apart no further than needed. It refuses what is too
// big, too deep, has a document type, or is no response.
func read(content string) (claim, error) {
	message, err := decode(content)
	if err != nil {
		return claim{}, fmt.Errorf("base64: %w", err)
	}
	if len(message) > maxMessage {
		return claim{}, fmt.Errorf("more than %d bytes", maxMessage)
	}
	d := xml.NewDecoder(bytes.NewReader(message))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	var c claim
	depth, roots := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return claim{}, fmt.Errorf("xml: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return claim{}, errors.New("a document type is not allowed")
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return claim{}, fmt.Errorf("more than %d elements deep", maxDepth)
			}
			if depth == 1 {
				roots++
				if err := c.root(t); err != nil {
					return claim{}, err
				}
			}
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 {
		return claim{}, fmt.Errorf("%d root elements", roots)
	}
	return c, nil
}

// root reads the message's own element.
func (c *claim) root(t xml.StartElement) error {
	if t.Name.Space != protocolNS || t.Name.Local != "Response" {
		return errors.New("not a SAML response")
	}
	for _, a := range t.Attr {
		if a.Name.Space == "" && a.Name.Local == "InResponseTo" {
			c.inResponseTo = a.Value
		}
	}
	return nil
}
