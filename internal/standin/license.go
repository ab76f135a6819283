package standin

import (
	"net/http"
	"slices"
	"time"
)

// licensed tells whether the licence is at least of a level.
func (c *call) licensed(level string) bool {
	levels := []string{"basic", "standard", "gold", "platinum", "enterprise", "trial"}
	return slices.Index(levels, c.license()) >= slices.Index(levels, level)
}

func (c *call) license() string {
	if c.faults.License != "" {
		return c.faults.License
	}
	return c.cluster.config.License
}

// nonCompliant is the refusal of a feature, given before the body is read.
func nonCompliant(feature string) error {
	e := securityException(http.StatusForbidden, "current license is non-compliant for ["+feature+"]")
	return e.with("license.expired.feature", feature)
}

// licenseLife is how long the shown licence runs from the start of the node.
const licenseLife = 30 * 24 * time.Hour

func licenseRoute(c *call) (action, error) {
	return func() (*answer, error) {
		if err := c.authorize("cluster:monitor/xpack/license/get"); err != nil {
			return nil, err
		}
		return ok(obj("license", c.licenseObject()))
	}, nil
}

func (c *call) licenseObject() object {
	const layout = "2006-01-02T15:04:05.000Z"
	from := c.node.started.UTC()
	to := from.Add(licenseLife)
	return obj(
		"status", "active", "uid", c.cluster.uuid, "type", c.license(),
		"issue_date", from.Format(layout), "issue_date_in_millis", from.UnixMilli(),
		"expiry_date", to.Format(layout), "expiry_date_in_millis", to.UnixMilli(),
		"max_nodes", 1000, "max_resource_units", nil, "issued_to", c.cluster.config.ClusterName,
		"issuer", "elasticsearch", "start_date_in_millis", -1)
}
