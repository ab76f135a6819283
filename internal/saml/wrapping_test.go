package saml_test

import (
	"encoding/base64"

	"github.com/beevik/etree"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

// The constructions that need more than a line. In each the original is what the
// identity provider has signed for alice, and the evil one names root.

func find(e *etree.Element, path string) *etree.Element {
	found := e.FindElement(path)
	if found == nil {
		panic("a valid response has no " + path)
	}
	return found
}

func assertion(r *etree.Element) *etree.Element { return find(r, "./saml:Assertion") }

func uid(e *etree.Element) *etree.Element {
	return find(e, ".//saml:Attribute[@FriendlyName='uid']/saml:AttributeValue")
}

// rename makes root out of alice.
func rename(e *etree.Element) { uid(e).SetText("root") }

// remove takes a child out and returns it.
func remove(e *etree.Element, tag string) *etree.Element {
	child := e.SelectElement(tag)
	e.RemoveChild(child)
	return child
}

// evil is an unsigned copy of the assertion that names root.
func evil(r *etree.Element) *etree.Element {
	e := assertion(r).Copy()
	remove(e, "Signature")
	e.CreateAttr("ID", "_evil")
	rename(e)
	return e
}

// unsigned is a copy without its own signature.
func unsigned(e *etree.Element) *etree.Element {
	e = e.Copy()
	remove(e, "Signature")
	return e
}

// becomeEvil changes the element that is read, and leaves its signature in place.
func becomeEvil(e *etree.Element) {
	e.CreateAttr("ID", "_evil")
	if inside := e.SelectElement("Assertion"); inside != nil {
		inside.CreateAttr("ID", "_evil2")
	}
	rename(e)
}

// moveSignature lets the response carry the assertion's signature.
func moveSignature(r *etree.Element) {
	r.InsertChildAt(1, remove(assertion(r), "Signature"))
	rename(r)
}

// xsw1: the original response inside the signature of the evil one.
func xsw1(r *etree.Element) {
	original := unsigned(r)
	find(r, "./ds:Signature").AddChild(original)
	becomeEvil(r)
}

// xsw2: the original response before the signature of the evil one.
func xsw2(r *etree.Element) {
	original := unsigned(r)
	r.InsertChildAt(find(r, "./ds:Signature").Index(), original)
	becomeEvil(r)
}

// xsw4: the evil assertion around the original one.
func xsw4(r *etree.Element) {
	e := evil(r)
	original := remove(r, "Assertion")
	e.AddChild(original)
	r.AddChild(e)
}

// xsw5: the evil assertion has the signature, and the original one is added.
func xsw5(r *etree.Element) {
	original := unsigned(assertion(r))
	becomeEvil(assertion(r))
	r.AddChild(original)
}

// xsw6: the original assertion inside the signature of the evil one.
func xsw6(r *etree.Element) {
	original := unsigned(assertion(r))
	find(assertion(r), "./ds:Signature").AddChild(original)
	becomeEvil(assertion(r))
}

// extend (xsw7): an evil assertion in an extension, where anything may stand.
func extend(r *etree.Element, change func(evil *etree.Element)) {
	e := unsigned(assertion(r))
	rename(e)
	change(e)
	extensions := etree.NewElement("samlp:Extensions")
	extensions.AddChild(e)
	r.InsertChildAt(1, extensions)
}

// xsw8: the original assertion in an object of the signature of the evil one.
func xsw8(r *etree.Element) {
	original := unsigned(assertion(r))
	find(assertion(r), "./ds:Signature").CreateElement("ds:Object").AddChild(original)
	becomeEvil(assertion(r))
}

// strangersAssertion: the identity provider signs a response around an assertion that
// somebody else has signed.
func strangersAssertion(k *kit) string {
	key, cert := stranger()
	other := etree.NewDocument()
	foreign, err := base64.StdEncoding.DecodeString(k.respond(idp.Answer{Key: key, Certificate: cert}))
	if err == nil {
		err = other.ReadFromBytes(foreign)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return k.respond(idp.Answer{SignResponse: true, UnsignedAssertion: true, EditResponse: func(r *etree.Element) {
		remove(r, "Assertion")
		r.AddChild(assertion(other.Root()).Copy())
	}})
}

// encryptedGarbage is an EncryptedAssertion with nothing that could be opened.
func encryptedGarbage(k *kit) string {
	return k.respond(idp.Answer{EditSigned: func(r *etree.Element) {
		remove(r, "Assertion")
		data := r.CreateElement("saml:EncryptedAssertion").CreateElement("xenc:EncryptedData")
		data.Parent().CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
		data.CreateAttr("xmlns:xenc", "http://www.w3.org/2001/04/xmlenc#")
		data.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText("AAAA")
	}})
}

// anotherRequest: an answer to one request of the browser claims to answer another.
func anotherRequest(k *kit) string {
	var other string
	answer := idp.Answer{EditSigned: func(r *etree.Element) { other = r.SelectAttrValue("InResponseTo", "") }}
	request := k.request
	k.request = begin(k.b)
	k.respond(answer)
	k.request = request
	return k.respond(idp.Answer{EditSigned: func(r *etree.Element) { r.CreateAttr("InResponseTo", other) }})
}

// replayed is a response that another browser has used.
func replayed(k *kit) string {
	victim := k.g.Browser()
	request := begin(victim)
	own := k.request
	k.request = request
	content := k.respond(idp.Answer{})
	k.request = own
	victim.Post(content, "")
	victim.SignOut()
	gatewaytest.Eventually(k.t, "the victim is signed out", func() bool { return k.g.ES.LiveTokens("alice") == 0 })
	return content
}
