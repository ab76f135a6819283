package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// powers are what a route's own account may not have: whoever the route lets in could
// become anybody with it.
func powers() []string {
	return []string{"manage_saml", "manage_oidc", "manage_token", "delegate_pki", "manage_security", "all"}
}

// accounts tries the accounts that routes have of their own.
func (c *checkup) accounts(ctx context.Context) {
	for _, rt := range c.ready.Routes {
		if rt.Account.None() {
			continue
		}
		subject := "route  " + rt.Host + cmp.Or(rt.Path, "/") + "  account"
		header, err := rt.Account.Header()
		if err != nil {
			c.fail(subject, err.Error(), "")
			continue
		}
		has, err := c.es.HasPrivilegesAs(ctx, header, powers())
		if err != nil {
			c.fail(subject, "Elasticsearch does not accept it: "+err.Error(), "check the user name and its file")
			continue
		}
		var held []string
		for _, name := range powers() {
			if has[name] {
				held = append(held, name)
			}
		}
		slices.Sort(held)
		if len(held) > 0 {
			c.fail(subject, "has "+strings.Join(held, ", "), "whoever the route lets in could become anybody: give the account a role with no more than it reads")
			continue
		}
		if rt.Account.APIKeyFile == "" {
			if _, err := c.es.ClientCredentials(ctx, header); err != nil {
				c.fail(subject, "no token is made for it: "+err.Error(), "its role needs the cluster privilege cluster:admin/xpack/security/token/create")
				continue
			}
		}
		c.ok(subject, "works, and can become nobody else")
	}
}
