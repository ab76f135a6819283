package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/logs"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/plugins"
	"github.com/esgateway/esgateway/internal/server"
)

// serve runs the gateway until ctx ends.
func serve(ctx context.Context, t terminal, args []string) int {
	file, code, ok := t.configFlag("serve", args)
	if !ok {
		return code
	}
	ready, ok := t.load(file)
	if !ok {
		return exitConfig
	}
	defer calm()()
	log := slog.New(logs.NewECSHandler(t.err, ready.LogLevel))
	for _, w := range ready.Warnings {
		log.WarnContext(ctx, w)
	}
	lasting := server.Lasting{Metrics: metrics.New(), Audit: audit.New(log), Log: log, Now: time.Now}
	err := server.Run(ctx, ready, lasting, func(a server.Addresses) {
		log.InfoContext(ctx, "the gateway serves", "service.version", versionName(), "url.original", ready.Public.String(),
			"server.address", a.Public, "esgateway.operations", a.Operations)
	})
	if err != nil {
		log.ErrorContext(ctx, "the gateway ends", "error.message", err.Error())
		return exitFailed
	}
	log.InfoContext(ctx, "the gateway has ended")
	return exitOK
}

// load reads the configuration and shows every mistake of it.
func (t terminal) load(file string) (*config.Ready, bool) {
	ready, err := config.Load(file, t.env, plugins.Plugins())
	if err != nil {
		fmt.Fprintln(t.err, err)
		return nil, false
	}
	return ready, true
}
