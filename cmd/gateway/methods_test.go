package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/login"
)

// magic is a type of method that brings two commands and says what it was given.
func magic(kind string) login.Kind {
	return login.Kind{Type: kind}.With(login.Command{
		Verb: "realm", Usage: "--name REALM", Summary: "prints spells of " + kind,
		Run: func(_ context.Context, c login.Call) error {
			flags := flag.NewFlagSet("gateway realm "+kind, flag.ContinueOnError)
			name := flags.String("name", "", "the `realm`")
			public := flags.String("public-url", "https://SSO.example.com:443/", "the `url`")
			file := flags.String("config", "", "the `file`")
			if err := c.Parse(flags); err != nil {
				return err
			}
			switch *name {
			case "":
				return login.Misused("--name is missing")
			case "fail":
				return errors.New("no luck")
			case "load":
				_, err := c.Load(*file)
				return err
			}
			at, err := c.Address(*public, "corp")
			if err != nil {
				return login.Misused("--public-url %s", err)
			}
			_, err = fmt.Fprintf(c.Out, "%s %s %s\n", kind, *name, at)
			return err
		},
	}).With(login.Command{
		Verb: "explain", Summary: "repeats what it is told",
		Run: func(_ context.Context, c login.Call) error {
			_, err := io.Copy(c.Out, c.In)
			return err
		},
	})
}

func TestMethodsBringTheirCommands(t *testing.T) {
	t.Parallel()
	all := ofMethods([]login.Kind{magic("wand"), {Type: "plain"}, magic("potion")})
	for _, c := range []struct {
		args     string
		code     int
		out, err string
	}{
		{"realm potion --name x", exitOK, "potion x https://sso.example.com/_gateway/potion/corp\n", ""},
		{"realm wand --name=y", exitOK, "wand y https://sso.example.com/_gateway/wand/corp\n", ""},
		{"explain wand", exitOK, "what was asked", ""},
		{"realm", exitUsage, "", "usage: gateway realm wand|potion [flags]\n"},
		{"realm plain", exitUsage, "", "usage: gateway realm wand|potion [flags]\n"},
		{"realm wand", exitUsage, "", "gateway realm wand: --name is missing\nusage: gateway realm wand --name REALM\n"},
		{"realm wand --nam x", exitUsage, "", "gateway realm wand: flag provided but not defined: -nam\nusage: gateway realm wand --name REALM\n"},
		{"realm wand --help", exitOK, "usage: gateway realm wand [flags]\n  -config file\n    \tthe file\n  -name realm\n    \tthe realm\n  -public-url url\n    \tthe url (default \"https://SSO.example.com:443/\")\n", ""},
		{"realm wand --name fail", exitFailed, "", "gateway realm wand: no luck\n"},
		{"realm wand --name x --public-url http://sso.example.com", exitUsage, "", "gateway realm wand: --public-url is plain http, over which anybody on the way can take sessions; write https, also where a proxy in front ends TLS (then with listen.plain: behind_tls); http is for localhost and names below it\nusage: gateway realm wand --name REALM\n"},
		{"realm wand --name load --config testdata/none.yaml", exitConfig, "", "testdata/none.yaml: there is no file testdata/none.yaml\n"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			args := strings.Fields(c.args)
			code := -1
			for _, one := range all {
				if one.is(args[0]) {
					code = one.run(t.Context(), terminal{in: strings.NewReader("what was asked"), out: &out, err: &errs}, args[1:])
				}
			}
			if code != c.code || out.String() != c.out || errs.String() != c.err {
				t.Errorf("code %d, want %d\nstdout %s\nstderr %s", code, c.code, &out, &errs)
			}
		})
	}
	if lines := all[0].lines(); len(all) != 2 || len(lines) != 2 || lines[1] != [2]string{"realm potion ...", "prints spells of potion"} {
		t.Errorf("the help says %q of %d commands", lines, len(all))
	}
}
