package samlrealm

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	"github.com/beevik/etree"
)

const redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

// An idp is what the realm knows of the identity provider from its metadata.
type idp struct {
	entityID     string
	id           *string             // the ID of its IDPSSODescriptor
	certificates []*x509.Certificate // those that may sign
	endpoints    map[string][]string // redirect-binding locations by service
}

// A resolver keeps the last good metadata.
type resolver struct {
	source   func() ([]byte, error)
	entityID string

	mu   sync.Mutex
	raw  []byte // what idp was read from
	read *idp
}

// resolve asks the source again and reads what it says when that has changed. A
// source that is down or talks nonsense leaves the last good answer in use; nil
// means that there never was one.
func (r *resolver) resolve() *idp {
	raw, err := r.source()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || (r.read != nil && bytes.Equal(raw, r.raw)) {
		return r.read
	}
	if fresh, err := readMetadata(raw, r.entityID); err == nil {
		r.raw, r.read = bytes.Clone(raw), fresh
	}
	return r.read
}

// readMetadata finds the entity in metadata for one or many.
func readMetadata(raw []byte, entityID string) (*idp, error) {
	root, err := document(raw)
	if err != nil {
		return nil, err
	}
	entity := findEntity(root, entityID)
	if entity == nil {
		return nil, fmt.Errorf("no metadata for entity [%s]", entityID)
	}
	role := child(entity, metadataNS, "IDPSSODescriptor")
	if role == nil {
		return nil, fmt.Errorf("no identity provider role for entity [%s]", entityID)
	}
	p := &idp{entityID: entityID, id: attribute(role, "ID"), endpoints: map[string][]string{}}
	for _, key := range children(role, metadataNS, "KeyDescriptor") {
		p.certificates = append(p.certificates, signing(key)...)
	}
	for _, service := range []string{"SingleSignOnService", "SingleLogoutService"} {
		p.endpoints[service] = locations(role, service)
	}
	return p, nil
}

func findEntity(e *etree.Element, entityID string) *etree.Element {
	if is(e, metadataNS, "EntityDescriptor") && printed(attribute(e, "entityID")) == entityID {
		return e
	}
	for _, c := range e.ChildElements() {
		if is(c, metadataNS, "EntityDescriptor") || is(c, metadataNS, "EntitiesDescriptor") {
			if found := findEntity(c, entityID); found != nil {
				return found
			}
		}
	}
	return nil
}

// signing are a descriptor's certificates, unless it is only for encryption.
func signing(key *etree.Element) []*x509.Certificate {
	if use := attribute(key, "use"); use != nil && *use != "signing" {
		return nil
	}
	var found []*x509.Certificate
	for _, info := range children(key, signatureNS, "KeyInfo") {
		for _, data := range children(info, signatureNS, "X509Data") {
			for _, text := range children(data, signatureNS, "X509Certificate") {
				der, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(content(text)), ""))
				if c, err := x509.ParseCertificate(der); err == nil {
					found = append(found, c)
				}
			}
		}
	}
	return found
}

func locations(role *etree.Element, service string) []string {
	var found []string
	for _, e := range children(role, metadataNS, service) {
		if printed(attribute(e, "Binding")) == redirectBinding {
			found = append(found, printed(attribute(e, "Location")))
		}
	}
	return found
}

// endpoint is the one redirect-binding location of a service, or nothing. Two
// of them are a plain exception: Elasticsearch does not choose.
func (p *idp) endpoint(service string) (string, error) {
	switch found := p.endpoints[service]; len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	default:
		return "", &Rejection{NotSAML: true, Reason: fmt.Sprintf(
			"Found multiple locations for binding [%s] in descriptor [%s] - [%s]", redirectBinding, printed(p.id), list(found))}
	}
}
