package standin

import "slices"

func superuser() Role {
	return Role{
		Cluster: []string{"all"},
		Indices: []IndexPrivileges{{Names: []string{"*"}, Privileges: []string{"all"}}},
		RunAs:   []string{"*"},
	}
}

// A permission is the union of roles.
type permission []Role

// permissions must all agree: an API key acts with its own and its owner's.
type permissions []permission

func (p permission) cluster(action string) bool {
	table := clusterPrivileges()
	return slices.ContainsFunc(p, func(r Role) bool {
		return slices.ContainsFunc(r.Cluster, func(name string) bool {
			resolved, _ := resolvePrivilege(table, name)
			return resolved.covers(action)
		})
	})
}

func (i IndexPrivileges) covers(table []privilege, action string) bool {
	return slices.ContainsFunc(i.Privileges, func(name string) bool {
		resolved, _ := resolvePrivilege(table, name)
		return resolved.covers(action)
	})
}

// index tells whether the action is granted on an index; an empty name asks
// whether it is granted on any.
func (p permission) index(action, name string) bool {
	table := indexPrivileges()
	for _, r := range p {
		for _, i := range r.Indices {
			named := name == "" || slices.ContainsFunc(i.Names, func(n string) bool { return glob(n, name) })
			if named && i.covers(table, action) {
				return true
			}
		}
	}
	return false
}

func (p permission) runAs(name string) bool {
	return slices.ContainsFunc(p, func(r Role) bool {
		return slices.ContainsFunc(r.RunAs, func(n string) bool { return glob(n, name) })
	})
}

func (ps permissions) every(holds func(permission) bool) bool {
	return !slices.ContainsFunc(ps, func(p permission) bool { return !holds(p) })
}

// named resolves role names; missing ones are told apart.
func (c *cluster) named(names []string) (p permission, effective, missing []string) {
	for _, name := range slices.Sorted(slices.Values(names)) {
		r, known := c.roles[name]
		if !known {
			missing = append(missing, name)
			continue
		}
		p, effective = append(p, r), append(effective, name)
	}
	return p, effective, missing
}

func (c *cluster) permissionsOf(who identity) permissions {
	p, _, _ := c.named(who.roles)
	return permissions{p}
}

// permissions of the effective subject.
func (a *authentication) permissions(c *cluster) permissions {
	if a.ownedByKey() {
		return a.key.permissions()
	}
	return c.permissionsOf(a.user)
}

// callerPermissions are those of the one whose credentials were shown.
func (a *authentication) callerPermissions(c *cluster) permissions {
	if a.key != nil {
		return a.key.permissions()
	}
	return c.permissionsOf(a.caller)
}
