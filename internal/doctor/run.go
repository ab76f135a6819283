package doctor

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/server"
)

// Deps is what a check needs from outside.
type Deps struct {
	Now func() time.Time
	Log *slog.Logger
}

// checkup is one run over one configuration.
type checkup struct {
	ready *config.Ready
	deps  Deps
	es    *elastic.Client
	// unbuilt: a method cannot be built, and has a line that says so.
	unbuilt bool
	report
}

// Run tries everything and writes a line for each check. failed is true if one
// of them says FAIL.
func Run(ctx context.Context, ready *config.Ready, deps Deps, out io.Writer) (failed bool) {
	c := checkup{ready: ready, deps: deps, report: report{out: out}}
	c.ok("file", ready.File, "is well written")
	for _, w := range ready.Warnings {
		c.line("warn", "file", w)
	}
	c.certificate()
	if c.elasticsearch(ctx) {
		c.licence(ctx)
		c.tokens(ctx)
		c.privileges(ctx)
		c.methods(ctx)
		c.accounts(ctx)
	} else {
		c.line("skip", "elasticsearch", "no node answered to the account: licence, token service, privileges and methods were not checked")
	}
	c.whole()
	c.store(ctx)
	return c.failed
}

// whole builds the gateway as a start would, which asks nobody: what each part of the file
// does not show by itself, such as two methods that take the same certificates.
func (c *checkup) whole() {
	if c.unbuilt {
		return
	}
	lasting := server.Lasting{Metrics: metrics.New(), Audit: audit.New(c.deps.Log), Log: c.deps.Log, Now: c.deps.Now}
	if _, err := server.Build(c.ready, lasting); err != nil {
		c.fail("gateway", err.Error(), "")
	}
}
