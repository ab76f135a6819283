package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/esgateway/esgateway/internal/plugins"
)

// defaultFile is where the configuration is if nobody says otherwise.
const defaultFile = "/etc/esgateway/gateway.yaml"

// terminal is what a command sees of the process.
type terminal struct {
	env      []string
	in       io.Reader
	out, err io.Writer
}

// command is one word after `gateway`.
type command struct {
	names   []string
	usage   string
	summary string
	run     func(ctx context.Context, t terminal, args []string) int
	methods []methodCommand // where it is a command of methods
}

// lines are what the help says of it: usage and summary.
func (c command) lines() [][2]string {
	if c.methods == nil {
		return [][2]string{{c.usage, c.summary}}
	}
	var lines [][2]string
	for _, m := range c.methods {
		lines = append(lines, [2]string{c.usage + " " + m.kind + " ...", m.Summary})
	}
	return lines
}

func (c command) is(name string) bool { return slices.Contains(c.names, name) }

// commands are all of them, in the order of the help.
func commands() []command {
	all := []command{
		{names: []string{"serve"}, usage: "serve [--config FILE]", summary: "run the gateway", run: serve},
		{names: []string{"check"}, usage: "check [--config FILE]", summary: "try the configuration against Elasticsearch, its realms and the store", run: check},
	}
	all = append(all, ofMethods(plugins.Plugins().Methods)...)
	return append(all, []command{
		{names: []string{"keys"}, usage: "keys new", summary: "make a key for sessions.keys_file", run: keys},
		{names: []string{"healthcheck"}, usage: "healthcheck [--config FILE]", summary: "ask the running gateway whether it lives", run: healthcheck},
		{names: []string{"version", "--version", "-version"}, usage: "version", summary: "say which version this is", run: printVersion},
		{names: []string{"help", "--help", "-help", "-h"}, usage: "help", summary: "show this", run: help},
	}...)
}

func help(_ context.Context, t terminal, _ []string) int {
	t.usage(t.out)
	return exitOK
}

func (t terminal) usage(w io.Writer) {
	fmt.Fprint(w, "gateway signs people in through Elasticsearch and proxies them with their token.\n\n")
	for _, c := range commands() {
		for _, line := range c.lines() {
			fmt.Fprintf(w, "  gateway %-28s %s\n", line[0], line[1])
		}
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
