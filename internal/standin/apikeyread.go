package standin

import (
	"net/http"
	"slices"
	"strings"
)

// A keyFilter chooses keys.
type keyFilter struct {
	ids, names  []string
	user, realm string
	owner       bool
}

func (f keyFilter) holds(k *apiKey, caller *authentication) bool {
	named := func(pattern string) bool { return glob(pattern, k.name) }
	switch {
	case len(f.ids) > 0 && !slices.Contains(f.ids, k.id):
		return false
	case len(f.names) > 0 && !slices.ContainsFunc(f.names, named):
		return false
	case f.user != "" && k.owner.name != f.user, f.realm != "" && k.owner.realm.name != f.realm:
		return false
	}
	return !f.owner || owns(k, caller)
}

func owns(k *apiKey, caller *authentication) bool {
	if caller.ownedByKey() {
		return caller.key.id == k.id
	}
	return k.owner.name == caller.user.name && k.owner.realm == caller.user.realm
}

// own tells whether the filter can only choose keys of the caller.
func (f keyFilter) own(caller *authentication) bool {
	if caller.ownedByKey() && len(f.ids) == 1 && f.ids[0] == caller.key.id {
		return true
	}
	return f.owner || f.user == caller.user.name && f.realm == caller.user.realm.name
}

// authorizeKeys asks for an action on keys: manage_own_api_key is enough only
// for what is surely one's own.
func (c *call) authorizeKeys(action string, f keyFilter) error {
	if err := c.authorizeRunAs(action); err != nil {
		return err
	}
	caller := c.caller
	self := caller.ownedByKey() && len(f.ids) == 1 && f.ids[0] == caller.key.id && strings.HasSuffix(action, "/get")
	if self {
		return nil
	}
	if !f.own(caller) {
		return c.authorizeForeignKeys(action)
	}
	return c.authorize(action)
}

func (c *call) authorizeForeignKeys(action string) error {
	table := slices.DeleteFunc(clusterPrivileges(), func(p privilege) bool { return p.name == "manage_own_api_key" })
	holds := func(p permission) bool {
		return slices.ContainsFunc(p, func(r Role) bool {
			return slices.ContainsFunc(r.Cluster, func(name string) bool {
				if name == "manage_own_api_key" {
					return false
				}
				resolved, _ := resolvePrivilege(table, name)
				return resolved.covers(action)
			})
		})
	}
	if c.caller.permissions(c.cluster).every(holds) {
		return nil
	}
	return c.denied(action, nil, granted("cluster", granting(clusterPrivileges(), action)))
}

// apiKeyGetRoute is GET /_security/api_key.
func apiKeyGetRoute(c *call) (action, error) {
	f := keyFilter{user: c.params["username"], realm: c.params["realm_name"], owner: c.params.flag("owner")}
	if id := c.params["id"]; id != "" {
		f.ids = []string{id}
	}
	if name := c.params["name"]; name != "" {
		f.names = []string{name}
	}
	return func() (*answer, error) {
		if err := f.validateGet(); err != nil {
			return nil, err
		}
		if err := c.authorizeKeys(security+"api_key/get", f); err != nil {
			return nil, err
		}
		list := c.keys(f, c.params.flag("active_only"))
		status := http.StatusOK
		if len(f.ids) > 0 && len(list) == 0 {
			status = http.StatusNotFound
		}
		return jsonAnswer(status, obj("api_keys", list)), nil
	}, nil
}

func (f keyFilter) validateGet() error {
	var v validation
	identified := len(f.ids) > 0 || len(f.names) > 0
	v.require(!identified || f.user == "" && f.realm == "",
		"username or realm name must not be specified when the api key id or api key name is specified")
	v.require(!f.owner || f.user == "" && f.realm == "",
		"neither username nor realm-name may be specified when retrieving owned API keys")
	v.require(len(f.ids) == 0 || len(f.names) == 0, "only one of [api key id, api key name] can be specified")
	return v.err()
}

func (c *call) keys(f keyFilter, activeOnly bool) []object {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	list := []object{}
	for _, k := range c.cluster.keys {
		active := !k.dead && (k.expires.IsZero() || c.now.Before(k.expires))
		if f.holds(k, c.caller) && (active || !activeOnly) {
			list = append(list, k.object())
		}
	}
	return list
}

func (k *apiKey) object() object {
	o := obj("id", k.id, "name", k.name, "type", "rest", "creation", k.created.UnixMilli())
	if !k.expires.IsZero() {
		o = o.with("expiration", k.expires.UnixMilli())
	}
	o = o.with("invalidated", k.dead)
	if k.dead {
		o = o.with("invalidation", k.died.UnixMilli())
	}
	return append(o, obj(
		"username", k.owner.name, "realm", k.owner.realm.name, "realm_type", k.owner.realm.kind,
		"metadata", k.metadata, "role_descriptors", k.descriptors)...)
}

// apiKeyDeleteRoute is DELETE /_security/api_key.
func apiKeyDeleteRoute(c *call) (action, error) {
	var ids []string
	var name, realm, user *string
	var owner bool
	err := c.parse("invalidate_api_key", texts("ids", &ids), text("name", &name), text("realm_name", &realm),
		text("username", &user), boolean("owner", &owner))
	if err != nil {
		return nil, err
	}
	f := keyFilter{ids: ids, user: value(user), realm: value(realm), owner: owner}
	if value(name) != "" {
		f.names = []string{*name}
	}
	return func() (*answer, error) {
		if err := f.validateDelete(); err != nil {
			return nil, err
		}
		if err := c.authorizeKeys(security+"api_key/invalidate", f); err != nil {
			return nil, err
		}
		list := c.killKeys(f)
		return ok(obj("invalidated_api_keys", list, "previously_invalidated_api_keys", []string{}, "error_count", 0))
	}, nil
}

func (f keyFilter) validateDelete() error {
	var v validation
	v.require(f.ids == nil || len(f.ids) > 0, "Field [ids] cannot be an empty array")
	for i, id := range f.ids {
		v.require(strings.TrimSpace(id) != "",
			"Field [ids] must not contain blank id, but got blank id at index position: ["+itoa(i)+"]")
	}
	identified := len(f.ids) > 0 || len(f.names) > 0
	person := f.user != "" || f.realm != ""
	v.require(identified || person || f.owner,
		"One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false")
	v.require(!identified || !person,
		"username or realm name must not be specified when the api key id(s) or api key name are specified")
	v.require(!f.owner || !person, "neither username nor realm-name may be specified when invalidating owned API keys")
	v.require(len(f.ids) == 0 || len(f.names) == 0, "only one of [api key id(s), api key name] can be specified")
	return v.err()
}

// killKeys skips the dead, so that unknown and dead ids look the same.
func (c *call) killKeys(f keyFilter) []string {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	list := []string{}
	for _, k := range c.cluster.keys {
		if !k.dead && f.holds(k, c.caller) {
			k.dead, k.died = true, c.now
			list = append(list, k.id)
		}
	}
	return list
}
