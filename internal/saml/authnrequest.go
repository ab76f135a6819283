package saml

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

// authnRequest is what a request of the realm says of the realm: the only way to learn
// its settings from Elasticsearch.
type authnRequest struct {
	ACS     string   `xml:"AssertionConsumerServiceURL,attr"`
	Issuer  string   `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Classes []string `xml:"RequestedAuthnContext>AuthnContextClassRef"`
}

// askLimit is how long somebody waits for an explanation to become a better one.
const askLimit = 2 * time.Second

// preparing is what we need of a client of Elasticsearch.
type preparing func(ctx context.Context, realm string) (elastic.Prepared, error)

// ask lets Elasticsearch write a request, which nobody will send, and reads it.
func (p preparing) ask(ctx context.Context, realm string) (*authnRequest, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	prepared, err := p(ctx, realm)
	if err != nil {
		return nil, err
	}
	return readAuthnRequest(prepared.Redirect)
}

// readAuthnRequest reads the request in an address of the redirect binding.
func readAuthnRequest(redirect string) (*authnRequest, error) {
	u, err := url.Parse(redirect)
	if err != nil {
		return nil, errors.New("saml: the identity provider's address cannot be read")
	}
	message, err := inflate(u.Query().Get("SAMLRequest"))
	if err != nil {
		return nil, err
	}
	var r authnRequest
	if err := parse(message, protocol("AuthnRequest"), &r); err != nil {
		return nil, err
	}
	r.Issuer = strings.TrimSpace(r.Issuer)
	for i := range r.Classes {
		r.Classes[i] = strings.TrimSpace(r.Classes[i])
	}
	return &r, nil
}
