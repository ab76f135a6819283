package standin

import (
	"encoding/json"
	"errors"
	"net/http"
)

const actionGrantKey = security + "api_key/grant"

// apiKeyGrantRoute is POST and PUT /_security/api_key/grant: a key for somebody
// else. Any 401 of the grant becomes a 403, so that a 401 is always the caller's.
func apiKeyGrantRoute(c *call) (action, error) {
	var g personGrant
	var runAs *string
	var nested json.RawMessage
	fields := append(g.fields(), text("run_as", &runAs), raw("api_key", &nested))
	if err := c.parse("grant_api_key_request", fields...); err != nil {
		return nil, err
	}
	if nested == nil {
		return nil, contentException("Required [api_key]")
	}
	r, roles, err := parseKeyRequest(nested)
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		v := r.faults()
		g.validate(&v)
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(actionGrantKey); err != nil {
			return nil, err
		}
		owner, err := c.grantee(g, runAs)
		if err != nil {
			return nil, err
		}
		return c.createKey(r, roles, owner)
	}, nil
}

// grantee is the owner of the key: the person, or whom the person runs as.
func (c *call) grantee(g personGrant, runAs *string) (*authentication, error) {
	who, err := g.authenticate(c, actionGrantKey)
	if e, is := errors.AsType[*exception](err); is && e.status == http.StatusUnauthorized {
		return nil, securityException(http.StatusForbidden, "Failed to authenticate api key grant").causedBy(e)
	}
	if err != nil || value(runAs) == "" {
		return who, err
	}
	if who.runAs {
		return nil, &exception{
			status: http.StatusBadRequest, kind: "status_exception",
			reason: "the provided grant credentials do not support run-as",
		}
	}
	target := identity{name: *runAs, roles: []string{}, metadata: map[string]any{}, unknown: true}
	if u, known := c.cluster.user(*runAs); known {
		target = u.identity()
	}
	as := *c
	as.caller = who.as(target)
	return as.caller, as.authorizeRunAs(actionGrantKey)
}
