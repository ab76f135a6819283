package standin

import (
	"net/http"
	"strings"
)

// A tokenRequest is the body of POST /_security/oauth2/token.
type tokenRequest struct {
	grantType, username, password, ticket, scope, refreshToken *string
}

// tokenRoute is POST /_security/oauth2/token.
func tokenRoute(c *call) (action, error) {
	if !c.licensed("standard") {
		return nil, nonCompliant("security tokens")
	}
	var r tokenRequest
	err := c.parse("token_request",
		text("grant_type", &r.grantType), text("username", &r.username), text("password", &r.password),
		text("kerberos_ticket", &r.ticket), text("scope", &r.scope), text("refresh_token", &r.refreshToken))
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		if err := r.validate(); err != nil {
			return nil, err
		}
		if r.grant() == "refresh_token" {
			return c.refreshGrant(r)
		}
		return c.createGrant(r)
	}, nil
}

func (r tokenRequest) grant() string { return value(r.grantType) }

// value is the string, or nothing.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// validate has the OAuth shape and comes before the privileges. Its code is
// chosen by what the text happens to contain (token contract 1.3).
func (r tokenRequest) validate() error {
	v := r.faults()
	if len(v) == 0 {
		return nil
	}
	code := "invalid_request"
	if strings.Contains(v.String(), "grant_type") {
		code = "unsupported_grant_type"
	}
	return &oauthError{code, v.String()}
}

func (r tokenRequest) faults() validation {
	var v validation
	refuse := func(name string, s *string) {
		v.require(s == nil, name+" is not supported with the "+r.grant()+" grant_type")
	}
	need := func(name string, s *string) { v.require(value(s) != "", name+" is missing") }
	switch r.grant() {
	case "password":
		refuse("kerberos_ticket", r.ticket)
		refuse("refresh_token", r.refreshToken)
		need("username", r.username)
		need("password", r.password)
	case "_kerberos":
		refuse("username", r.username)
		refuse("password", r.password)
		refuse("refresh_token", r.refreshToken)
		need("kerberos_ticket", r.ticket)
	case "refresh_token":
		refuse("username", r.username)
		refuse("password", r.password)
		refuse("kerberos_ticket", r.ticket)
		need("refresh_token", r.refreshToken)
	case "client_credentials":
		refuse("username", r.username)
		refuse("password", r.password)
		refuse("kerberos_ticket", r.ticket)
		refuse("refresh_token", r.refreshToken)
	default:
		v.require(false, "grant_type only supports the values: [password, _kerberos, refresh_token, client_credentials]")
	}
	return v
}

func (c *call) refreshGrant(r tokenRequest) (*answer, error) {
	if err := c.authorize(security + "token/refresh"); err != nil {
		return nil, err
	}
	if err := c.tokenService(); err != nil {
		return nil, err
	}
	pair, auth, err := c.refresh(*r.refreshToken)
	if err != nil {
		return nil, err
	}
	return c.tokenAnswer(r, pair, true, auth)
}

func (c *call) createGrant(r tokenRequest) (*answer, error) {
	const create = security + "token/create"
	if err := c.authorize(create); err != nil {
		return nil, err
	}
	auth, err := c.endUser(r, "for action ["+create+"]")
	if err != nil {
		return nil, err
	}
	refreshable := r.grant() != "client_credentials"
	pair, err := c.create(grant{auth: auth, creator: c.caller, refresh: refreshable})
	if err != nil {
		return nil, err
	}
	return c.tokenAnswer(r, pair, refreshable, auth)
}

// endUser proves whom the token is for.
func (c *call) endUser(r tokenRequest, where string) (*authentication, error) {
	switch r.grant() {
	case "password":
		return c.password(*r.username, *r.password, where)
	case "_kerberos":
		if _, err := decodeBase64(*r.ticket); err != nil {
			e := &exception{status: http.StatusInternalServerError, kind: "unsupported_operation_exception", java: true}
			e.reason = "could not decode base64 kerberos ticket " + *r.ticket
			return nil, e.causedBy(illegalArgument(err.Error()))
		}
		return nil, c.unable("<Kerberos Token>", where) // there is no Kerberos realm
	}
	return c.caller, nil
}

func (c *call) tokenAnswer(r tokenRequest, pair tokenPair, refreshable bool, auth *authentication) (*answer, error) {
	o := obj("access_token", pair.access.String(), "type", "Bearer", "expires_in", c.expiresIn())
	if refreshable {
		o = o.with("refresh_token", pair.refresh.String())
	}
	if r.scope != nil {
		o = o.with("scope", "full")
	}
	return ok(o.with("authentication", auth.object(c.cluster.release)))
}
