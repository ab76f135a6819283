package standin

import (
	"bytes"
	"net/http"
	"strings"
)

const expiredChallenge = `Bearer realm="security", error="invalid_token", error_description="The access token expired"`

// bearer authenticates an access token. Expired and revoked look the same; an
// outage of the tokens index looks like a token that nobody knows.
func (c *call) bearer(token string) (*authentication, error) {
	if err := c.serviceAccount(token); err != nil {
		return nil, err
	}
	unknown := c.nobodyTook("oauth2 token: invalid token")
	if c.faults.TokenServiceOff || !c.licensed("standard") {
		return nil, unknown
	}
	half, err := decodeToken(token)
	if err != nil {
		return nil, unknown
	}
	switch c.faults.TokensIndex {
	case IndexClosed:
		return nil, indexClosed(tokensIndexName)
	case IndexMissing, IndexPrimaryDown:
		return nil, unknown
	}
	state := c.cluster.readAccess(half)
	switch {
	case state.auth == nil, c.now.Sub(state.created) < c.faults.ReadLag:
		return nil, unknown
	case state.invalidated || c.now.After(state.expires):
		e := securityException(http.StatusUnauthorized, "token expired")
		e.challenge = []string{expiredChallenge}
		return nil, e
	}
	return state.auth, nil
}

// serviceAccount refuses what parses as the token of a service account: the
// stand-in has none, so each is wrong, and the chain stops.
func (c *call) serviceAccount(token string) error {
	text, _ := decodeBase64(token) // what is no base64 is no such token
	rest, is := bytes.CutPrefix(text, []byte{0, 1, 0, 1})
	qualified, _, colon := strings.Cut(string(rest), ":")
	parts := strings.Split(qualified, "/")
	if !is || !colon || len(parts) != 3 {
		return nil
	}
	return c.challenged("failed to authenticate service account [" + parts[0] + "/" + parts[1] + "] with token name [" + parts[2] + "]")
}
