package standin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
)

const oidcActions = security + "oidc/"

// oidc wraps the handlers of OpenID Connect: the licence is asked before the body is
// read.
func oidc(prepare func(*call) (action, error)) func(*call) (action, error) {
	return func(c *call) (action, error) {
		if !c.licensed("platinum") {
			return nil, nonCompliant("oidc")
		}
		return prepare(c)
	}
}

// oidcFailure is an exception without a status: a 500, whoever is to blame.
func oidcFailure(reason string) *exception {
	return securityException(http.StatusInternalServerError, reason)
}

// oidcFault is an exception of the Java platform.
func oidcFault(f *oidcrealm.Fault) *exception {
	e := &exception{status: http.StatusInternalServerError, kind: f.Type, reason: f.Reason, java: f.Type != "settings_exception"}
	if f.Type == "illegal_argument_exception" {
		e.status = http.StatusBadRequest
	}
	return e
}

func hasText(s *string) bool { return strings.TrimSpace(value(s)) != "" }

// oidcPrepareRoute is POST /_security/oidc/prepare. Nothing is remembered.
func oidcPrepareRoute(c *call) (action, error) {
	var realm, issuer, loginHint, state, nonce *string
	err := c.parse("oidc_prepare_authentication", text("realm", &realm), text("iss", &issuer),
		text("login_hint", &loginHint), text("state", &state), text("nonce", &nonce))
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(hasText(realm) || hasText(issuer), "one of [realm, issuer] must be provided")
		v.require(!hasText(realm) || !hasText(issuer), "only one of [realm, issuer] can be provided in the same request")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(oidcActions + "prepare"); err != nil {
			return nil, err
		}
		r, err := c.oidcRealm(realm, issuer)
		if err != nil {
			return nil, err
		}
		p, err := r.Prepare(state, nonce, loginHint)
		if fault, is := errors.AsType[*oidcrealm.Fault](err); is {
			return nil, oidcFault(fault)
		}
		if err != nil {
			return nil, err
		}
		return ok(obj("redirect", p.Redirect, "state", p.State, "nonce", p.Nonce, "realm", r.Name()))
	}, nil
}

// oidcRealm finds the realm by its issuer or, without one, by its name.
func (c *call) oidcRealm(name, issuer *string) (*oidcrealm.Realm, error) {
	if !hasText(issuer) {
		if r := c.cluster.oidcRealm(*name); r != nil {
			return r, nil
		}
		return nil, oidcFailure("Cannot find OpenID Connect realm with name [" + *name + "]")
	}
	var found []*oidcrealm.Realm
	for _, r := range c.cluster.oidc {
		if r.Issuer() == *issuer {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, oidcFailure("Cannot find OpenID Connect realm with issuer [" + *issuer + "]")
	case 1:
		return found[0], nil
	}
	return nil, oidcFailure("Found multiple OpenID Connect realm with issuer [" + *issuer + "]")
}

func (c *cluster) oidcRealm(name string) *oidcrealm.Realm {
	for _, r := range c.oidc {
		if r.Name() == name {
			return r
		}
	}
	return nil
}
