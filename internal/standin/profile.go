package standin

import (
	"crypto/sha256"
	"encoding/base64"
)

// profileActivateRoute is POST /_security/profile/_activate: it tells the uid
// of a person, made once and kept.
func profileActivateRoute(c *call) (action, error) {
	var g personGrant
	if err := c.parse("activate_profile_request", g.fields()...); err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		g.validate(&v)
		if err := v.err(); err != nil {
			return nil, err
		}
		const activate = security + "profile/activate"
		if err := c.authorize(activate); err != nil {
			return nil, err
		}
		who, err := g.authenticate(c, activate)
		if err != nil {
			return nil, err
		}
		if who.ownedByKey() {
			return nil, illegalArgument("profile is supported for user only, but subject is a [api_key]")
		}
		return ok(c.profile(who.user))
	}, nil
}

func (c *call) profile(who identity) object {
	sum := sha256.Sum256([]byte(who.realm.kind + "/" + who.realm.name + "/" + who.name))
	user := obj("username", who.name, "roles", who.roles, "realm_name", who.realm.name)
	if who.email != nil {
		user = user.with("email", who.email)
	}
	if who.fullName != nil {
		user = user.with("full_name", who.fullName)
	}
	return obj(
		"uid", "u_"+base64.RawURLEncoding.EncodeToString(sum[:])+"_0", "enabled", true,
		"last_synchronized", c.now.UnixMilli(), //nolint:misspell // the wire's spelling
		"user", user, "labels", object{}, "data", object{},
		"_doc", obj("_primary_term", 1, "_seq_no", 0))
}
