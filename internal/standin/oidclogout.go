package standin

import (
	"errors"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
)

// oidcLogoutRoute is POST /_security/oidc/logout.
func oidcLogoutRoute(c *call) (action, error) {
	return c.logoutRoute("oidc_logout", oidcActions+"logout", c.oidcLogout)
}

// oidcLogout ends the access token before it looks at the ID token.
func (c *call) oidcLogout(token string, state accessState) (*answer, error) {
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
	case c.cluster.hasRealm(ref):
		return nil, illegalArgument("Access token is not valid for an OpenID Connect realm")
	}
	return nil, oidcFailure("Authenticating realm " + ref.name + " does not exist")
}
