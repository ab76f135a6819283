package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/esgateway/esgateway/internal/doctor"
)

// check tries the configuration against the world.
func check(ctx context.Context, t terminal, args []string) int {
	file, code, ok := t.configFlag("check", args)
	if !ok {
		return code
	}
	ready, ok := t.load(file)
	if !ok {
		return exitConfig
	}
	deps := doctor.Deps{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if failed := doctor.Run(ctx, ready, deps, t.out); failed {
		return exitFailed
	}
	return exitOK
}
