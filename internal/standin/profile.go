package standin

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
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
		return ok(c.keepProfile(who.user))
	}, nil
}

// profileGetRoute is GET /_security/profile/{uid}, with commas between several. Those
// that are not there are errors inside a 200.
func profileGetRoute(c *call) (action, error) {
	uids := strings.Split(c.params["uid"], ",")
	return func() (*answer, error) {
		var v validation
		blank := func(uid string) bool { return strings.TrimSpace(uid) == "" }
		v.require(!slices.ContainsFunc(uids, blank), "Profile UID cannot be empty")
		if err := v.err(); err != nil {
			return nil, err
		}
		if err := c.authorize(security + "profile/get"); err != nil {
			return nil, err
		}
		found, missing := c.cluster.findProfiles(uids)
		o := obj("profiles", found)
		if len(missing) > 0 {
			o = o.with("errors", obj("count", len(missing), "details", missing))
		}
		return ok(o)
	}, nil
}

// findProfiles returns profiles in the order that was asked, and what is wrong with
// the others: the index of profiles begins to exist with the first of them.
func (c *cluster) findProfiles(uids []string) (found []object, missing object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := &exception{kind: "resource_not_found_exception", reason: "profile document not found"}
	if len(c.profiles) == 0 {
		gone = &exception{kind: "exception", reason: "profile index does not exist"}
	}
	found = []object{}
	for _, uid := range uids {
		if profile, there := c.profiles[uid]; there {
			found = append(found, profile)
		} else if !slices.ContainsFunc(missing, func(m member) bool { return m.name == uid }) {
			missing = missing.with(uid, gone.object(true, false))
		}
	}
	slices.SortFunc(missing, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return found, missing
}

// keepProfile makes or refreshes the profile of a person.
func (c *call) keepProfile(who identity) object {
	profile := c.profile(who)
	uid, _ := profile[0].value.(string)
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	c.cluster.profiles[uid] = profile
	return profile
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
