package standin

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"unicode/utf16"

	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// samlLogoutRoute is POST /_security/saml/logout.
func samlLogoutRoute(c *call) (action, error) {
	return c.logoutRoute("saml_logout", samlActions+"logout", c.samlLogout)
}

// logoutRoute is what logouts of all protocols have in common. It ends the refresh token
// first: that is gone even if the rest fails.
func (c *call) logoutRoute(parser, privilege string, logout func(token string, state accessState) (*answer, error)) (action, error) {
	var token, refreshToken *string
	err := c.parse(parser, text("token", &token), text("refresh_token", &refreshToken))
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(value(token) != "", "token is missing")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(privilege); err != nil {
			return nil, err
		}
		if err := c.tokenService(); err != nil {
			return nil, err
		}
		if err := c.logoutRefresh(refreshToken); err != nil {
			return nil, err
		}
		state, err := c.storedToken(*token)
		if err != nil {
			return nil, err
		}
		return logout(*token, state)
	}, nil
}

func (c *call) samlLogout(token string, state accessState) (*answer, error) {
	r, err := c.realmOfToken(state)
	if err != nil {
		return nil, err
	}
	id, redirect, made, err := r.LogoutRequest(c.now, state.metadata)
	if err != nil {
		return nil, c.samlError(err)
	}
	if _, err := c.invalidateAccess(token); err != nil && !errors.Is(err, errUnknownToken{}) {
		return nil, err
	}
	if !made {
		return ok(obj("id", nil, "redirect", nil))
	}
	return ok(obj("id", id, "redirect", redirect))
}

// logoutRefresh ends the refresh token of a logout. One that nobody knows is no failure.
func (c *call) logoutRefresh(token *string) error {
	if token == nil {
		return nil
	}
	if *token == "" {
		return illegalArgument("refresh token must be provided")
	}
	if _, err := c.invalidateRefresh(*token); err != nil && !errors.Is(err, errUnknownToken{}) {
		return err
	}
	return nil
}

// storedToken reads an access token without asking whether it has expired.
func (c *call) storedToken(token string) (accessState, error) {
	invalid := securityException(http.StatusInternalServerError, "supplied token is not valid")
	half, err := decodeToken(token)
	if err != nil {
		return accessState{}, invalid
	}
	switch c.faults.TokensIndex {
	case IndexClosed:
		return accessState{}, indexClosed(tokensIndexName)
	case IndexMissing:
		return accessState{}, indexNotFound(tokensIndexName)
	case IndexPrimaryDown:
		return accessState{}, unavailableShards("at least one primary shard for the index [" + tokensIndexName + "] is unavailable")
	}
	c.cluster.mu.Lock()
	state, exists := c.cluster.accessState(half), c.cluster.tokensIndex
	c.cluster.mu.Unlock()
	if !exists {
		return accessState{}, indexNotFound(tokensIndexName)
	}
	if state.auth == nil {
		return accessState{}, invalid
	}
	return state, nil
}

// realmOfToken finds the SAML realm of a token's user and asks that the token
// was made by it.
func (c *call) realmOfToken(state accessState) (*samlrealm.Realm, error) {
	ref := state.auth.user.realm
	if ref.name == "" {
		return nil, c.samlFailure("Authentication <" + state.auth.user.name + "> has no effective realm")
	}
	if ref.kind != "saml" {
		if c.cluster.hasRealm(ref) {
			return nil, c.samlFailure("Authenticating realm " + ref.kind + "/" + ref.name + " is not a SAML realm")
		}
		return nil, c.samlFailure("Authenticating realm " + ref.name + " does not exist")
	}
	for _, key := range sessionKeys() {
		if _, there := state.metadata[key]; !there {
			return nil, c.samlFailure("Access token does not have SAML metadata [" + key + "]")
		}
	}
	for _, r := range c.cluster.saml {
		if r.Name() != ref.name {
			continue
		}
		if made := state.metadata["saml_realm"]; value(made) != ref.name {
			return nil, c.samlFailure("Authenticating realm [" + ref.name + "] does not match token realm [" + orNull(made) + "]")
		}
		return r, nil
	}
	return nil, c.samlFailure("Authenticating realm " + ref.name + " does not exist")
}

// sessionKeys are the metadata by which a session is found again.
func sessionKeys() []string {
	return []string{
		"saml_nameid_val", "saml_nameid_fmt", "saml_nameid_qual", "saml_nameid_sp_qual",
		"saml_nameid_sp_id", "saml_session", "saml_realm",
	}
}

