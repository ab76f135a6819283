package doctor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// monitoring is what the gateway reads besides signing people in.
func monitoring() []string {
	return []string{"cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/xpack/license/get"}
}

// role is the smallest role for the methods in use.
func (c *checkup) role() []string {
	var cluster []string
	for _, m := range c.ready.Methods {
		for _, name := range m.Privileges {
			if !slices.Contains(cluster, name) {
				cluster = append(cluster, name)
			}
		}
	}
	return append(cluster, monitoring()...)
}

// privileges compares what the account may do with what it needs.
func (c *checkup) privileges(ctx context.Context) {
	subject := "account  " + c.es.Account()
	needed := c.role()
	has, err := c.es.HasPrivileges(ctx, needed)
	if err != nil {
		c.refused(subject, err)
		return
	}
	var missing []string
	for _, name := range needed {
		if !has[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		c.ok(subject, "has the privileges that it needs")
		return
	}
	body, err := json.Marshal(map[string][]string{"cluster": needed})
	if err != nil {
		c.fail(subject, err.Error(), "")
		return
	}
	c.fail(subject, "lacks "+strings.Join(missing, ", "), "create this role and give it to the account: PUT /_security/role/esgateway "+string(body))
}
