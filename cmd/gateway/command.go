package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
)

// defaultFile is where the configuration is if nobody says otherwise.
const defaultFile = "/etc/esgateway/gateway.yaml"

// terminal is what a command sees of the process.
type terminal struct {
	env      []string
	out, err io.Writer
}

// command is one word after `gateway`.
type command struct {
	names   []string
	usage   string
	summary string
	run     func(ctx context.Context, t terminal, args []string) int
}

func (c command) is(name string) bool { return slices.Contains(c.names, name) }

// commands are all of them, in the order of the help.
func commands() []command {
	return []command{
		{[]string{"serve"}, "serve [--config FILE]", "run the gateway", serve},
		{[]string{"check"}, "check [--config FILE]", "try the configuration against Elasticsearch, its realms and the store", check},
		{[]string{"keys"}, "keys new", "make a key for sessions.keys_file", keys},
		{[]string{"healthcheck"}, "healthcheck [--config FILE]", "ask the running gateway whether it lives", healthcheck},
		{[]string{"version", "--version", "-version"}, "version", "say which version this is", printVersion},
		{[]string{"help", "--help", "-help", "-h"}, "help", "show this", help},
	}
}

func help(_ context.Context, t terminal, _ []string) int {
	t.usage(t.out)
	return exitOK
}

func (t terminal) usage(w io.Writer) {
	fmt.Fprint(w, "gateway signs people in through Elasticsearch and proxies them with their token.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  gateway %-28s %s\n", c.usage, c.summary)
	}
	fmt.Fprintf(w, `
The configuration is %s unless --config says otherwise, and every key
of it can be set by a variable: listen.address by ESGATEWAY_LISTEN_ADDRESS.
Exit codes: 0 well, 1 a check or the gateway failed, 2 wrong usage, 78 the
configuration is wrong.
`, defaultFile)
}

// configFlag reads the arguments of a command whose only flag is --config. If ok
// is false, the command is over, with that exit code.
func (t terminal) configFlag(name string, args []string) (file string, code int, ok bool) {
	flags := flag.NewFlagSet("gateway "+name, flag.ContinueOnError)
	flags.SetOutput(t.err)
	flags.StringVar(&file, "config", defaultFile, "the configuration `file`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return "", exitOK, false
	case err != nil:
		return "", exitUsage, false
	case flags.NArg() > 0:
		fmt.Fprintf(t.err, "gateway %s: nothing is expected after the flags, got %q\n", name, flags.Arg(0))
		return "", exitUsage, false
	}
	return file, exitOK, true
}
