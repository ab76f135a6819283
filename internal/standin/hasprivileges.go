package standin

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// A privilegeCheck is the body of _has_privileges.
type privilegeCheck struct {
	cluster      []string
	index        []indexCheck
	applications []applicationCheck
}

type indexCheck struct{ names, privileges []string }

type applicationCheck struct {
	Application string    `json:"application"`
	Privileges  oneOrList `json:"privileges"`
	Resources   oneOrList `json:"resources"`
}

// hasPrivilegesRoute is _has_privileges with and without a user name. One's own
// need no privilege; another's are refused to everybody.
func hasPrivilegesRoute(c *call) (action, error) {
	name, named := c.params["username"]
	if !named {
		name = c.caller.user.name
	}
	if len(c.body) == 0 {
		return nil, parseException("request body or source parameter is required")
	}
	check, err := parsePrivilegeCheck(name, c.body)
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		var v validation
		v.require(len(check.cluster)+len(check.index)+len(check.applications) > 0, "must specify at least one privilege")
		if err := v.err(); err != nil {
			return nil, err
		}
		const act = security + "user/has_privileges"
		if name != c.caller.user.name {
			if err := c.authorize(act); err != nil {
				return nil, err
			}
			return nil, illegalArgument("users may only check the privileges of their own account")
		}
		if err := c.authorizeRunAs(act); err != nil {
			return nil, err
		}
		return c.hasPrivileges(check)
	}, nil
}

// parsePrivilegeCheck is one of the parsers that are written by hand there and
// have their own texts.
func parsePrivilegeCheck(user string, body []byte) (privilegeCheck, error) {
	var check privilegeCheck
	members := map[string]json.RawMessage{}
	if err := parseObject("has_privileges", body, nil); isSyntax(err) {
		return check, err
	}
	if err := json.Unmarshal(body, &members); err != nil {
		return check, parseException("failed to parse privileges check [" + user + "/has_privileges]. expected an object")
	}
	of := "failed to parse privileges check [" + user + "/has_privileges]. "
	for name, text := range members {
		if err := check.read(of, name, text); err != nil {
			return check, err
		}
	}
	if len(members) == 0 {
		return check, parseException(of + "All privilege fields [cluster,index,applications] are missing")
	}
	return check, nil
}

func isSyntax(err error) bool {
	e, is := errors.AsType[*exception](err)
	return is && (e.kind == "x_content_e_o_f_exception" || e.cause != nil)
}

func (p *privilegeCheck) read(of, name string, text json.RawMessage) error {
	switch name {
	case "cluster":
		var list oneOrList
		if json.Unmarshal(text, &list) != nil {
			return parseException(of + "could not parse [cluster]")
		}
		p.cluster = list
	case "index":
		return p.readIndex(of, text)
	case "application", "applications":
		if json.Unmarshal(text, &p.applications) != nil {
			return parseException(of + "could not parse [" + name + "]")
		}
	default:
		return parseException(of + "unexpected field [" + name + "]")
	}
	return nil
}

func (p *privilegeCheck) readIndex(of string, text json.RawMessage) error {
	var entries []map[string]json.RawMessage
	if json.Unmarshal(text, &entries) != nil {
		return parseException(of + "could not parse [index]")
	}
	for _, entry := range entries {
		for _, forbidden := range []string{"query", "field_security"} {
			if entry[forbidden] != nil {
				return parseException("Field [" + forbidden + "] is not supported in a has_privileges request")
			}
		}
		var names, privileges oneOrList
		if json.Unmarshal(entry["names"], &names) != nil || json.Unmarshal(entry["privileges"], &privileges) != nil {
			return parseException(of + "could not parse [index]")
		}
		p.index = append(p.index, indexCheck{names, privileges})
	}
	return nil
}

func (c *call) hasPrivileges(check privilegeCheck) (*answer, error) {
	may := c.caller.permissions(c.cluster)
	all := true
	cluster, err := c.clusterChecks(check.cluster, may, &all)
	if err != nil {
		return nil, err
	}
	index := object{}
	for _, entry := range check.index {
		for _, name := range entry.names {
			found := object{}
			for _, p := range entry.privileges {
				holds := mayIndexPrivilege(may, p, name)
				all = all && holds
				found = found.with(p, holds)
			}
			index = index.with(name, found)
		}
	}
	applications := object{}
	for _, entry := range check.applications {
		resources := object{}
		for _, resource := range entry.Resources {
			found := object{}
			for _, p := range entry.Privileges {
				holds := may.every(permission.everything)
				all = all && holds
				found = found.with(p, holds)
			}
			resources = resources.with(resource, found)
		}
		applications = applications.with(entry.Application, resources)
	}
	return ok(obj("username", c.caller.user.name, "has_all_requested", all,
		"cluster", cluster, "index", index, "application", applications))
}

