package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// offer is what operators need to know of a provider: its document with all of which a
// realm is made. Signing people in needs less, see document.
type offer struct {
	document
	Token      string   `json:"token_endpoint"`
	Userinfo   string   `json:"userinfo_endpoint"`
	Types      []string `json:"response_types_supported"`
	Scopes     []string `json:"scopes_supported"`
	Claims     []string `json:"claims_supported"`
	ClientAuth []string `json:"token_endpoint_auth_methods_supported"`
	// BackChannelSession: its logout tokens name the session by sid.
	BackChannelSession bool `json:"backchannel_logout_session_supported"`
	FrontChannel       bool `json:"frontchannel_logout_supported"`
}

// offers asks the provider for its document, whatever issuer that names: that it is
// another one is for operators to hear.
func (p *provider) offers(ctx context.Context) (offer, error) {
	var o offer
	err := p.get(ctx, strings.TrimSuffix(p.issuer, "/")+"/.well-known/openid-configuration", &o)
	return o, err
}

// offerFrom reads a document that somebody has saved.
func offerFrom(file string) (offer, error) {
	var o offer
	r, err := os.Open(file)
	if err != nil {
		return o, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	switch {
	case err != nil:
		return o, err
	case len(raw) > maxDocument:
		return o, fmt.Errorf("%s is longer than 1 MiB", file)
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return o, fmt.Errorf("%s is no discovery document: %w", file, err)
	}
	return o, nil
}

// preferred are the algorithms that ES takes, the better choice first. RS256 leads,
// since every provider has to know it and mostly uses it if nothing else was agreed.
var preferred = [...]string{ //nolint:gochecknoglobals // a constant
	"RS256", "PS256", "ES256", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "HS256", "HS384", "HS512",
}

// algorithm is the one to agree on; RS256 where the provider does not say.
func (o offer) algorithm() string {
	for _, a := range preferred {
		if slices.Contains(o.Algorithms, a) {
			return a
		}
	}
	return preferred[0]
}

// clientAuth is how Elasticsearch proves itself at the token endpoint: "" is its
// default, client_secret_basic. ok is false if the provider takes nothing that it can.
func (o offer) clientAuth() (method string, ok bool) {
	if len(o.ClientAuth) == 0 || slices.Contains(o.ClientAuth, "client_secret_basic") {
		return "", true
	}
	for _, method := range [...]string{"client_secret_post", "client_secret_jwt"} {
		if slices.Contains(o.ClientAuth, method) {
			return method, true
		}
	}
	return "", false
}

// answers reports whether the provider says that it answers a response type, whose
// words may come in any order.
func (o offer) answers(kind string) bool {
	wanted := strings.Fields(kind)
	slices.Sort(wanted)
	return slices.ContainsFunc(o.Types, func(offered string) bool {
		words := strings.Fields(offered)
		slices.Sort(words)
		return slices.Equal(words, wanted)
	})
}
