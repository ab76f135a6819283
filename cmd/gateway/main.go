// Command gateway is a single sign-on gateway in front of Elasticsearch.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes. 78 is EX_CONFIG of sysexits.h, by which systemd knows that
// trying again is of no use.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal drains, the second one ends at once
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// run is the program: it does what args say and returns the exit code.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := terminal{env: env, in: stdin, out: stdout, err: stderr}
	if len(args) == 0 {
		t.usage(stderr)
		return exitUsage
	}
	for _, c := range commands() {
		if c.is(args[0]) {
			return c.run(ctx, t, args[1:])
		}
	}
	fmt.Fprintf(stderr, "gateway: there is no command %q\n", args[0])
	t.usage(stderr)
	return exitUsage
}
