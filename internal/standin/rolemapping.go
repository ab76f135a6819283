package standin

import (
	"slices"
)

// A candidate is whom roles are wanted for.
type candidate struct {
	realm, user string
	groups      []string
	metadata    map[string]any
}

func (m RoleMapping) holds(s candidate) bool {
	if m.Realm != "" && m.Realm != s.realm || !matches(m.Metadata, s.metadata) {
		return false
	}
	if len(m.Users) == 0 && len(m.Groups) == 0 {
		return true
	}
	if slices.Contains(m.Users, "*") || slices.Contains(m.Groups, "*") || slices.Contains(m.Users, s.user) {
		return true
	}
	return slices.ContainsFunc(m.Groups, func(g string) bool { return slices.Contains(s.groups, g) })
}

// rolesOf are the roles of a user whose realm knows no roles of its own. None is not
// an error: such a user signs in and may do nothing.
func (c *cluster) rolesOf(s candidate) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	roles := []string{}
	for _, m := range c.roleMappings {
		if m.holds(s) {
			roles = append(roles, m.Roles...)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// matches tells whether metadata has all the values that a mapping wants; of several
// values of one name, any may be the one.
func matches(wanted map[string]string, metadata map[string]any) bool {
	for name, want := range wanted {
		switch got := metadata[name].(type) {
		case string:
			if got != want {
				return false
			}
		case []string:
			if !slices.Contains(got, want) {
				return false
			}
		case []any:
			if !slices.Contains(got, any(want)) {
				return false
			}
		default:
			return false
		}
	}
	return true
}
