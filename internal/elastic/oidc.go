package elastic

import (
	"context"
	"net/http"

	"github.com/esgateway/esgateway/internal/secret"
)

// PreparedOIDC is an OpenID Connect request that Elasticsearch has written and
// forgotten: keep State and Nonce with the attempt, and give both back to
// OIDCAuthenticate.
type PreparedOIDC struct {
	Redirect string `json:"redirect"` // where to send the browser; it is not signed
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
}

// OIDCPrepare starts a sign-in at a realm's provider (contract oidc 1). A realm that
// does not exist is SetUp.
func (c *Client) OIDCPrepare(ctx context.Context, realm string) (PreparedOIDC, error) {
	var p PreparedOIDC
	_, err := c.ask(ctx, call{
		endpoint: "oidc/prepare", method: http.MethodPost, path: "/_security/oidc/prepare",
		body: map[string]string{"realm": realm}, judge: judgeOIDC,
		whole: func() bool { return p.Redirect != "" && p.State != "" && p.Nonce != "" },
	}, &p)
	if err != nil {
		return PreparedOIDC{}, err
	}
	return p, nil
}

// OIDCAuthenticate trades the provider's answer for tokens (contract oidc 2). callback
// is the address that the browser was sent to, as it came: Elasticsearch reads the
// fragment if there is one, also an empty one, and the query otherwise. It remembers
// nothing: state and nonce are the caller's to keep, and to use once.
//
// A refusal is PersonRefused, whatever it was: a forged answer, a code that was used,
// and a provider that Elasticsearch cannot reach are all the same.
func (c *Client) OIDCAuthenticate(ctx context.Context, realm, callback, state, nonce string) (Grant, error) {
	return c.askGrant(ctx, call{
		endpoint: "oidc/authenticate", method: http.MethodPost, path: "/_security/oidc/authenticate",
		body:  map[string]string{"realm": realm, "redirect_uri": callback, "state": state, "nonce": nonce},
		judge: judgeOIDCAuthenticate,
	})
}

// OIDCLogout ends a pair and asks for the way to the provider's logout (contract oidc
// 3). redirect is empty if the realm has none. A pair that Elasticsearch does not know
// is Mute. When the call fails the refresh token may be dead and the access token
// alive: end both by InvalidateRefresh and InvalidateAccess.
func (c *Client) OIDCLogout(ctx context.Context, access, refresh secret.Text) (redirect string, err error) {
	body := map[string]string{"token": access.Reveal()}
	if !refresh.Empty() {
		body["refresh_token"] = refresh.Reveal()
	}
	var a struct{ Redirect string } // null becomes ""
	_, err = c.ask(ctx, call{
		endpoint: "oidc/logout", method: http.MethodPost, path: "/_security/oidc/logout",
		body: body, judge: judgeOIDC,
	}, &a)
	return a.Redirect, err
}
