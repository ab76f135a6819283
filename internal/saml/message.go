package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// The bounds of a message before ES is asked.
const (
	maxMessage  = 1 << 20 // bytes of XML
	maxDepth    = 64      // nested elements
	maxElements = 20_000
)

// The namespaces of a message.
const (
	protocolNS  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionNS = "urn:oasis:names:tc:SAML:2.0:assertion"
	signatureNS = "http://www.w3.org/2000/09/xmldsig#"
)

// decode takes the base64 off a message as ES does: white space is removed, and
// what is left must be the standard alphabet, with right padding or none.
func decode(content string) ([]byte, error) {
	compact := strings.Map(func(c rune) rune {
		switch c {
		case ' ', '\t', '\r', '\n':
			return -1
		}
		return c
	}, content)
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(compact, "=") {
		encoding = base64.StdEncoding
	}
	message, err := encoding.Strict().DecodeString(compact)
	if err != nil {
		return nil, fmt.Errorf("base64: %w", err)
	}
	return message, nil
}

// inflate takes the base64 and the deflation off a message of the redirect binding.
func inflate(content string) ([]byte, error) {
	packed, err := decode(content)
	if err != nil {
		return nil, err
	}
	message, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	if len(message) > maxMessage {
		return nil, fmt.Errorf("more than %d bytes", maxMessage)
	}
	return message, nil
}

// deflate is the reverse.
func deflate(message []byte) (string, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return "", fmt.Errorf("deflate: %w", err)
	}
	if _, err := w.Write(message); err != nil {
		return "", fmt.Errorf("deflate: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("deflate: %w", err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

// protocol names an element of the SAML protocol.
func protocol(local string) xml.Name { return xml.Name{Space: protocolNS, Local: local} }

// assertionName names an element of an assertion.
func assertionName(local string) xml.Name { return xml.Name{Space: assertionNS, Local: local} }

// parse reads a message into the struct. It refuses another root than that, and what is too big, too deep, has a document type or another
// encoding, or goes on after its root. Nothing that it reads is proven.
//
// Attributes in a namespace are dropped: no attribute of SAML has one, and
// encoding/xml would take a foreign one for ours.
func parse(message []byte, root xml.Name, into any) error {
	if len(message) > maxMessage {
		return fmt.Errorf("more than %d bytes", maxMessage)
	}
	source := &tokens{from: xml.NewDecoder(bytes.NewReader(message)), root: root}
	source.from.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	decoder := xml.NewTokenDecoder(source)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("xml: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("xml: something follows the message")
	}
	return nil
}

// tokens gives out the tokens of a message that stays within the bounds.
type tokens struct {
	from     *xml.Decoder
	root     xml.Name
	depth    int
	elements int
}

// Token implements xml.TokenReader.
func (b *tokens) Token() (xml.Token, error) {
	for {
		token, err := b.from.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := b.start(t); err != nil {
				return nil, err
			}
			t.Attr = plainAttributes(t.Attr)
			return t, nil
		case xml.EndElement:
			b.depth--
			return t, nil
		case xml.CharData:
			if b.depth == 0 && len(bytes.TrimSpace(t)) == 0 {
				continue // between the parts of the document
			}
			return t, nil
		case xml.Directive:
			return nil, errors.New("a document type is not allowed")
		}
		// Comments and instructions are nothing to us, as to ES: text goes on
		// behind a comment.
	}
}

func (b *tokens) start(t xml.StartElement) error {
	b.depth++
	b.elements++
	switch {
	case b.depth > maxDepth:
		return fmt.Errorf("more than %d elements deep", maxDepth)
	case b.elements > maxElements:
		return fmt.Errorf("more than %d elements", maxElements)
	case b.elements == 1 && t.Name != b.root:
		return fmt.Errorf("not a SAML %s", b.root.Local)
	}
	return nil
}

func plainAttributes(all []xml.Attr) []xml.Attr {
	plain := make([]xml.Attr, 0, len(all))
	for _, a := range all {
		if a.Name.Space == "" && a.Name.Local != "xmlns" {
			plain = append(plain, a)
		}
	}
	return plain
}

// instant reads a time of a message. Zero: there is none that can be read.
func instant(text string) time.Time {
	text = strings.TrimSpace(text)
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} { // XML allows no zone, which SAML takes for UTC
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
