package samlrealm

import (
	"crypto/x509"
	"encoding/base64"
	"strconv"

	"github.com/beevik/etree"
)

// Metadata is the realm's own metadata as a service provider, in XML. It asks
// for signed assertions although a signed Response is enough, as Elasticsearch
// does.
func (r *Realm) Metadata() string {
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", metadataNS)
	entity.CreateAttr("entityID", r.config.SPEntityID)
	role := entity.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("AuthnRequestsSigned", strconv.FormatBool(r.config.SigningKey != nil))
	role.CreateAttr("WantAssertionsSigned", "true")
	role.CreateAttr("protocolSupportEnumeration", protocolNS)
	r.keyDescriptors(role)
	if r.config.Logout != "" {
		logout := role.CreateElement("md:SingleLogoutService")
		logout.CreateAttr("Binding", redirectBinding)
		logout.CreateAttr("Location", r.config.Logout)
	}
	acs := role.CreateElement("md:AssertionConsumerService")
	acs.CreateAttr("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
	acs.CreateAttr("Location", r.config.ACS)
	acs.CreateAttr("index", "1")
	acs.CreateAttr("isDefault", "true")
	return `<?xml version="1.0" encoding="UTF-8"?>` + markup(entity)
}

// keyDescriptors publishes the signing certificate and those for encryption; a
// single certificate for both has one descriptor that does not name a use.
func (r *Realm) keyDescriptors(role *etree.Element) {
	sign, encrypt := r.config.SigningCertificate, r.config.EncryptionCertificates
	if keys := r.config.EncryptionKeys; len(encrypt) == 0 && sign != nil && len(keys) == 1 && keys[0].Equal(r.config.SigningKey) {
		encrypt = []*x509.Certificate{sign} // one key for both
	}
	if sign != nil && len(encrypt) == 1 && sign.Equal(encrypt[0]) {
		keyDescriptor(role, "", sign)
		return
	}
	if sign != nil {
		keyDescriptor(role, "signing", sign)
	}
	for _, c := range encrypt {
		keyDescriptor(role, "encryption", c)
	}
}

func keyDescriptor(role *etree.Element, use string, c *x509.Certificate) {
	e := role.CreateElement("md:KeyDescriptor")
	if use != "" {
		e.CreateAttr("use", use)
	}
	info := e.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", signatureNS)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(c.Raw))
}
