package samlrealm

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// signatureOf is the signature that an element itself carries; nil: not signed.
func signatureOf(e *etree.Element) *etree.Element { return child(e, signatureNS, "Signature") }

// verify checks the signature that e carries and returns the element that it
// covers, read again from the very octets that were hashed. Whatever stands
// elsewhere in the document is not part of the result: a wrapped, moved or
// added element cannot be read by mistake.
func (p *idp) verify(e *etree.Element) (*etree.Element, error) {
	signature := signatureOf(e)
	refused := p.unverified(excerpt(signature, 32, 0))
	if err := profile(e, signature); err != nil {
		refused.Cause = &Fault{"signature_exception", err.Error()}
		return nil, refused
	}
	detached, err := detach(e)
	if err != nil {
		return nil, refused
	}
	// Only the metadata says which keys count, never the message.
	signature = signatureOf(detached)
	for _, info := range children(signature, signatureNS, "KeyInfo") {
		signature.RemoveChild(info)
	}
	for _, c := range p.certificates {
		if covered, err := verifyWith(c, detached); err == nil {
			return covered, nil
		}
	}
	return nil, refused
}

// unverified names the signature and every certificate that was tried.
func (p *idp) unverified(signature string) *Rejection {
	tried := make([]string, 0, len(p.certificates))
	for _, c := range p.certificates {
		text := base64.StdEncoding.EncodeToString(c.Raw)
		tried = append(tried, text[:min(64, len(text))]+"...")
	}
	return refuse("SAML Signature [%s] could not be validated against [%s]", signature, strings.Join(tried, ","))
}

// profile is SAML's signature profile (core 5.4): one reference, to the element
// that carries the signature, and only transforms that hide nothing of it.
func profile(e, signature *etree.Element) error {
	id := attribute(e, "ID")
	info := children(signature, signatureNS, "SignedInfo")
	switch {
	case len(children(e, signatureNS, "Signature")) != 1:
		return errors.New("more than one signature")
	case len(info) != 1:
		return errors.New("signature did not have one SignedInfo")
	case len(children(signature, signatureNS, "Object")) != 0:
		return errors.New("signature contained object children")
	case id == nil:
		return errors.New("signed object did not contain an ID attribute")
	case pointing(e, *id) != 1:
		return errors.New("signed object is referenced by more than its own signature")
	}
	references := children(info[0], signatureNS, "Reference")
	if len(references) != 1 {
		return errors.New("signature did not have exactly one reference")
	}
	if printed(attribute(references[0], "URI")) != "#"+*id {
		return errors.New("signature reference URI did not reference the signed object")
	}
	return transforms(references[0])
}

// pointing counts the references to an id below e. goxmldsig takes the first
// signature that it finds at any depth; it must be the one judged here.
func pointing(e *etree.Element, id string) int {
	n := 0
	if is(e, signatureNS, "Reference") {
		if uri := attribute(e, "URI"); uri == nil || *uri == "" || *uri == "#"+id {
			n++
		}
	}
	for _, c := range e.ChildElements() {
		n += pointing(c, id)
	}
	return n
}

// transforms allows the enveloped signature and exclusive canonicalization.
func transforms(reference *etree.Element) error {
	enveloped, seen := false, 0
	for _, group := range children(reference, signatureNS, "Transforms") {
		for _, t := range children(group, signatureNS, "Transform") {
			seen++
			switch dsig.AlgorithmID(printed(attribute(t, "Algorithm"))) {
			case dsig.EnvelopedSignatureAltorithmId:
				enveloped = true
			case dsig.CanonicalXML10ExclusiveAlgorithmId, dsig.CanonicalXML10ExclusiveWithCommentsAlgorithmId:
			default:
				return errors.New("signature contained an invalid transform")
			}
		}
	}
	if !enveloped || seen > 2 {
		return errors.New("signature transforms are not those of SAML's profile")
	}
	return nil
}

// detach copies e with every namespace that is in scope where it stands.
func detach(e *etree.Element) (*etree.Element, error) {
	scope, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	return etreeutils.NSDetatch(scope, e)
}

// verifyWith asks whether this certificate's key signed e. A trusted key does
// not expire with its certificate, as in Elasticsearch: the metadata is the
// trust, so goxmldsig's clock stands where the certificate is valid.
func verifyWith(c *x509.Certificate, e *etree.Element) (*etree.Element, error) {
	judge := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
	judge.Clock = dsig.NewFakeClockAt(c.NotBefore)
	return judge.Validate(e)
}
