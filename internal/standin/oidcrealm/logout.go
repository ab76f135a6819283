package oidcrealm

import (
	"net/url"
	"strings"
)

// A Hint is the ID token that was stored with a pair of tokens.
type Hint struct{ token string }

// ReadHint takes it out of the metadata of tokens; it is parsed but not judged. The
// text of a refusal is Elasticsearch's.
func ReadHint(metadata map[string]*string) (Hint, error) {
	token := metadata[idTokenHint]
	if token == nil || *token == "" {
		return Hint{}, refuse("Authentication token does not have OpenID Connect metadata [id_token_hint]")
	}
	if _, err := decodeClaims(unverified(*token)); err != nil {
		return Hint{}, refuse("Token Metadata did not contain a valid IdToken")
	}
	return Hint{*token}, nil
}

// LogoutRedirect is the address at the provider that ends the session there; ok is
// false if the realm knows none.
func (r *Realm) LogoutRedirect(hint Hint) (redirect string, ok bool) {
	endpoint := r.config.OP.EndsessionEndpoint
	if endpoint == "" {
		return "", false
	}
	// Unset is the empty string, and it is sent.
	return extended(strings.TrimSuffix(endpoint, "?"), []string{
		idTokenHint + "=" + url.QueryEscape(hint.token),
		"post_logout_redirect_uri=" + url.QueryEscape(r.config.RP.PostLogoutRedirectURI),
		"state=" + random(),
	}), true
}
