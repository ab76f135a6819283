package idp

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/crewjam/saml"
	validator "github.com/mattermost/xml-roundtrip-validator"
)

// A request is an AuthnRequest that may be answered.
type request struct {
	id, relayState string
	provider       ServiceProvider
	forced         bool // the service provider wants the password again
}

// authnRequest reads the AuthnRequest in a query. It must come from a known
// service provider, be meant for this IdP, and want its answer at that
// provider's own address: an answer sent anywhere else is somebody's login.
func (i *IdP) authnRequest(query url.Values) (request, error) {
	var read saml.AuthnRequest
	if err := decode(query.Get("SAMLRequest"), &read); err != nil {
		return request{}, fmt.Errorf("the AuthnRequest cannot be read: %w", err)
	}
	if read.Issuer == nil {
		return request{}, errors.New("the AuthnRequest has no issuer")
	}
	sp, ok := i.provider(read.Issuer.Value)
	switch {
	case !ok:
		return request{}, fmt.Errorf("the service provider %q is not known here", read.Issuer.Value)
	case read.AssertionConsumerServiceURL != sp.ACS && read.AssertionConsumerServiceURL != "":
		return request{}, errors.New("the AuthnRequest wants its answer at another address than the service provider's")
	case read.Destination != i.base+"/sso":
		return request{}, errors.New("the AuthnRequest is for another destination")
	case read.ID == "" || read.Version != "2.0":
		return request{}, errors.New("the AuthnRequest is not one of SAML 2.0")
	case read.ProtocolBinding != postBinding && read.ProtocolBinding != "":
		return request{}, errors.New("the AuthnRequest wants its answer by a binding other than POST")
	}
	forced := read.ForceAuthn != nil && *read.ForceAuthn
	return request{id: read.ID, relayState: query.Get("RelayState"), provider: sp, forced: forced}, nil
}

// maxMessage bounds an inflated message: a few hundred bytes can grow to
// megabytes.
const maxMessage = 64 << 10

// decode reads a message of the redirect binding.
func decode(text string, into any) error {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), maxMessage))
	if err != nil {
		return err
	}
	if err := validator.Validate(bytes.NewReader(plain)); err != nil {
		return err
	}
	return xml.Unmarshal(plain, into)
}