func (c *call) clusterChecks(names []string, may permissions, all *bool) (object, error) {
	table := clusterPrivileges()
	found := object{}
	for _, name := range names {
		p, known := resolvePrivilege(table, name)
		if !known {
			var predefined []string
			for _, named := range table {
				predefined = append(predefined, named.name)
			}
			return nil, illegalArgument("unknown cluster privilege [" + name + "]. a privilege must be either one of the predefined " +
				"cluster privilege names [" + strings.Join(predefined, ",") + "] or a pattern over one of the available cluster actions")
		}
		holds := may.every(func(owned permission) bool { return owned.holdsCluster(table, p) })
		*all = *all && holds
		found = found.with(name, holds)
	}
	return found, nil
}

// holdsCluster tells whether one of the owned privileges includes another.
func (p permission) holdsCluster(table []privilege, asked privilege) bool {
	return slices.ContainsFunc(p, func(r Role) bool {
		return slices.ContainsFunc(r.Cluster, func(name string) bool {
			owned, _ := resolvePrivilege(table, name)
			return owned.includes(asked)
		})
	})
}

// includes tells whether all actions of another privilege are in this one.
func (p privilege) includes(other privilege) bool {
	if p.name == other.name {
		return true
	}
	for _, pattern := range other.allow {
		if !p.covers(pattern) {
			return false
		}
	}
	for _, denied := range p.deny {
		if !slices.Contains(other.deny, denied) && slices.ContainsFunc(other.allow, func(a string) bool {
			return glob(a, strings.TrimSuffix(denied, "*"))
		}) {
			return false
		}
	}
	return true
}

func mayIndexPrivilege(may permissions, name, index string) bool {
	table := indexPrivileges()
	asked, _ := resolvePrivilege(table, name)
	return may.every(func(p permission) bool {
		return slices.ContainsFunc(p, func(r Role) bool {
			return slices.ContainsFunc(r.Indices, func(i IndexPrivileges) bool {
				named := slices.ContainsFunc(i.Names, func(n string) bool { return glob(n, index) })
				return named && slices.ContainsFunc(i.Privileges, func(owned string) bool {
					resolved, _ := resolvePrivilege(table, owned)
					return resolved.includes(asked)
				})
			})
		})
	})
}

// everything is superuser-like: the stand-in has no application privileges.
func (p permission) everything() bool {
	return slices.ContainsFunc(p, func(r Role) bool { return slices.Contains(r.Cluster, "all") && slices.Contains(r.RunAs, "*") })
}

// privilegesRoute is GET /_security/user/_privileges: one's own.
func privilegesRoute(c *call) (action, error) {
	return func() (*answer, error) {
		if err := c.authorizeRunAs(security + "user/list_privileges"); err != nil {
			return nil, err
		}
		all := c.caller.permissions(c.cluster)
		if len(all) > 1 || c.caller.ownedByKey() && c.caller.key.own != nil {
			cause := &exception{kind: "unsupported_operation_exception", java: true, status: http.StatusBadRequest}
			cause.reason = "Cannot retrieve privileges for API keys with assigned role descriptors."
			return nil, illegalArgument(cause.reason + " Please use the Get API key information API https://ela.st/es-api-get-api-key").causedBy(cause)
		}
		return ok(all[0].object())
	}, nil
}

func (p permission) object() object {
	cluster, runAs, indices := []string{}, []string{}, []object{}
	for _, r := range p {
		cluster = append(cluster, r.Cluster...)
		runAs = append(runAs, r.RunAs...)
		for _, i := range r.Indices {
			indices = append(indices, obj("names", i.Names, "privileges", i.Privileges, "allow_restricted_indices", false))
		}
	}
	slices.Sort(cluster)
	slices.Sort(runAs)
	return obj("cluster", slices.Compact(cluster), "global", []string{}, "indices", indices,
		"applications", []string{}, "run_as", slices.Compact(runAs))
}
