package standin

import (
	"errors"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
)

// oidcLogoutRoute is POST /_security/oidc/logout.
func oidcLogoutRoute(c *call) (action, error) {
	var token, refreshToken *string
	err := c.parse("oidc_logout", text("token", &token), text("refresh_token", &refreshToken))
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(value(token) != "", "token is missing")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(oidcActions + "logout"); err != nil {
			return nil, err
		}
		return c.oidcLogout(*token, refreshToken)
	}, nil
}

// oidcLogout ends the refresh token first: it is gone even if the rest fails. The
// access token goes before the ID token is looked at.
func (c *call) oidcLogout(token string, refreshToken *string) (*answer, error) {
	if err := c.tokenService(); err != nil {
		return nil, err
	}
	if err := c.logoutRefresh(refreshToken); err != nil {
		return nil, err
	}
	state, err := c.storedToken(token)
	if err != nil {
		return nil, err
	}
	r, err := c.oidcRealmOfToken(state)
	if err != nil {
		return nil, err
	}
	if _, err := c.invalidateAccess(token); err != nil && !errors.Is(err, errUnknownToken{}) {
		return nil, err
	}
	hint, err := oidcrealm.ReadHint(state.metadata)
	if err != nil {
		return nil, oidcFailure(err.Error())
	}
	redirect, there := r.LogoutRedirect(hint)
	if !there {
		return ok(obj("redirect", nil))
	}
	return ok(obj("redirect", redirect))
}

// oidcRealmOfToken asks that a token's user came from a realm of OpenID Connect.
func (c *call) oidcRealmOfToken(state accessState) (*oidcrealm.Realm, error) {
	ref := state.auth.user.realm
	switch {
	case ref.kind == "oidc" && c.cluster.oidcRealm(ref.name) != nil:
		return c.cluster.oidcRealm(ref.name), nil
	case ref.kind == "saml" || ref == fileRealm():
		return nil, illegalArgument("Access token is not valid for an OpenID Connect realm")
	}
	return nil, oidcFailure("Authenticating realm " + ref.name + " does not exist")
}
