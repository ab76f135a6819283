package op

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const (
	codeType     = "code"
	idTokenType  = "id_token"
	implicitType = "id_token token"
)

// A request is an authorization request.
type request struct {
	client                                    Client
	redirectURI, responseType, mode           string
	scopes                                    []string
	state, nonce, challenge, method, hint, id string
	forced /* a login is wanted */, silent    bool // no page may be shown
}

// A redirectable is a mistake that the client is told of at its own address.
type redirectable struct{ code, description string }

func (e *redirectable) Error() string { return e.code + ": " + e.description }

// authorization reads a request. Mistakes in the client's name or address are shown
// to the person, never sent to that address (RFC 6749 4.1.2.1).
func (o *OP) authorization(query url.Values) (request, error) {
	client, known := o.client(query.Get("client_id"))
	if !known {
		return request{}, fmt.Errorf("the client %q is not known here", query.Get("client_id"))
	}
	r := request{
		client: client, redirectURI: query.Get("redirect_uri"), responseType: query.Get("response_type"),
		scopes: strings.Fields(query.Get("scope")), state: query.Get("state"), nonce: query.Get("nonce"),
		challenge: query.Get("code_challenge"), method: query.Get("code_challenge_method"),
		mode: query.Get("response_mode"), hint: query.Get("login_hint"), id: query.Encode(),
	}
	if !slices.Contains(client.RedirectURIs, r.redirectURI) {
		return request{}, errors.New("the redirect_uri is not one of the client's")
	}
	if r.mode == "" {
		r.mode = "query"
		if r.responseType != codeType {
			r.mode = "fragment"
		}
	}
	prompt := strings.Fields(query.Get("prompt"))
	r.silent = slices.Contains(prompt, "none")
	r.forced = slices.Contains(prompt, "login") || query.Get("max_age") == "0"
	return r, r.check()
}

func (r request) check() error {
	switch {
	case !slices.Contains([]string{codeType, idTokenType, implicitType}, r.responseType):
		return &redirectable{"unsupported_response_type", "this provider knows code, id_token and id_token token"}
	case !slices.Contains([]string{"query", "fragment", "form_post"}, r.mode):
		return &redirectable{"invalid_request", "unknown response_mode"}
	case r.mode == "query" && r.responseType != codeType:
		return &redirectable{"invalid_request", "tokens do not travel in a query"}
	case !slices.Contains(r.scopes, "openid"):
		return &redirectable{"invalid_scope", "openid is not among the scopes"}
	case r.nonce == "" && r.responseType != codeType:
		return &redirectable{"invalid_request", "the implicit flow needs a nonce"}
	case r.challenge == "" && r.client.Secret == "" && r.responseType == codeType:
		return &redirectable{"invalid_request", "a public client has to use PKCE"}
	case r.challenge != "" && !slices.Contains([]string{"", "plain", "S256"}, r.method):
		return &redirectable{"invalid_request", "unknown code_challenge_method"}
	}
	return nil
}
