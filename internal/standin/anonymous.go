package standin

import (
	"slices"
	"strings"
)

// anonymous tells whether a request without credentials is let in: only when
// there is no credential of any known scheme, be it a broken one.
func (c *call) anonymous(header string) bool {
	if len(c.cluster.config.AnonymousRoles) == 0 {
		return false
	}
	name, rest, _ := strings.Cut(header, " ")
	if strings.EqualFold(name, "Basic") {
		return false
	}
	return rest == "" || !strings.EqualFold(name, "Bearer") && !strings.EqualFold(name, "ApiKey")
}

func (c *cluster) anonymous() *authentication {
	who := ofRealm(identity{
		name: "_anonymous", roles: slices.Clone(c.config.AnonymousRoles), metadata: map[string]any{},
		realm: realmRef{"__anonymous", "__anonymous"},
	})
	who.kind = "anonymous"
	return who
}

// withAnonymousRoles adds what everybody may do to what a user may do.
func (c *cluster) withAnonymousRoles(who identity) identity {
	for _, role := range c.config.AnonymousRoles {
		if !slices.Contains(who.roles, role) {
			who.roles = append(who.roles, role)
		}
	}
	return who
}
