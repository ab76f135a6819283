package standin

import (
	"slices"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// A realmRef names a realm.
type realmRef struct{ name, kind string }

func (r realmRef) object() object { return obj("name", r.name, "type", r.kind) }

func fileRealm() realmRef { return realmRef{"default_file", "file"} }

// hasRealm tells whether such a realm is configured.
func (c *cluster) hasRealm(ref realmRef) bool {
	named := func(r interface{ Name() string }) bool { return r.Name() == ref.name }
	switch ref.kind {
	case "saml":
		return slices.ContainsFunc(c.saml, func(r *samlrealm.Realm) bool { return named(r) })
	case "oidc":
		return slices.ContainsFunc(c.oidc, func(r *oidcrealm.Realm) bool { return named(r) })
	case "pki":
		return slices.ContainsFunc(c.pki, func(r *pkirealm.Realm) bool { return named(r) })
	}
	return ref == fileRealm()
}

// An identity is a user as some realm knows him.
type identity struct {
	name            string
	roles           []string
	fullName, email *string
	metadata        map[string]any
	realm           realmRef
	unknown         bool // a run-as target that no realm knows
}

// An authentication says who is calling. It is immutable once made.
type authentication struct {
	kind   string   // realm, token or api_key
	caller identity // whose credentials were shown
	user   identity // the effective one: the run-as target if there is one
	runAs  bool
	key    *apiKey // also for tokens that a key made
}

func ofRealm(who identity) *authentication {
	return &authentication{kind: "realm", caller: who, user: who}
}

// asToken is the authentication that a token carries.
func (a *authentication) asToken() *authentication {
	copied := *a
	copied.kind = "token"
	return &copied
}

// as is the authentication with another effective user.
func (a *authentication) as(target identity) *authentication {
	copied := *a
	copied.user, copied.runAs = target, true
	return &copied
}

// ownedByKey tells whether the effective subject is an API key.
func (a *authentication) ownedByKey() bool { return a.key != nil && !a.runAs }

func (u User) identity() identity {
	metadata := u.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	roles := append([]string{}, u.Roles...)
	return identity{
		name: u.Name, roles: roles, metadata: metadata, realm: fileRealm(),
		fullName: nullable(u.FullName), email: nullable(u.Email),
	}
}

// object is the body of _authenticate (HTTP contract 3).
func (a *authentication) object(r release) object {
	u := a.user
	o := obj("username", u.name, "roles", u.roles, "full_name", u.fullName, "email", u.email)
	if a.kind == "token" && r.tokenManagedBy() {
		o = o.with("token", obj("managed_by", "elasticsearch"))
	}
	o = append(o, obj(
		"metadata", u.metadata, "enabled", true,
		"authentication_realm", a.caller.realm.object(), "lookup_realm", u.realm.object(),
		"authentication_type", a.kind)...)
	if a.ownedByKey() {
		o = o.with("api_key", a.key.reference(r))
	}
	return o
}

// mayRefreshFor is Subject.canAccessResourcesOf: the effective subjects decide.
// A key and its owner are strangers to each other.
func (a *authentication) mayRefreshFor(creator *authentication) bool {
	if a.ownedByKey() || creator.ownedByKey() {
		return a.ownedByKey() && creator.ownedByKey() && a.key.id == creator.key.id
	}
	mine, theirs := a.user.realm, creator.user.realm
	sameRealm := mine == theirs || mine.kind == theirs.kind && (mine.kind == "file" || mine.kind == "native")
	return a.user.name == creator.user.name && sameRealm
}

// authenticateRoute is GET /_security/_authenticate: it needs no privilege, but
// a run-as that is not allowed is found out here too.
func authenticateRoute(c *call) (action, error) {
	return func() (*answer, error) {
		if err := c.authorizeRunAs("cluster:admin/xpack/security/user/authenticate"); err != nil {
			return nil, err
		}
		return ok(c.caller.object(c.cluster.release))
	}, nil
}
