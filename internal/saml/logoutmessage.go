package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// logoutRequest is what a LogoutRequest says of itself, unproven.
type logoutRequest struct {
	ID           string     `xml:"ID,attr"`
	IssueInstant string     `xml:"IssueInstant,attr"`
	NameID       *nameID    `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
	EncryptedID  *encrypted `xml:"urn:oasis:names:tc:SAML:2.0:assertion EncryptedID"`
	Indexes      []string   `xml:"urn:oasis:names:tc:SAML:2.0:protocol SessionIndex"`
}

// logoutResponse is what a LogoutResponse says of itself, unproven.
type logoutResponse struct {
	InResponseTo string `xml:"InResponseTo,attr"`
}

func readLogoutRequest(message []byte) (*logoutRequest, error) {
	var m logoutRequest
	if err := parse(message, protocol("LogoutRequest"), &m); err != nil {
		return nil, err
	}
	for i, index := range m.Indexes {
		m.Indexes[i] = strings.TrimSpace(index) // as ES reads it
	}
	return &m, nil
}

func readLogoutResponse(message []byte) (*logoutResponse, error) {
	var m logoutResponse
	if err := parse(message, protocol("LogoutResponse"), &m); err != nil {
		return nil, err
	}
	return &m, nil
}

// signedWhole reports, as an error, why a message is not covered as a whole by its
// only signature: a child of the root with one reference, to the root's ID, which
// nothing else has. Whether the signature is right is ES's business; what it covers
// is ours, since we act on what we have read (threat: signature wrapping).
func signedWhole(message []byte) error {
	var s signatures
	d := xml.NewDecoder(bytes.NewReader(message))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("not UTF-8") }
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return s.whole()
		}
		if err != nil {
			return fmt.Errorf("xml: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			s.start(t)
		case xml.EndElement:
			s.depth--
		}
	}
}

// signatures is what signedWhole has seen.
type signatures struct {
	depth      int
	root       string
	ids        map[string]int
	atRoot     int // signatures that are children of the root
	all        int
	references []string
}

func (s *signatures) start(t xml.StartElement) {
	s.depth++
	for _, a := range t.Attr {
		if a.Name.Local != "ID" && a.Name.Local != "Id" && a.Name.Local != "id" {
			continue
		}
		if s.ids == nil {
			s.ids = map[string]int{}
		}
		s.ids[a.Value]++
		if s.depth == 1 && a.Name.Local == "ID" {
			s.root = a.Value
		}
	}
	if t.Name.Space != signatureNS {
		return
	}
	switch t.Name.Local {
	case "Signature":
		s.all++
		if s.depth == 2 {
			s.atRoot++
		}
	case "Reference":
		s.references = append(s.references, attributeOf(t, "URI"))
	}
}

// whole is the verdict.
func (s *signatures) whole() error {
	switch {
	case s.all == 0:
		return errors.New("it is not signed")
	case s.all != 1 || s.atRoot != 1:
		return errors.New("its only signature is not the root's")
	case len(s.references) != 1 || s.root == "" || s.references[0] != "#"+s.root:
		return errors.New("its signature does not cover the root")
	case s.ids[s.root] != 1:
		return errors.New("its ID is not its own")
	}
	return nil
}

func attributeOf(t xml.StartElement, local string) string {
	for _, a := range t.Attr {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}
