package standin

import (
	"encoding/json"
	"errors"
	"net/http"
)

// A personGrant proves another person inside a body: by a password or by an
// access token. Its refusals say "for action [..]", the caller's own say "for
// REST request [..]".
type personGrant struct {
	kind, username, password, accessToken *string
	client                                json.RawMessage
}

func (g *personGrant) fields() []field {
	return []field{
		text("grant_type", &g.kind), text("username", &g.username), text("password", &g.password),
		text("access_token", &g.accessToken), raw("client_authentication", &g.client),
	}
}

func (g *personGrant) validate(v *validation) {
	kind := value(g.kind)
	need := func(name string, s *string) {
		v.require(value(s) != "", "["+name+"] is required for grant_type ["+kind+"]")
	}
	refuse := func(name string, given bool) {
		v.require(!given, "["+name+"] is not supported for grant_type ["+kind+"]")
	}
	switch kind {
	case "":
		v.require(false, "[grant_type] is required")
	case "password":
		need("username", g.username)
		need("password", g.password)
		refuse("access_token", value(g.accessToken) != "")
		refuse("client_authentication", g.client != nil)
	case "access_token":
		need("access_token", g.accessToken)
		refuse("username", value(g.username) != "")
		refuse("password", value(g.password) != "")
		g.validateClient(v)
	default:
		v.require(false, "grant_type ["+kind+"] is not supported")
	}
}

func (g *personGrant) validateClient(v *validation) {
	if g.client == nil {
		return
	}
	var c struct{ Scheme string }
	_ = json.Unmarshal(g.client, &c) // it was read as an object already
	v.require(c.Scheme == "SharedSecret", "[client_authentication.scheme] must be set to [SharedSecret]")
}

// authenticate proves the person; action is the whole name.
func (g *personGrant) authenticate(c *call, action string) (*authentication, error) {
	where := "for action [" + action + "]"
	if value(g.kind) == "password" {
		return c.password(*g.username, *g.password, where)
	}
	auth, err := c.bearer(*g.accessToken)
	if e, is := errors.AsType[*exception](err); is && e.status == http.StatusUnauthorized && len(e.metadata) > 0 {
		e.reason = c.unable("_bearer_token", where).reason
		return nil, e
	}
	if err == nil && g.client != nil {
		return nil, securityException(http.StatusBadRequest,
			"[client_authentication] not supported with the supplied access_token type")
	}
	return auth, err
}
