package samlrealm_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// evil is a copy of an element of which an attacker has made something else.
func evil(e *etree.Element, id string) *etree.Element {
	forged := e.Copy()
	forged.CreateAttr("ID", id)
	for _, v := range forged.FindElements(".//AttributeValue") {
		v.SetText("admin")
	}
	if own := forged.SelectElement("Signature"); own != nil {
		forged.RemoveChild(own)
	}
	return forged
}

// object hides an element in an Object of a signature.
func object(signature, hidden *etree.Element) *etree.Element {
	signature.CreateElement("ds:Object").AddChild(hidden)
	return signature
}

// extension hides an element where the schema lets anything stand.
func extension(response, hidden *etree.Element) {
	e := etree.NewElement("samlp:Extensions")
	e.AddChild(hidden)
	response.InsertChildAt(response.SelectElement("Issuer").Index()+1, e)
}

// replace puts another assertion into the place of the Response's own.
func replace(response, by *etree.Element) *etree.Element {
	original := response.SelectElement("Assertion")
	place := original.Index()
	response.RemoveChildAt(place)
	response.InsertChildAt(place, by)
	return original
}

// rename makes an attacker's Response of the IdP's, which stays whole inside.
func rename(response *etree.Element, hide func(original, signature *etree.Element)) {
	original := response.Copy()
	signature := response.SelectElement("Signature")
	forged := evil(response, "_evil")
	forged.SelectElement("Assertion").CreateAttr("ID", "_evil2")
	response.Child, response.Attr = forged.Child, forged.Attr
	response.ReindexChildren()
	hide(original, signature)
}

const notValidated = "could not be validated against ["

func TestForgedResponsesAreRefused(t *testing.T) {
	t.Parallel()
	whole := idp.Answer{SignResponse: true, UnsignedAssertion: true}
	for _, c := range []struct {
		name   string
		answer idp.Answer
		forge  func(response *etree.Element)
		reason string // part of it
		cause  string // part of it; empty: none
	}{
		{"an assertion changed", idp.Answer{}, func(r *etree.Element) {
			r.FindElement(".//AttributeValue").SetText("admin")
		}, notValidated, ""},
		{"a Response changed", whole, func(r *etree.Element) {
			r.FindElement(".//AttributeValue").SetText("admin")
		}, notValidated, ""},
		{"both signed, the assertion changed", idp.Answer{SignResponse: true}, func(r *etree.Element) {
			r.FindElement(".//AttributeValue").SetText("admin")
		}, notValidated, ""},
		{"the signature taken away", idp.Answer{}, func(r *etree.Element) {
			a := r.SelectElement("Assertion")
			a.RemoveChild(a.SelectElement("Signature"))
		}, "is not signed, but a signature is required", ""},
		{"the Response's signature taken away", whole, func(r *etree.Element) {
			r.RemoveChild(r.SelectElement("Signature"))
		}, "is not signed, but a signature is required", ""},
		{"a forged assertion before the real one", idp.Answer{}, func(r *etree.Element) {
			a := r.SelectElement("Assertion")
			r.InsertChildAt(a.Index(), evil(a, "_evil"))
		}, "Expecting only 1 assertion", ""},
		{"a forged assertion behind the real one", idp.Answer{}, func(r *etree.Element) {
			r.AddChild(evil(r.SelectElement("Assertion"), "_evil"))
		}, "Expecting only 1 assertion", ""},
		{"the real one inside the forged one", idp.Answer{}, func(r *etree.Element) {
			forged := evil(r.SelectElement("Assertion"), "_evil")
			forged.AddChild(replace(r, forged))
		}, "is not signed, but a signature is required", ""},
		{"the real one in an extension", idp.Answer{}, func(r *etree.Element) {
			extension(r, replace(r, evil(r.SelectElement("Assertion"), "_evil")))
		}, "is not signed, but a signature is required", ""},
		{"the real one in an extension, its signature at the forged one", idp.Answer{}, func(r *etree.Element) {
			forged := evil(r.SelectElement("Assertion"), "_evil")
			original := replace(r, forged)
			forged.InsertChildAt(1, original.SelectElement("Signature").Copy())
			extension(r, original)
		}, notValidated, "referenced"},
		{"the same with the same ID", idp.Answer{}, func(r *etree.Element) {
			original := r.SelectElement("Assertion")
			forged := evil(original, original.SelectAttrValue("ID", ""))
			replace(r, forged)
			forged.InsertChildAt(1, original.SelectElement("Signature").Copy())
			extension(r, original)
		}, "Failed to parse SAML message", "is not a unique ID"},
		{"the real one in an object of the signature", idp.Answer{}, func(r *etree.Element) {
			forged := evil(r.SelectElement("Assertion"), "_evil")
			original := replace(r, forged)
			signature := original.SelectElement("Signature")
			original.RemoveChild(signature)
			forged.InsertChildAt(1, object(signature, original))
		}, notValidated, "object"},
		{"a reference to the whole document", idp.Answer{}, func(r *etree.Element) {
			r.FindElement(".//Reference").CreateAttr("URI", "")
		}, notValidated, "reference"},
		{"no reference", idp.Answer{}, func(r *etree.Element) {
			e := r.FindElement(".//Reference")
			e.Parent().RemoveChild(e)
		}, notValidated, "referenced"},
		{"two signatures", idp.Answer{}, func(r *etree.Element) {
			a := r.SelectElement("Assertion")
			a.AddChild(a.SelectElement("Signature").Copy())
		}, notValidated, "more than one signature"},
		{"a transform that selects", idp.Answer{}, func(r *etree.Element) {
			r.FindElement(".//Transform").CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
		}, notValidated, "transform"},
		{"the real Response in an extension", whole, func(r *etree.Element) {
			rename(r, func(original, signature *etree.Element) {
				r.InsertChildAt(1, signature)
				extension(r, original)
			})
		}, notValidated, "referenced"},
		{"the real Response in an object", whole, func(r *etree.Element) {
			rename(r, func(original, signature *etree.Element) {
				original.RemoveChild(original.SelectElement("Signature"))
				r.InsertChildAt(1, object(signature, original))
			})
		}, notValidated, "object"},
		{"an assertion added to a signed Response", idp.Answer{SignResponse: true}, func(r *etree.Element) {
			r.AddChild(evil(r.SelectElement("Assertion"), "_evil"))
		}, notValidated, ""},
		{
			"a stranger's signature that brings its certificate",
			idp.Answer{Key: strangerPair().key, Certificate: strangerPair().certificate},
			nil, notValidated + certificateText(idpPair().certificate) + "]", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			c.answer.EditSigned = c.forge
			id, message := w.answer(t, c.answer)
			user, err := w.realm.Authenticate(noon, message, []string{id})
			if user != nil {
				t.Fatalf("accepted %+v", user)
			}
			got := rejection(t, err)
			if !strings.Contains(got.Reason, c.reason) {
				t.Errorf("got reason %q, want ...%q", got.Reason, c.reason)
			}
			if (c.cause != "") != (got.Cause != nil) || (got.Cause != nil && !strings.Contains(got.Cause.Error(), c.cause)) {
				t.Errorf("got cause %v, want ...%q", got.Cause, c.cause)
			}
		})
	}
}

func TestSignatureReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, message := w.answer(t, idp.Answer{Key: strangerPair().key, Certificate: strangerPair().certificate})
	_, err := w.realm.Authenticate(noon, message, []string{id})
	digest := read(t, message).FindElement(".//DigestValue").Text()
	want := "SAML Signature [" + digest[:32] + "...] could not be validated against [" + certificateText(idpPair().certificate) + "]"
	if got := rejection(t, err); got.Reason != want {
		t.Errorf("got %q, want %q", got.Reason, want)
	}
}

func TestCertificatesOfTheMetadata(t *testing.T) {
	t.Parallel()
	descriptor := func(w world) string {
		raw := string(w.idp.Metadata())
		from, to := strings.Index(raw, "<md:KeyDescriptor"), strings.Index(raw, "</md:KeyDescriptor>")
		return raw[from : to+len("</md:KeyDescriptor>")]
	}
	good := newWorld(t, nil)
	own := descriptor(good)
	stranger := strings.Replace(own, certificateBase64(idpPair()), certificateBase64(strangerPair()), 1)
	for _, c := range []struct {
		name, keys string
		tried      []pair // nil: accepted
	}{
		{"during a change of keys", stranger + own, nil},
		{"a key without a use", strings.Replace(own, ` use="signing"`, "", 1), nil},
		{"an encryption key does not count", strings.Replace(own, `"signing"`, `"encryption"`, 1), []pair{}},
		{"no key", "", []pair{}},
		{"other keys", stranger + stranger, []pair{strangerPair(), strangerPair()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(config *samlrealm.Config) {
				raw := strings.Replace(string(good.idp.Metadata()), own, c.keys, 1)
				raw = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + raw[strings.Index(raw, "?>")+2:] + `</md:EntitiesDescriptor>`
				config.IDPMetadata = func() ([]byte, error) { return []byte(raw), nil }
			})
			id, message := w.answer(t, idp.Answer{})
			_, err := w.realm.Authenticate(noon, message, []string{id})
			if c.tried == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			tried := []string{}
			for _, p := range c.tried {
				tried = append(tried, certificateText(p.certificate))
			}
			if got := rejection(t, err); !strings.HasSuffix(got.Reason, " against ["+strings.Join(tried, ",")+"]") {
				t.Errorf("got %q, want it to name %q", got.Reason, tried)
			}
		})
	}
}

// A comment is not part of what exclusive canonicalization signs. A reader that
// stops at it reads another person's name (CVE-2017-11427 and its family).
func TestValuesAreReadAcrossComments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *samlrealm.Config) { c.Attributes.Name = "nameid" })
	id, message := w.answer(t, idp.Answer{
		NameID: new("admin@example.org.evil.example"), Without: []string{"uid"},
		Extra: []idp.Attribute{{Name: "uid", Values: []string{"admin.evil"}}},
		EditSigned: func(r *etree.Element) {
			for _, e := range append(r.FindElements(".//AttributeValue"), r.FindElement(".//NameID")) {
				text := e.Text()
				for _, whole := range []string{"admin", "admin@example.org"} {
					if rest, ok := strings.CutPrefix(text, whole); ok && strings.HasPrefix(rest, ".evil") {
						e.SetText(whole)
						e.CreateComment("")
						e.CreateText(rest)
					}
				}
			}
		},
	})
	if !strings.Contains(string(message), "admin<!---->.evil") {
		t.Fatal("the message has no comment")
	}
	user, err := w.realm.Authenticate(noon, message, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	if user.Principal != "admin.evil" || *user.FullName != "admin@example.org.evil.example" {
		t.Errorf("got %q and %q", user.Principal, *user.FullName)
	}
}
