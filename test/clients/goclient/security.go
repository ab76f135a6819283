package main

func (p *program) authenticate() (any, error) {
	who, err := call(p.person, authenticateRequest{})
	return []any{who["username"], at(who, "authentication_realm", "name"), who["authentication_type"]}, err
}

func (p *program) hasPrivileges() (any, error) {
	asked, err := call(p.person, hasPrivilegesRequest{Body: body(object{
		"cluster": []string{"manage_own_api_key", "manage_security"},
		"index":   []any{object{"names": []string{p.given.Index, "salaries"}, "privileges": []string{"read"}}},
	})})
	reads := object{}
	for _, name := range []string{p.given.Index, "salaries"} {
		reads[name] = at(asked, "index", name, "read")
	}
	return []any{asked["cluster"], reads}, err
}

// apiKeys makes a key, works with it, finds it and ends it.
func (p *program) apiKeys() (any, error) {
	name := p.given.Index
	made, err := call(p.person, createAPIKeyRequest{Body: body(object{"name": name, "expiration": "1h", "metadata": object{"for": "a test"}})})
	if err != nil {
		return nil, err
	}
	encoded := text(made["encoded"])
	p.secrets = append(p.secrets, text(made["api_key"]), encoded)
	withKey := connect(p.given.URL, "ApiKey "+encoded)

	used, err := call(withKey, authenticateRequest{})
	if err != nil {
		return nil, err
	}
	owner := true
	got, err := call(p.person, getAPIKeyRequest{Owner: &owner, Name: name})
	if err != nil {
		return nil, err
	}
	queried, err := call(p.person, queryAPIKeysRequest{Body: body(object{"query": object{"term": object{"name": name}}})})
	if err != nil {
		return nil, err
	}
	ended, err := call(p.person, invalidateAPIKeyRequest{Body: body(object{"ids": []any{made["id"]}, "owner": true})})
	if err != nil {
		return nil, err
	}
	after, err := attempt(withKey, authenticateRequest{})
	return object{
		"used": used["authentication_type"], "get": each(got["api_keys"], "name"), "query": each(queried["api_keys"], "name"),
		"invalidated": len(each(ended["invalidated_api_keys"])), "used after": after,
	}, err
}

// robot is a user of Elasticsearch's own.
func (p *program) robot() settings {
	return settings{Username: p.given.User, Password: p.given.Password, DisableRetry: true}
}

// credentials is whom Elasticsearch sees, and what they find, with each kind.
func (p *program) credentials() (any, error) {
	robot := open(p.given.URL, p.robot())
	made, err := call(robot, createAPIKeyRequest{Body: body(object{"name": p.given.Index})})
	if err != nil {
		return nil, err
	}
	key := text(made["encoded"])
	p.secrets = append(p.secrets, text(made["api_key"]), key)
	seen := object{}
	for kind, t := range map[string]transport{
		"basic": robot, "bearer": p.person, "api key": open(p.given.URL, settings{APIKey: key, DisableRetry: true}),
	} {
		who, err := call(t, authenticateRequest{})
		if err != nil {
			return nil, err
		}
		found, err := call(t, searchRequest{Index: []string{p.given.Index}})
		if err != nil {
			return nil, err
		}
		seen[kind] = []any{
			who["username"], at(who, "authentication_realm", "name"), who["authentication_type"], at(found, "hits", "total", "value"),
		}
	}
	return seen, nil
}

func (p *program) profile() (any, error) {
	activated, err := call(p.person, activateUserProfileRequest{Body: body(object{
		"grant_type": "access_token", "access_token": p.given.Bearer,
	})})
	if err != nil {
		return nil, err
	}
	read, err := call(p.person, getUserProfileRequest{UID: []string{text(activated["uid"])}})
	return each(read["profiles"], "user", "username"), err
}
