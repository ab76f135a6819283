package elastic

import (
	"context"
	"errors"
	"net/http"

	"github.com/esgateway/esgateway/internal/secret"
)

// idTokenHint is the member of the metadata with the raw ID token, a secret. It is
// looked at where a pair is made (Grant.IDToken), and kept nowhere.
const idTokenHint = "oidc(id_token_hint)"

// Realm is the realm of Elasticsearch that a user belongs to.
type Realm struct {
	Name string `json:"name"`
	Type string `json:"type"` // "saml", "oidc", "pki", "kerberos", "native", "file", ...
}

// Identity is who a token stands for, as Elasticsearch reports it. It never holds a
// secret: the raw ID token that Elasticsearch keeps among the metadata is dropped.
type Identity struct {
	Username string `json:"username"`
	// Roles are those of the sign-in: Elasticsearch freezes them in the token, and a
	// refresh does not read them again.
	Roles    []string       `json:"roles"`
	FullName string         `json:"full_name,omitempty"`
	Email    string         `json:"email,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
	// Realm is the authenticating one; a token keeps it.
	Realm   Realm `json:"realm"`
	Enabled bool  `json:"enabled"`
	// Type is how they were authenticated: "realm", "token", "api_key", ...
	Type string `json:"type,omitempty"`
}

// TypeAPIKey is the Identity.Type of an API key. Elasticsearch reports no roles of one.
const TypeAPIKey = "api_key"

// authentication is Elasticsearch's form of it (contract http 3).
type authentication struct {
	Username string         `json:"username"`
	Roles    []string       `json:"roles"`
	FullName string         `json:"full_name"` // null becomes ""
	Email    string         `json:"email"`
	Metadata map[string]any `json:"metadata"`
	Enabled  bool           `json:"enabled"`
	Realm    Realm          `json:"authentication_realm"`
	Type     string         `json:"authentication_type"`
}

func (a authentication) identity() Identity {
	delete(a.Metadata, idTokenHint)
	return Identity{
		Username: a.Username, Roles: a.Roles, FullName: a.FullName, Email: a.Email,
		Metadata: a.Metadata, Realm: a.Realm, Enabled: a.Enabled, Type: a.Type,
	}
}

// AuthenticateAs asks who an Authorization header of a client stands for. A header that
// Elasticsearch does not accept is PersonRefused, whatever is wrong with it.
func (c *Client) AuthenticateAs(ctx context.Context, header secret.Text) (Identity, error) {
	var a authentication
	_, err := c.ask(ctx, call{
		endpoint: "authenticate:client", method: http.MethodGet, path: "/_security/_authenticate",
		header: header, judge: judgeClient, whole: func() bool { return a.Username != "" },
	}, &a)
	if err != nil {
		return Identity{}, err
	}
	return a.identity(), nil
}

// Authenticate asks who an access token stands for. Refusals are Dead or Mute.
func (c *Client) Authenticate(ctx context.Context, access secret.Text) (Identity, error) {
	const endpoint = "authenticate"
	if access.Empty() {
		return Identity{}, &Error{Class: BadInput, Endpoint: endpoint, Err: errors.New("no access token")}
	}
	var a authentication
	_, err := c.ask(ctx, call{
		endpoint: endpoint, method: http.MethodGet, path: "/_security/_authenticate",
		bearer: access, judge: judgeBearer, whole: func() bool { return a.Username != "" },
	}, &a)
	if err != nil {
		return Identity{}, err
	}
	return a.identity(), nil
}
