package main

import (
	"context"
	"fmt"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/doctor"
)

// healthcheck asks the gateway that runs on this machine whether it lives. It
// does not prove the configuration: a mistake in a file that somebody is editing
// must not make an orchestrator restart a gateway that is well.
func healthcheck(ctx context.Context, t terminal, args []string) int {
	file, code, ok := t.configFlag("healthcheck", args)
	if !ok {
		return code
	}
	if err := doctor.Alive(ctx, config.OperationsAddress(file, t.env)); err != nil {
		fmt.Fprintf(t.err, "gateway healthcheck: %s\n", err)
		return exitFailed
	}
	fmt.Fprintln(t.out, "ok")
	return exitOK
}
