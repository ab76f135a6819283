package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"

	"github.com/esgateway/esgateway/internal/login"
)

// Diagnose asks ES for a request and compares the callback address in it with
// ours: the commonest mistake of all.
func (m *Method) Diagnose(ctx context.Context) []login.Finding {
	subject := "realm " + m.realm
	prepared, err := m.es.SAMLPrepare(ctx, m.realm)
	if err != nil {
		return []login.Finding{{Subject: subject, Text: "Elasticsearch prepares no sign-in: " + err.Error(), Advice: "is there a SAML realm of that name, and is its identity provider's metadata readable?"}}
	}
	acs, err := callbackOf(prepared.Redirect)
	if err != nil {
		return []login.Finding{{Subject: subject, Text: "the request to the identity provider cannot be read: " + err.Error()}}
	}
	want := m.base.String() + "/acs"
	if acs != want {
		return []login.Finding{{Subject: subject, Text: fmt.Sprintf("sp.acs is %q", acs), Advice: fmt.Sprintf("set xpack.security.authc.realms.saml.%s.sp.acs to %q, and tell the identity provider", m.realm, want)}}
	}
	return []login.Finding{{OK: true, Subject: subject, Text: "prepares sign-ins, and its callback is ours"}}
}

// callbackOf reads AssertionConsumerServiceURL out of a redirect-binding request.
func callbackOf(redirect string) (string, error) {
	u, err := url.Parse(redirect)
	if err != nil {
		return "", err
	}
	packed, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	if err != nil {
		return "", err
	}
	inflated, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxMessage))
	if err != nil {
		return "", err
	}
	var request struct {
		ACS string `xml:"AssertionConsumerServiceURL,attr"`
	}
	if err := xml.Unmarshal(inflated, &request); err != nil {
		return "", err
	}
	return request.ACS, nil
}
