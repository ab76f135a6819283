package standin

import (
	"slices"
)

func (m RoleMapping) holds(realm, user string, groups []string) bool {
	if m.Realm != "" && m.Realm != realm {
		return false
	}
	if len(m.Users) == 0 && len(m.Groups) == 0 {
		return true
	}
	if slices.Contains(m.Users, "*") || slices.Contains(m.Groups, "*") || slices.Contains(m.Users, user) {
		return true
	}
	return slices.ContainsFunc(m.Groups, func(g string) bool { return slices.Contains(groups, g) })
}

// mappedRoles are the roles of a user whose realm knows no roles of its own.
// None is not an error: such a user signs in and may do nothing.
func (c *cluster) mappedRoles(realm, user string, groups []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	roles := []string{}
	for _, m := range c.roleMappings {
		if m.holds(realm, user, groups) {
			roles = append(roles, m.Roles...)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}
