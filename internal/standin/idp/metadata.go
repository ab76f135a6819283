package idp

import (
	"encoding/base64"
	"net/http"

	"github.com/beevik/etree"
)

// The names of SAML that the IdP uses.
const (
	protocolNS  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionNS = "urn:oasis:names:tc:SAML:2.0:assertion"
	metadataNS  = "urn:oasis:names:tc:SAML:2.0:metadata"
	signatureNS = "http://www.w3.org/2000/09/xmldsig#"

	redirectBinding  = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	postBinding      = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	persistentFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	statusSpace      = "urn:oasis:names:tc:SAML:2.0:status:"
)

// Metadata is the IdP's own, in XML.
func (i *IdP) Metadata() []byte {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", metadataNS)
	entity.CreateAttr("entityID", i.config.EntityID)
	role := entity.CreateElement("md:IDPSSODescriptor")
	role.CreateAttr("protocolSupportEnumeration", protocolNS)
	key := role.CreateElement("md:KeyDescriptor")
	key.CreateAttr("use", "signing")
	info := key.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", signatureNS)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(i.config.Certificate.Raw))
	endpoint(role, "md:SingleLogoutService", i.base+"/slo")
	role.CreateElement("md:NameIDFormat").SetText(persistentFormat)
	endpoint(role, "md:SingleSignOnService", i.base+"/sso")
	return document(entity)
}

func endpoint(role *etree.Element, tag, location string) {
	e := role.CreateElement(tag)
	e.CreateAttr("Binding", redirectBinding)
	e.CreateAttr("Location", location)
}

// document is an element as an XML document.
func document(e *etree.Element) []byte {
	doc := etree.NewDocumentWithRoot(e)
	doc.WriteSettings.CanonicalAttrVal = true // what was signed must not be escaped in another way
	doc.WriteSettings.CanonicalText = true
	text, err := doc.WriteToBytes()
	if err != nil {
		return nil // writing to memory does not fail
	}
	return append([]byte(`<?xml version="1.0" encoding="UTF-8"?>`), text...)
}

func (i *IdP) metadata(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, err := w.Write(i.Metadata())
	return err
}
