package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now))
}

// settings are what the flags say.
type settings struct {
	dir                                                     string
	gateway, idp, op, front, app, elasticsearch, operations int
	reset                                                   bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.dir, "dir", ".demo", "folder for the configuration, keys and log of the demo")
	flags.IntVar(&s.gateway, "gateway", 8080, "port of the gateway")
	flags.IntVar(&s.idp, "idp", 8081, "port of the identity provider")
	flags.IntVar(&s.op, "op", 8083, "port of the OpenID provider")
	flags.IntVar(&s.front, "front", 8443, "port of the load balancer that asks for client certificates")
	flags.IntVar(&s.app, "app", 8082, "port of the sample application")
	flags.IntVar(&s.elasticsearch, "elasticsearch", 9243, "port of the stand-in for Elasticsearch")
	flags.IntVar(&s.operations, "operations", 8444, "port of the gateway's operations listener")
	flags.BoolVar(&s.reset, "reset", false, "write the configuration file anew, even if you have edited it")
	return s, flags.Parse(args)
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, now func() time.Time) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if err := serve(ctx, s, stdout, now); err != nil {
		_, _ = fmt.Fprintln(stderr, "demo:", err) // nobody to tell if this fails
		return 1
	}
	_, _ = fmt.Fprintln(stdout, "The demo has ended.")
	return 0
}
