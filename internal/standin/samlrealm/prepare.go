package samlrealm

import (
	"fmt"
	"strconv"
	"time"

	"github.com/beevik/etree"
)

// Prepare makes an AuthnRequest and the address that carries it to the IdP.
// Without a relayState (nil) the address has none. A realm without the IdP's
// metadata, or an IdP without one redirect endpoint, is a *Rejection.
func (r *Realm) Prepare(now time.Time, relayState *string) (id, redirect string, err error) {
	j, err := r.judge(now)
	if err != nil {
		return "", "", err
	}
	location, err := j.idp.endpoint("SingleSignOnService")
	if err != nil {
		return "", "", err
	}
	if location == "" {
		return "", "", &Rejection{NotSAML: true, Reason: fmt.Sprintf("Cannot find [{%s}IDPSSODescriptor]/[%s] in descriptor [%s]",
			metadataNS, redirectBinding, printed(j.idp.id))}
	}
	id = newID()
	redirect, err = r.redirect(location, "SAMLRequest", r.authnRequest(id, location, now), relayState)
	return id, redirect, err
}

func (r *Realm) authnRequest(id, location string, now time.Time) *etree.Element {
	e := r.message("AuthnRequest", id, location, now)
	e.CreateAttr("AssertionConsumerServiceURL", r.config.ACS)
	e.CreateAttr("ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
	if r.config.ForceAuthn != nil {
		e.CreateAttr("ForceAuthn", strconv.FormatBool(*r.config.ForceAuthn))
	}
	policy := e.CreateElement("saml2p:NameIDPolicy")
	policy.CreateAttr("AllowCreate", "false")
	if r.config.NameIDFormat != "" {
		policy.CreateAttr("Format", r.config.NameIDFormat)
	}
	if len(r.config.ReqAuthnContextClassRef) > 0 {
		context := e.CreateElement("saml2p:RequestedAuthnContext")
		context.CreateAttr("Comparison", "exact")
		for _, class := range r.config.ReqAuthnContextClassRef {
			ref := context.CreateElement("saml2:AuthnContextClassRef")
			ref.CreateAttr("xmlns:saml2", assertionNS)
			ref.SetText(class)
		}
	}
	return e
}

// message is what all of the realm's messages begin with.
func (r *Realm) message(tag, id, location string, now time.Time) *etree.Element {
	e := etree.NewElement("saml2p:" + tag)
	e.CreateAttr("xmlns:saml2p", protocolNS)
	e.CreateAttr("Destination", location)
	e.CreateAttr("ID", id)
	e.CreateAttr("IssueInstant", issued(now))
	e.CreateAttr("Version", "2.0")
	issuer := e.CreateElement("saml2:Issuer")
	issuer.CreateAttr("xmlns:saml2", assertionNS)
	issuer.SetText(r.config.SPEntityID)
	return e
}
