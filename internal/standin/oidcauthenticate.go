package standin

import (
	"errors"
	"log/slog"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
)

const oidcAuthenticate = oidcActions + "authenticate"

// oidcAuthenticateRoute is POST /_security/oidc/authenticate.
func oidcAuthenticateRoute(c *call) (action, error) {
	var redirectURI, state, nonce, realm *string
	err := c.parse("oidc_authn", text("redirect_uri", &redirectURI), text("state", &state), text("nonce", &nonce), textOrNull("realm", &realm))
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(value(state) != "", "state parameter is missing")
		v.require(value(nonce) != "", "nonce parameter is missing")
		v.require(value(redirectURI) != "", "redirect_uri parameter is missing")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(oidcAuthenticate); err != nil {
			return nil, err
		}
		return c.oidcSignIn(oidcrealm.Answer{RedirectURI: *redirectURI, State: *state, Nonce: *nonce}, realm)
	}, nil
}

func (c *call) oidcSignIn(asked oidcrealm.Answer, realm *string) (*answer, error) {
	who, user, err := c.askOIDC(asked, realm)
	if err != nil {
		return nil, err
	}
	auth := ofRealm(who)
	pair, err := c.create(grant{auth: auth, creator: c.caller, metadata: user.TokenMetadata, refresh: true})
	if err != nil {
		return nil, err
	}
	return ok(obj(
		"username", who.name, "access_token", pair.access.String(), "refresh_token", pair.refresh.String(),
		"expires_in", c.expiresIn(), "authentication", auth.object(c.cluster.release)))
}

// askOIDC tries the named realm or, without a name, all in their order. Every
// refusal is the same generic 401, also when the provider is down; only what Elasticsearch
// did not foresee ends the chain with a cause.
func (c *call) askOIDC(asked oidcrealm.Answer, realm *string) (identity, *oidcrealm.User, error) {
	for _, r := range c.cluster.oidc {
		if realm != nil && r.Name() != *realm {
			continue
		}
		user, err := r.Authenticate(c.request.Context(), c.now, asked)
		if err == nil {
			if who, known := c.oidcIdentity(r, user); known {
				return who, user, nil
			}
			err = errors.New("the user is unknown in the authorization realms")
		}
		c.log(slog.LevelWarn, "Authentication to realm failed", "realm", r.Name(), "cause", err.Error())
		if fault, is := errors.AsType[*oidcrealm.Fault](err); is {
			return identity{}, nil, c.challenged("error attempting to authenticate request").causedBy(oidcFault(fault))
		}
	}
	return identity{}, nil, c.unable("<OIDC Token>", "for action ["+oidcAuthenticate+"]")
}

// oidcIdentity is the user with the roles that are mapped to him or, with delegated
// authorization, as the other realm knows him: of those, files are the only ones here.
func (c *call) oidcIdentity(r *oidcrealm.Realm, u *oidcrealm.User) (who identity, known bool) {
	realm := realmRef{r.Name(), "oidc"}
	if len(r.AuthorizationRealms()) == 0 {
		return c.cluster.withAnonymousRoles(identity{
			name: u.Principal, fullName: u.FullName, email: u.Email, metadata: u.Metadata,
			roles: c.cluster.rolesOf(candidate{realm: r.Name(), user: u.Principal, groups: u.Groups, metadata: u.Metadata}), realm: realm,
		}), true
	}
	for _, name := range r.AuthorizationRealms() {
		if found, there := c.cluster.user(u.Principal); there && name == fileRealm().name {
			who = found.identity()
			who.realm = realm
			return c.cluster.withAnonymousRoles(who), true
		}
	}
	return identity{}, false
}
