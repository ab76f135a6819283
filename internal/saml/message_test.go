package saml

import (
	"encoding/base64"
	"strings"
	"testing"
)

func xmlResponse(attributes, inside string) string {
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ` +
		attributes + `>` + inside + `</samlp:Response>`
}

func TestReadFindsTheRequestThatAResponseAnswers(t *testing.T) {
	t.Parallel()
	encode := base64.StdEncoding.EncodeToString
	plain := xmlResponse(`InResponseTo="_abc"`, "<saml:Issuer>urn:idp</saml:Issuer>")
	for _, tc := range []struct {
		name, content, want, refused string
	}{
		{name: "an answer", content: encode([]byte(plain)), want: "_abc"},
		{name: "an answer with line breaks in the base64", content: encode([]byte(plain))[:20] + "\r\n" + encode([]byte(plain))[20:], want: "_abc"},
		{name: "an answer without padding", content: strings.TrimRight(encode([]byte(plain)), "="), want: "_abc"},
		{name: "IdP-initiated", content: encode([]byte(xmlResponse(`ID="_x"`, ""))), want: ""},
		{name: "an id in a foreign namespace is not the response's", content: encode([]byte(xmlResponse(`xmlns:x="urn:x" x:InResponseTo="_evil"`, ""))), want: ""},
		{name: "an id further inside is not the response's", content: encode([]byte(xmlResponse("", `<saml:SubjectConfirmationData InResponseTo="_evil"/>`))), want: ""},
		{name: "no base64", content: "%%%", refused: "base64"},
		{name: "base64 with trailing bits", content: "PGE+PC9hPn==", refused: "base64"},
		{name: "no XML", content: encode([]byte("hello")), refused: "EOF"},
		{name: "a document type", content: encode([]byte(`<!DOCTYPE r [<!ENTITY e "x">]>` + plain)), refused: "document type"},
		{name: "an entity", content: encode([]byte(xmlResponse("", "&e;"))), refused: "xml"},
		{name: "another element", content: encode([]byte(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`)), refused: "not a SAML Response"},
		{name: "a Response of another namespace", content: encode([]byte(`<Response InResponseTo="_abc"/>`)), refused: "not a SAML Response"},
		{name: "too deep", content: encode([]byte(xmlResponse("", strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100)))), refused: "deep"},
		{name: "too big", content: encode([]byte(xmlResponse("", strings.Repeat("x", maxMessage)))), refused: "more than"},
		{name: "two roots", content: encode([]byte(plain + plain)), refused: "follows"},
		{name: "cut off", content: encode([]byte(plain[:len(plain)-5])), refused: "xml"},
		{name: "another encoding", content: encode([]byte(`<?xml version="1.0" encoding="UTF-16"?>` + plain)), refused: "xml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := readContent(tc.content)
			switch {
			case tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)):
				t.Errorf("got %+v, %v; want a refusal with %q", got, err, tc.refused)
			case tc.refused == "" && (err != nil || got.InResponseTo != tc.want):
				t.Errorf("got %+v, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func readContent(content string) (*response, error) {
	message, err := decode(content)
	if err != nil {
		return nil, err
	}
	return readResponse(message)
}
