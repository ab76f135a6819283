package standin

import (
	"net/http"
	"strings"
)

// authorize asks for a cluster action.
func (c *call) authorize(action string) error {
	if err := c.authorizeRunAs(action); err != nil {
		return err
	}
	if c.caller.permissions(c.cluster).every(func(p permission) bool { return p.cluster(action) }) {
		return nil
	}
	return c.denied(action, nil, granted("cluster", granting(clusterPrivileges(), action)))
}

// authorizeRunAs asks whether the caller may be whom he wants to be.
func (c *call) authorizeRunAs(action string) error {
	a := c.caller
	if !a.runAs {
		return nil
	}
	if !a.user.unknown && a.callerPermissions(c.cluster).every(func(p permission) bool { return p.runAs(a.user.name) }) {
		return nil
	}
	asCaller := &authentication{kind: a.kind, caller: a.caller, user: a.caller, key: a.key}
	head := "action [" + action + "] is unauthorized for " + subject(c.cluster, asCaller)
	return securityException(http.StatusForbidden,
		head+", because "+bareSubject(asCaller)+" is unauthorized to run as ["+a.user.name+"]")
}

// mayIndex asks for an action on one index; an empty name asks for any index.
func (c *call) mayIndex(action, index string) bool {
	return c.caller.permissions(c.cluster).every(func(p permission) bool { return p.index(action, index) })
}

// deniedIndices is the refusal of an index action.
func (c *call) deniedIndices(action string, indices []string) error {
	return c.denied(action, indices, granted("index", granting(indexPrivileges(), action)))
}

// denied makes the text of a 403 (HTTP contract 2.4).
func (c *call) denied(action string, indices []string, grants string) error {
	text := "action [" + action + "] is unauthorized for " + subject(c.cluster, c.caller)
	if len(indices) > 0 {
		text += " on indices [" + strings.Join(indices, ",") + "]"
	}
	return securityException(http.StatusForbidden, text+grants)
}

func granted(kind string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", this action is granted by the " + kind + " privileges [" + strings.Join(names, ",") + "]"
}

func bareSubject(a *authentication) string {
	if a.key != nil {
		return "API key id [" + a.key.id + "] of user [" + a.caller.name + "]"
	}
	return "user [" + a.caller.name + "]"
}

// subject names the caller in a refusal; users, but not keys, with their roles.
func subject(c *cluster, a *authentication) string {
	text := bareSubject(a)
	if a.runAs {
		text += " run as [" + a.user.name + "]"
	} else if a.key != nil {
		return text
	}
	_, effective, missing := c.named(a.user.roles)
	text += " with effective roles [" + strings.Join(effective, ",") + "]"
	if len(missing) > 0 {
		text += " (assigned roles [" + strings.Join(missing, ",") + "] were not found)"
	}
	return text
}
