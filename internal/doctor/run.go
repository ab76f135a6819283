package doctor

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/elastic"
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
	c.store(ctx)
	return c.failed
}
