package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/esgateway/esgateway/internal/elastic"
)

// elasticsearch asks each node who it is. It reports whether one of them
// answered to our account: without that there is no use in asking on.
func (c *checkup) elasticsearch(ctx context.Context) bool {
	es, err := elastic.New(c.ready.Elastic, elastic.Deps{Now: c.deps.Now, Log: c.deps.Log})
	if err != nil {
		c.fail("elasticsearch", err.Error(), "")
		return false
	}
	c.es = es
	cluster, answered := "", false
	for i, address := range es.Nodes() {
		subject := "elasticsearch  " + address
		info, err := es.InfoOf(ctx, i)
		switch {
		case err != nil:
			c.refused(subject, err)
			continue
		case cluster != "" && info.ClusterName != cluster:
			c.fail(subject, fmt.Sprintf("is of the cluster %s, but the first node is of %s", info.ClusterName, cluster), "tokens of one cluster are nothing in another; list the nodes of one")
		case older(info.Version):
			c.fail(subject, "has version "+info.Version, "versions from "+oldest+" on are supported")
		default:
			c.ok(subject, info.Version, "node "+info.Name+" of "+info.ClusterName)
		}
		cluster, answered = info.ClusterName, true
	}
	return answered
}

// oldest is the first version whose answers the gateway knows.
const oldest = "8.17"

// older reports whether a version is known to be too old.
func older(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return errA == nil && errB == nil && (a < 8 || a == 8 && b < 17)
}

// licence shows the licence. Which one is needed depends on version and realm;
// the checks that follow find out for real.
func (c *checkup) licence(ctx context.Context) {
	l, err := c.es.License(ctx)
	switch {
	case err != nil:
		c.refused("licence", err)
	case l.Status != "active":
		c.fail("licence", l.Type+", "+l.Status, "Elasticsearch signs nobody in by its realms until the licence is renewed")
	default:
		c.ok("licence", l.Type+", "+l.Status)
	}
}

// tokens asks whether Elasticsearch makes tokens at all.
func (c *checkup) tokens(ctx context.Context) {
	const subject = "token service"
	state, err := c.es.ProbeTokenService(ctx)
	switch {
	case err != nil:
		c.refused(subject, err)
	case state == elastic.TokensOff:
		c.fail(subject, "is off", "set xpack.security.authc.token.enabled: true on every node, which needs TLS on HTTP")
	case state == elastic.TokensUnlicensed:
		c.fail(subject, "is not in the licence", "token service and SAML need a trial, platinum or enterprise licence in this version")
	default:
		c.ok(subject, "is on")
	}
}
