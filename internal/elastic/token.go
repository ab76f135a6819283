package elastic

import (
	"context"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/secret"
)

// refreshLimit is what one attempt to refresh has. Elasticsearch gives the same pair
// to a repeat within 30 s, so three attempts fit in (DESIGN rule 7).
const refreshLimit = 8 * time.Second

// TokenPair is an access token and what renews it.
type TokenPair struct {
	Access  secret.Text
	Refresh secret.Text // empty: cannot be renewed (certificates)
	// ExpiresIn is the life of the access token. An answer that Elasticsearch repeats
	// names the whole life again, though up to 30 s of it are gone.
	ExpiresIn time.Duration
	// SentAt is our clock when the call was sent. Count the life from here: whatever
	// the answer took is then on the safe side.
	SentAt time.Time
}

// Grant is what a sign-in or a refresh gives.
type Grant struct {
	Pair     TokenPair
	Identity Identity
	// IDToken is the raw ID token of an OpenID Connect sign-in, where Elasticsearch shows
	// it (populate_user_metadata). Look at it and forget it.
	IDToken secret.Text
	// InResponseTo is the id of the SAML request that was answered. Empty: the identity
	// provider started by itself, or Elasticsearch is older than spring 2026.
	InResponseTo string
}

// grantAnswer is how endpoints that make tokens answer (contract tokens 1.4, saml 6).
type grantAnswer struct {
	Access         string         `json:"access_token"`
	Refresh        string         `json:"refresh_token"`
	ExpiresIn      int64          `json:"expires_in"` // seconds
	Authentication authentication `json:"authentication"`
	InResponseTo   string         `json:"in_response_to"`
}

// askGrant asks for a pair. A pair without a user is none.
func (c *Client) askGrant(ctx context.Context, q call) (Grant, error) {
	var a grantAnswer
	q.whole = func() bool { return a.Access != "" && a.ExpiresIn > 0 && a.Authentication.Username != "" }
	sentAt, err := c.ask(ctx, q, &a)
	if err != nil {
		return Grant{}, err
	}
	raw, _ := a.Authentication.Metadata[idTokenHint].(string)
	return Grant{
		IDToken: secret.Of(raw),
		Pair: TokenPair{
			Access: secret.Of(a.Access), Refresh: secret.Of(a.Refresh),
			ExpiresIn: time.Duration(a.ExpiresIn) * time.Second, SentAt: sentAt,
		},
		Identity:     a.Authentication.identity(),
		InResponseTo: a.InResponseTo,
	}, nil
}

// Refresh makes a new pair (contract tokens 3). It is ONE attempt, at ONE node, within
// 8 s; calls in a row go round the nodes. A lost answer (Outage with Status 0) can be
// repeated within 30 s, which is the caller's business: he knows since when.
func (c *Client) Refresh(ctx context.Context, refresh secret.Text) (Grant, error) {
	return c.askGrant(ctx, call{
		endpoint: "oauth2/token:refresh", method: http.MethodPost, path: "/_security/oauth2/token",
		body:  map[string]string{"grant_type": "refresh_token", "refresh_token": refresh.Reveal()},
		limit: refreshLimit, judge: judgeRefresh,
		to: c.nodes.order(&c.refreshes, c.now())[:1],
	})
}

// ClientCredentials makes a token of whoever the Authorization header stands for, who
// needs the privilege to make tokens. There is no refresh token. A header that
// Elasticsearch does not accept, or whose user may not make tokens, is PersonRefused or
// AccountRefused.
func (c *Client) ClientCredentials(ctx context.Context, header secret.Text) (Grant, error) {
	return c.askGrant(ctx, call{
		endpoint: "oauth2/token:client_credentials", method: http.MethodPost, path: "/_security/oauth2/token",
		body: map[string]string{"grant_type": "client_credentials"}, header: header, judge: judgeClient,
	})
}

// InvalidateAccess ends an access token; its refresh token lives on (contract tokens
// 5). A token that Elasticsearch does not know counts as ended.
func (c *Client) InvalidateAccess(ctx context.Context, token secret.Text) error {
	return c.invalidate(ctx, "token", token)
}

// InvalidateRefresh ends a refresh token; its access token lives on. A token that
// Elasticsearch does not know counts as ended.
func (c *Client) InvalidateRefresh(ctx context.Context, token secret.Text) error {
	return c.invalidate(ctx, "refresh_token", token)
}

func (c *Client) invalidate(ctx context.Context, half string, token secret.Text) error {
	_, err := c.ask(ctx, call{
		endpoint: "oauth2/token:invalidate", method: http.MethodDelete, path: "/_security/oauth2/token",
		body: map[string]string{half: token.Reveal()}, judge: judgeInvalidate,
	}, nil)
	return err
}
