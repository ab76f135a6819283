package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/esgateway/esgateway/internal/session"
)

// keys makes a key and prints it, since only the caller knows where it belongs.
func keys(_ context.Context, t terminal, args []string) int {
	if !slices.Equal(args, []string{"new"}) {
		fmt.Fprint(t.err, "usage: (umask 077; gateway keys new > keys)\n\n"+
			"To replace a key, put a new one in front of it: the first line seals, all lines open.\n")
		return exitUsage
	}
	fmt.Fprintln(t.out, session.NewKey())
	return exitOK
}
