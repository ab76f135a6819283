package elastic

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// OIDCRealmOf asks which realm has this issuer as its op.issuer, to the letter (contract
// oidc 1). several is true if more than one has, which Elasticsearch does not name. That
// none has is SetUp.
func (c *Client) OIDCRealmOf(ctx context.Context, issuer string) (realm string, several bool, err error) {
	var a struct{ Realm string }
	_, err = c.ask(ctx, call{
		endpoint: "oidc/prepare", method: http.MethodPost, path: "/_security/oidc/prepare",
		body: map[string]string{"iss": issuer}, judge: judgeOIDC,
		whole: func() bool { return a.Realm != "" },
	}, &a)
	if e, ok := errors.AsType[*Error](err); ok && e.Class == SetUp && strings.HasPrefix(e.Reason, "Found multiple OpenID Connect realm ") {
		return "", true, nil
	}
	return a.Realm, false, err
}
