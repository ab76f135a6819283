package saml

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// FuzzReadResponse: whatever is posted to the callback is read within its bounds.
func FuzzReadResponse(f *testing.F) {
	for _, seed := range []string{
		xmlResponse(`InResponseTo="_abc" ID="_r"`, "<saml:Issuer>urn:idp</saml:Issuer>"+person),
		xmlResponse("", "<saml:EncryptedAssertion/>"),
		`<!DOCTYPE a><a/>`, xmlResponse("", strings.Repeat("<a>", 70)),
	} {
		f.Add(base64.StdEncoding.EncodeToString([]byte(seed)))
	}
	f.Add("PGE+")
	f.Fuzz(func(t *testing.T, content string) {
		message, err := decode(content)
		if err != nil {
			return
		}
		r, err := readResponse(message)
		if err != nil {
			return
		}
		if len(r.Assertions)+len(r.Encrypted) > maxElements {
			t.Errorf("%d assertions", len(r.Assertions))
		}
		if one, err := r.only(); err == nil && one != nil {
			one.ends()
		}
		for i := range r.Encrypted {
			if _, err := r.Encrypted[i].decrypt(nil); err == nil {
				t.Error("opened without a key")
			}
		}
	})
}

// FuzzReadQuery: what is taken can be read in one way only, the standard library's
// among them.
func FuzzReadQuery(f *testing.F) {
	for _, seed := range []string{
		"SAMLRequest=fVLB&RelayState=x&SigAlg=a&Signature=b", "SAMLResponse=fVLB", "SAMLRequest=a&SAMLRequest=b",
		"SAMLReque%73t=a", "SAMLRequest=a;SAMLRequest=b", "SAMLRequest=%ZZ", "Signature=a&SAMLRequest=b", "SAMLRequest=a+b&SigAlg=&Signature=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := readQuery(raw)
		if err != nil {
			return
		}
		other, err := url.ParseQuery(raw)
		if err != nil {
			return // an escape of another parameter; ES says 400
		}
		for name, values := range other {
			if len(values) != 1 {
				t.Errorf("%q is there %d times", name, len(values))
			}
		}
		if other.Get(q.name) != q.message || other.Has(samlRequest) && other.Has(samlResponse) {
			t.Errorf("read as %+v, by others as %v", q, other)
		}
		if again, err := readQuery(q.raw); err != nil || again != q {
			t.Errorf("read again as %+v, %v", again, err)
		}
		if message, err := inflate(q.message); err == nil && len(message) > maxMessage {
			t.Errorf("%d bytes", len(message))
		}
	})
}

// FuzzLogoutRequest: a message that is taken has one signature, over all of it.
func FuzzLogoutRequest(f *testing.F) {
	const head = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ID="_a">`
	for _, seed := range []string{
		head + `<ds:Signature><ds:SignedInfo><ds:Reference URI="#_a"/></ds:SignedInfo></ds:Signature></samlp:LogoutRequest>`,
		head + `<x ID="_a"/><ds:Signature><ds:Reference URI="#_a"/></ds:Signature></samlp:LogoutRequest>`,
		head + `<x><ds:Signature><ds:Reference URI="#_a"/></ds:Signature></x></samlp:LogoutRequest>`,
		head + `</samlp:LogoutRequest>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if signedWhole(message) != nil {
			return
		}
		if n := strings.Count(string(message), "Signature"); n == 0 {
			t.Error("taken without a signature")
		}
		if request, err := readLogoutRequest(message); err == nil && request.ID == "" {
			t.Error("taken without an ID")
		}
	})
}
