package saml

import (
	"strings"
	"testing"
)

// party is an EntityDescriptor.
func party(id, role string) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + id + `">` + role + `</md:EntityDescriptor>`
}

const (
	asIdP = `<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>MIIB</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp/post"/>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp/redirect"/>` +
		`<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="urn:oid:0.9.2342.19200300.100.1.1" FriendlyName="uid"/></md:IDPSSODescriptor>`
	asSP  = `<md:SPSSODescriptor AuthnRequestsSigned="true"><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp/acs" index="1"/></md:SPSSODescriptor>`
	group = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`
)

func TestMetadataIsReadAndBounded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text, want, refused string
	}{
		{name: "an identity provider", text: party("urn:a", asIdP), want: "urn:a idp https://idp/redirect signs uid MIIB;"},
		{name: "a service provider", text: party("urn:b", asSP), want: "urn:b sp https://sp/acs signs;"},
		{name: "with a byte order mark and a declaration", text: "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>` + "\n" + party("urn:a", asSP), want: "urn:a sp https://sp/acs signs;"},
		{
			name: "groups within groups", text: group + party("urn:a", asIdP) + group + party("urn:b", asSP) + `</md:EntitiesDescriptor></md:EntitiesDescriptor>`,
			want: "urn:a idp https://idp/redirect signs uid MIIB;urn:b sp https://sp/acs signs;",
		},
		{name: "a party that is hidden in an extension", text: group + `<md:Extensions>` + party("urn:evil", asIdP) + `</md:Extensions>` + party("urn:b", asSP) + `</md:EntitiesDescriptor>`, want: "urn:b sp https://sp/acs signs;"},
		{name: "another namespace", text: `<EntityDescriptor entityID="urn:a"/>`, refused: "not SAML metadata"},
		{name: "a page of a web server", text: `<html><body>Sign in</body></html>`, refused: "not SAML metadata"},
		{name: "nothing", text: "", refused: "0 root elements"},
		{name: "two roots", text: party("urn:a", asSP) + party("urn:b", asSP), refused: "2 root elements"},
		{name: "a document type", text: `<!DOCTYPE m [<!ENTITY e "x">]>` + party("urn:a", asSP), refused: "document type"},
		{name: "an entity", text: party("&e;", asSP), refused: "xml"},
		{name: "cut off", text: party("urn:a", asSP)[:120], refused: "xml"},
		{name: "crossed elements", text: `<a><b></a></b>`, refused: "xml"},
		{name: "too deep", text: strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), refused: "deep"},
		{name: "too big", text: party("urn:a", strings.Repeat(" ", maxMetadata)), refused: "more than"},
		{name: "another encoding", text: `<?xml version="1.0" encoding="UTF-16"?>` + party("urn:a", asSP), refused: "xml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			all, err := readEntities([]byte(tc.text))
			got := ""
			for _, e := range all {
				got += e.summary() + ";"
			}
			switch {
			case tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)):
				t.Errorf("got %q, %v; want a refusal with %q", got, err, tc.refused)
			case tc.refused == "" && (err != nil || got != tc.want):
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func (e entity) summary() string {
	words := []string{e.ID}
	if e.IdP != nil {
		words = append(words, "idp", strings.Join(at(redirectBinding, e.IdP.SignOn), ","))
		if e.IdP.WantsSigned {
			words = append(words, "signs")
		}
		for _, a := range e.IdP.Attributes {
			words = append(words, a.Friendly)
		}
		for _, k := range e.IdP.Keys {
			words = append(words, k.Certificates...)
		}
	}
	if e.SP != nil {
		words = append(words, "sp", strings.Join(at(postBinding, e.SP.Consumers), ","))
		if e.SP.Signs {
			words = append(words, "signs")
		}
	}
	return strings.Join(words, " ")
}

func FuzzReadEntities(f *testing.F) {
	f.Add([]byte(party("urn:a", asIdP)))
	f.Add([]byte(group + party("urn:b", asSP) + "</md:EntitiesDescriptor>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := readEntities(raw)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("got %d parties and %v", len(all), err)
		}
	})
}