// queryStringFields declares query_string and its deprecated name.
func (c *call) queryStringFields(into **string, declare func(string, **string) field) []field {
	named := func(name string) field {
		f := declare(name, into)
		read := f.read
		f.read = func(r *jsonReader) error {
			if *into != nil {
				return r.failField("Must use either [query_string] or [queryString], not both at the same time")
			}
			if name == "queryString" {
				c.warning = append(c.warning, "Deprecated field [queryString] used, expected [query_string] instead")
			}
			return read(r)
		}
		return f
	}
	return []field{named("query_string"), named("queryString")}
}

// samlInvalidateRoute is POST /_security/saml/invalidate: the identity provider
// ends sessions.
func samlInvalidateRoute(c *call) (action, error) {
	var query, realm, acs *string
	fields := append(c.queryStringFields(&query, text), text("realm", &realm), text("acs", &acs))
	if err := c.parse("saml_invalidate_session", fields...); err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(value(query) != "", "query_string is missing")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(samlActions + "invalidate"); err != nil {
			return nil, err
		}
		asked := "SamlInvalidateSessionRequest{realmName=" + quoted(realm) + ", assertionConsumerServiceURL=" + quoted(acs) +
			", url-query=" + itoa(len(utf16.Encode([]rune(*query)))) + " chars}"
		r, err := c.realm(value(realm), value(acs), asked)
		if err != nil {
			return nil, err
		}
		return c.samlInvalidate(r, *query)
	}, nil
}

func quoted(s *string) string {
	if s == nil {
		return "null"
	}
	return "'" + *s + "'"
}

// samlInvalidate ends the tokens first; without a way to answer the identity
// provider the call then fails all the same.
func (c *call) samlInvalidate(r *samlrealm.Realm, query string) (*answer, error) {
	if _, err := parseQuery(query); err != nil {
		return nil, illegalArgument(err.Error())
	}
	asked, err := r.ReadLogoutRequest(c.now, query)
	if err != nil {
		return nil, c.samlError(err)
	}
	var done invalidation
	if value(asked.Values["saml_nameid_val"]) != "" {
		done, err = c.invalidateAll(func(d *tokenDocument) bool {
			return d.auth.user.realm.name == r.Name() && sameSession(d.metadata, asked.Values)
		})
		if err != nil {
			return nil, err
		}
	}
	redirect, err := r.LogoutResponse(c.now, asked.ID, asked.RelayState)
	if err != nil {
		return nil, c.samlError(err)
	}
	return ok(obj("realm", r.Name(), "invalidated", done.now+done.before, "redirect", redirect))
}

// sameSession compares all seven values exactly; absent equals absent only.
func sameSession(stored, asked map[string]*string) bool {
	pick := func(from map[string]*string) map[string]string {
		values := map[string]string{}
		for _, key := range sessionKeys() {
			if from[key] != nil {
				values[key] = *from[key]
			}
		}
		return values
	}
	return stored != nil && maps.Equal(pick(stored), pick(asked))
}

// samlCompleteRoute is POST /_security/saml/complete_logout. It changes nothing.
func samlCompleteRoute(c *call) (action, error) {
	var realm, query, content *string
	var ids []string
	fields := append(c.queryStringFields(&query, textOrNull),
		textOrNull("content", &content), text("realm", &realm), texts("ids", &ids))
	if err := c.parse("saml_complete_logout", fields...); err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(value(realm) != "", "realm may not be empty")
		v.require(value(query) != "" || value(content) != "", "query_string and content may not both be empty")
		v.require(value(query) == "" || value(content) == "", "query_string and content may not both present")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(samlActions + "complete_logout"); err != nil {
			return nil, err
		}
		return c.samlComplete(*realm, query, content, ids)
	}, nil
}

func (c *call) samlComplete(realm string, query, content *string, ids []string) (*answer, error) {
	at := slices.IndexFunc(c.cluster.saml, func(r *samlrealm.Realm) bool { return r.Name() == realm })
	if at < 0 {
		return nil, c.samlFailure("Cannot find any matching realm with name [" + realm + "]")
	}
	if query != nil {
		if _, err := parseQuery(*query); err != nil {
			return nil, illegalArgument(err.Error())
		}
	}
	err := c.cluster.saml[at].CompleteLogout(c.now, query, content, ids)
	rejection, is := errors.AsType[*samlrealm.Rejection](err)
	switch {
	case err == nil:
		return ok(object{})
	case is && rejection.Unsolicited != "" && ids == nil:
		return nil, nullPointer(`Cannot invoke "java.util.Collection.contains(Object)" because "allowedSamlRequestIds" is null`)
	}
	return nil, c.samlError(err)
}
