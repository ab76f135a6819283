package main

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts start the gateway as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gateway": main})
}

func TestRunTakesEverythingFromItsArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args     []string
		code     int
		out, err string
	}{
		{nil, exitUsage, "", "gateway serve [--config FILE]"},
		{[]string{"help"}, exitOK, "gateway serve [--config FILE]", ""},
		{[]string{"-h"}, exitOK, "gateway check [--config FILE]", ""},
		{[]string{"version"}, exitOK, "gateway dev", ""},
		{[]string{"swerve"}, exitUsage, "", `there is no command "swerve"`},
		{[]string{"keys"}, exitUsage, "", "usage: (umask 077; gateway keys new > keys)"},
		{[]string{"keys", "new", "x"}, exitUsage, "", "usage:"},
		{[]string{"check", "x"}, exitUsage, "", "nothing is expected after the flags"},
		{[]string{"serve", "--confg", "x"}, exitUsage, "", "flag provided but not defined: -confg"},
		{[]string{"serve", "--help"}, exitOK, "", "the configuration file"},
		{[]string{"serve", "--config", "testdata/none.yaml"}, exitConfig, "", "testdata/none.yaml: there is no file testdata/none.yaml\n"},
		{[]string{"check", "--config", "testdata/none.yaml"}, exitConfig, "", "there is no file"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			code := run(t.Context(), c.args, nil, strings.NewReader(""), &out, &errs)
			if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) || (c.out == "") != (out.Len() == 0) {
				t.Errorf("code %d\nstdout %s\nstderr %s", code, &out, &errs)
			}
		})
	}
}

func TestKeysAreNeverTheSame(t *testing.T) {
	t.Parallel()
	var one, two strings.Builder
	if run(t.Context(), []string{"keys", "new"}, nil, nil, &one, &one) != 0 || run(t.Context(), []string{"keys", "new"}, nil, nil, &two, &two) != 0 {
		t.Fatal("no keys")
	}
	if one.String() == two.String() || len(one.String()) != 45 {
		t.Errorf("got %q and %q", &one, &two)
	}
}
