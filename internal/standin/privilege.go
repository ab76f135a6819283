package standin

import (
	"slices"
	"strings"
)

const security = "cluster:admin/xpack/security/"

// A privilege is a named set of actions.
type privilege struct {
	name        string
	allow, deny []string // patterns
}

func (p privilege) covers(action string) bool {
	fits := func(pattern string) bool { return glob(pattern, action) }
	return slices.ContainsFunc(p.allow, fits) && !slices.ContainsFunc(p.deny, fits)
}

// clusterPrivileges are the named cluster privileges, narrowest first: that is
// the order in which a refusal names them (ClusterPrivilegeResolver).
func clusterPrivileges() []privilege {
	end := security + "token/invalidate*"
	return []privilege{
		{name: "none"},
		{name: "clone_api_key", allow: []string{security + "api_key/clone*"}},
		{name: "delegate_pki", allow: []string{security + "delegate_pki*", end}},
		{name: "grant_api_key", allow: []string{security + "api_key/grant*"}},
		{name: "manage_oidc", allow: []string{security + "oidc/*"}},
		{name: "manage_own_api_key", allow: []string{
			security + "api_key/create*", security + "api_key/get*", security + "api_key/invalidate*",
			security + "api_key/query*", security + "api_key/update*", security + "api_key/bulk_update*",
		}},
		{name: "manage_user_profile", allow: []string{security + "profile/*"}},
		{name: "manage_saml", allow: []string{
			security + "saml/*", security + "token/refresh*", end,
			"cluster:monitor/xpack/security/saml/metadata*",
		}},
		{name: "manage_token", allow: []string{security + "token/*"}},
		{name: "manage_api_key", allow: []string{security + "api_key/*"}},
		{name: "read_security", allow: []string{
			security + "user/get*", security + "user/has_privileges*", security + "user/list_privileges*",
			security + "role/get*", security + "api_key/get*", security + "api_key/query*", security + "profile/get*",
		}},
		{name: "manage_security", allow: []string{security + "*"}, deny: []string{security + "delegate_pki*"}},
		{name: "monitor", allow: []string{"cluster:monitor/*"}},
		{name: "manage", allow: []string{"cluster:*", "indices:admin/template/*"}, deny: []string{security + "*"}},
		{name: "all", allow: []string{"cluster:*", "indices:admin/template/*"}},
	}
}

// indexPrivileges are the named index privileges, narrowest first.
func indexPrivileges() []privilege {
	write := "indices:data/write/"
	bulk := write + "bulk*"
	return []privilege{
		{name: "none"},
		{name: "create_doc", allow: []string{write + "index", write + "index:op_type/create", bulk}},
		{name: "create", allow: []string{write + "index*", bulk}},
		{name: "delete", allow: []string{write + "delete*", bulk}},
		{name: "index", allow: []string{write + "index*", write + "update*", bulk}},
		{name: "create_index", allow: []string{"indices:admin/create*", "indices:admin/data_stream/create*"}},
		{name: "delete_index", allow: []string{"indices:admin/delete*"}},
		{name: "maintenance", allow: []string{"indices:admin/refresh*", "indices:admin/flush*", "indices:admin/forcemerge*"}},
		{name: "read", allow: []string{"indices:data/read/*", "indices:admin/resolve/*"}},
		{name: "view_index_metadata", allow: []string{
			"indices:admin/get*", "indices:admin/mappings/*", "indices:admin/aliases/get*",
			"indices:monitor/settings/get*", "indices:admin/resolve/*",
		}},
		{name: "monitor", allow: []string{"indices:monitor/*"}},
		{name: "write", allow: []string{write + "*", "indices:admin/mapping/auto_put*"}},
		{name: "manage", allow: []string{"indices:monitor/*", "indices:admin/*"}},
		{name: "all", allow: []string{"indices:*"}},
	}
}

// resolvePrivilege finds a named privilege, or takes a bare action name, which
// matches as a prefix. known is false for anything else.
func resolvePrivilege(table []privilege, name string) (privilege, bool) {
	name = strings.ToLower(name)
	for _, p := range table {
		if p.name == name {
			return p, true
		}
	}
	bare := strings.HasPrefix(name, "cluster:") || strings.HasPrefix(name, "indices:") || strings.HasPrefix(name, "internal:")
	return privilege{name: name, allow: []string{name + "*"}}, bare
}

// granting lists the named privileges that hold an action.
func granting(table []privilege, action string) []string {
	var names []string
	for _, p := range table {
		if p.covers(action) {
			names = append(names, p.name)
		}
	}
	return names
}

// glob matches "*" as anything; nothing else is special. Between the first and
// the last part the earliest match is always good enough, so time is linear in
// the number of stars.
func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	s, fits := strings.CutPrefix(s, parts[0])
	if !fits {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, last)
}
