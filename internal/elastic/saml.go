package elastic

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/esgateway/esgateway/internal/secret"
)

// Prepared is a SAML request that Elasticsearch has written and forgotten: keep ID
// and Realm with the attempt, and give both back to SAMLAuthenticate.
type Prepared struct {
	ID       string `json:"id"`
	Realm    string `json:"realm"`
	Redirect string `json:"redirect"` // where to send the browser, signed if the realm signs
}

// SAMLPrepare starts a sign-in at a realm's identity provider (contract saml 5). A
// realm that does not exist, or whose metadata Elasticsearch cannot load, is SetUp.
func (c *Client) SAMLPrepare(ctx context.Context, realm string) (Prepared, error) {
	var p Prepared
	_, err := c.ask(ctx, call{
		endpoint: "saml/prepare", method: http.MethodPost, path: "/_security/saml/prepare",
		body: map[string]string{"realm": realm}, judge: judgeSAML,
		whole: func() bool { return p.ID != "" && p.Redirect != "" },
	}, &p)
	if err != nil {
		return Prepared{}, err
	}
	return p, nil
}

// SAMLAuthenticate trades a response of the identity provider for tokens (contract
// saml 6). content is the form value, still base64. ids are the requests that may be
// answered; Elasticsearch accepts a response that answers none of them if it names no
// request at all, so the caller must refuse those. Elasticsearch remembers nothing
// and would accept the same response again.
//
// A response that is judged and refused is PersonRefused, one that is no base64 is
// BadInput.
func (c *Client) SAMLAuthenticate(ctx context.Context, realm, content string, ids []string) (Grant, error) {
	if ids == nil {
		ids = []string{} // absent ids are an error in older versions
	}
	return c.askGrant(ctx, call{
		endpoint: "saml/authenticate", method: http.MethodPost, path: "/_security/saml/authenticate",
		body:  map[string]any{"realm": realm, "content": content, "ids": ids},
		judge: judgeSAMLAuthenticate,
	})
}

// SAMLLogout ends a pair and asks for the way to the identity provider's logout
// (contract saml 7). redirect is empty if the realm has none. A pair that
// Elasticsearch does not know is Mute. When the call fails the refresh token may be
// dead and the access token alive: end both by InvalidateRefresh and InvalidateAccess.
func (c *Client) SAMLLogout(ctx context.Context, access, refresh secret.Text) (id, redirect string, err error) {
	body := map[string]string{"token": access.Reveal()}
	if !refresh.Empty() {
		body["refresh_token"] = refresh.Reveal()
	}
	var a struct{ ID, Redirect string } // null becomes ""
	_, err = c.ask(ctx, call{
		endpoint: "saml/logout", method: http.MethodPost, path: "/_security/saml/logout",
		body: body, judge: judgeSAML,
	}, &a)
	return a.ID, a.Redirect, err
}

// Invalidated is what Elasticsearch made of an identity provider's LogoutRequest.
type Invalidated struct {
	// Tokens are those that it ended, of both kinds: two for a session. None is no
	// error: all seven values of a token must be those of the request.
	Tokens int `json:"invalidated"`
	// Redirect is the way back to the identity provider, with the LogoutResponse.
	Redirect string `json:"redirect"`
	// Unanswered: the request was accepted, and the identity provider has no address
	// for an answer.
	Unanswered bool `json:"-"`
}

// SAMLInvalidate hands on a LogoutRequest (contract saml 8.1). query is the raw query
// string as the browser sent it, without "?": the signature is over its octets, and
// Elasticsearch takes the last of repeated parameters, also one behind the signature;
// the caller must refuse those. A request that is judged and refused is PersonRefused.
func (c *Client) SAMLInvalidate(ctx context.Context, realm, query string) (Invalidated, error) {
	var a Invalidated
	_, err := c.ask(ctx, call{
		endpoint: "saml/invalidate", method: http.MethodPost, path: "/_security/saml/invalidate",
		body:  map[string]string{"realm": realm, "query_string": query},
		judge: judgeSAMLMessage, whole: func() bool { return a.Redirect != "" },
	}, &a)
	if e, ok := errors.AsType[*Error](err); ok && afterInvalidation.MatchString(e.Reason) {
		return Invalidated{Unanswered: true}, nil // the tokens are dead by then
	}
	return a, err
}

// SAMLCompleteLogout has the identity provider's LogoutResponse verified (contract
// saml 8.2): the raw query string of the redirect binding, or the content of the POST
// binding, whichever is not empty. ids are the requests that may be answered. It
// changes nothing at Elasticsearch. A response that is judged and refused is
// PersonRefused.
func (c *Client) SAMLCompleteLogout(ctx context.Context, realm, query, content string, ids []string) error {
	body := map[string]any{"realm": realm, "ids": ids}
	if query != "" {
		body["query_string"] = query
	} else {
		body["content"] = content
	}
	_, err := c.ask(ctx, call{
		endpoint: "saml/complete_logout", method: http.MethodPost, path: "/_security/saml/complete_logout",
		body: body, judge: judgeSAMLMessage,
	}, nil)
	return err
}

// SAMLMetadata returns a realm's own metadata as a service provider, in XML
// (contract saml 8.3). It says what is written in elasticsearch.yml, also while the
// identity provider's metadata cannot be loaded. A realm that does not exist is SetUp.
func (c *Client) SAMLMetadata(ctx context.Context, realm string) ([]byte, error) {
	var a struct{ Metadata string }
	_, err := c.ask(ctx, call{
		endpoint: "saml/metadata", method: http.MethodGet, path: "/_security/saml/metadata/" + url.PathEscape(realm), judge: judgeSAML,
		whole: func() bool { return a.Metadata != "" },
	}, &a)
	if err != nil {
		return nil, err
	}
	return []byte(a.Metadata), nil
}
