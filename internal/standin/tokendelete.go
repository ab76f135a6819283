package standin

// An invalidateRequest is the body of DELETE /_security/oauth2/token.
type invalidateRequest struct{ token, refreshToken, realm, user *string }

// tokenDeleteRoute is DELETE /_security/oauth2/token. There is no ownership
// rule: the privilege is enough for anybody's token.
func tokenDeleteRoute(c *call) (action, error) {
	if !c.licensed("standard") {
		return nil, nonCompliant("security tokens")
	}
	var r invalidateRequest
	err := c.parse("invalidate_token",
		text("token", &r.token), text("refresh_token", &r.refreshToken),
		text("realm_name", &r.realm), text("username", &r.user))
	if err != nil {
		return nil, err
	}
	if value(r.token) != "" && value(r.refreshToken) != "" {
		e := contentException("Failed to build [invalidate_token] after last required field arrived")
		return nil, e.causedBy(illegalArgument("only one of [token, refresh_token] may be sent per request"))
	}
	return func() (*answer, error) { return c.invalidateTokens(r) }, nil
}

// validate is ES-shaped here, although the POST of the same path is not.
func (r invalidateRequest) validate() error {
	var v validation
	one := value(r.token) != "" || value(r.refreshToken) != ""
	if value(r.realm) != "" || value(r.user) != "" {
		v.require(!one, "token string must not be provided when realm name or username is specified")
		v.require(!one, "token type must not be provided when realm name or username is specified")
	} else {
		v.require(one, "token string must be provided when not specifying a realm name or a username")
	}
	return v.err()
}

func (c *call) invalidateTokens(r invalidateRequest) (*answer, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	if err := c.authorize(security + "token/invalidate"); err != nil {
		return nil, err
	}
	if err := c.tokenService(); err != nil {
		return nil, err
	}
	done, err := c.invalidate(r)
	if err != nil {
		return nil, err
	}
	return ok(done.object())
}

func (c *call) invalidate(r invalidateRequest) (invalidation, error) {
	if token := value(r.token); token != "" {
		return c.invalidateAccess(token)
	}
	if token := value(r.refreshToken); token != "" {
		return c.invalidateRefresh(token)
	}
	realm, user := value(r.realm), value(r.user)
	return c.invalidateAll(func(d *tokenDocument) bool {
		u := d.auth.user
		return (realm == "" || u.realm.name == realm) && (user == "" || u.name == user)
	})
}
