package elastic

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
)

// delegated ends the reason of a refused chain. The subject stands before it, and a
// stranger has written that, so that nothing else of the reason counts.
const delegated = "] for action [cluster:admin/xpack/security/delegate_pki]"

// DelegatePKI trades a chain of certificates in DER, leaf first, each issued by the
// next one, for a token without refresh token (contract opk 4). The root may be left
// out.
//
// Elasticsearch takes our word that the client has the key, does not look at
// revocation, remembers a chain for 20 minutes without looking at it again, and
// chooses among its PKI realms by itself: all of that is the caller's business.
//
// A chain that no realm takes is PersonRefused, also where there is no realm that
// permits delegation; one that cannot be read or is not in order is BadInput.
func (c *Client) DelegatePKI(ctx context.Context, chain [][]byte) (Grant, error) {
	list := make([]string, len(chain)) // not nil: null is another error
	for i, der := range chain {
		list[i] = base64.StdEncoding.EncodeToString(der)
	}
	return c.askGrant(ctx, call{
		endpoint: "delegate_pki", method: http.MethodPost, path: "/_security/delegate_pki",
		body: map[string]any{"x509_certificate_chain": list}, judge: judgeDelegatePKI,
	})
}

// judgeDelegatePKI: a 401 about the chain and one about our own account differ in
// how their reasons end.
func judgeDelegatePKI(r reply) ruling {
	f := parseFailure(r.body)
	switch {
	case r.status == http.StatusUnauthorized && f.kind == typeSecurity && strings.HasSuffix(f.reason, delegated):
		return ruling{PersonRefused, hintChain}
	case r.status == http.StatusBadRequest && strings.HasSuffix(f.reason, "failed to parse field [x509_certificate_chain]"),
		r.status == http.StatusBadRequest && f.kind == "action_request_validation_exception":
		return ruling{BadInput, ""}
	}
	return judgeOwn(r)
}
