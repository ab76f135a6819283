package access

import (
	"slices"

	"github.com/esgateway/esgateway/internal/elastic"
)

// Rule is what a route requires. The zero rule requires a session and nothing more.
type Rule struct {
	// Roles: the person needs one of them.
	Roles []string `yaml:"roles"`
	// Users: only these user names, exactly as ES reports them.
	Users []string `yaml:"users"`
	// Realms: only people of these ES realms.
	Realms []string `yaml:"realms"`
}

// Zero reports whether the rule requires nothing but a session.
func (r Rule) Zero() bool { return len(r.Roles)+len(r.Users)+len(r.Realms) == 0 }

// Allow reports whether the identity satisfies every part of the rule; if not,
// missing names the part, for the operator.
func (r Rule) Allow(id elastic.Identity) (missing string, ok bool) {
	switch {
	case len(r.Realms) > 0 && !slices.Contains(r.Realms, id.Realm.Name):
		return "realms", false
	case len(r.Users) > 0 && !slices.Contains(r.Users, id.Username):
		return "users", false
	case len(r.Roles) > 0 && !slices.ContainsFunc(r.Roles, func(role string) bool { return slices.Contains(id.Roles, role) }):
		return "roles", false
	}
	return "", true
}
