package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTallyCountsLeaves(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                    string
		events                  string
		passed, failed, skipped int
		shown                   string
	}{
		{
			name:   "a test alone",
			events: `{"Action":"pass","Package":"p","Test":"TestA"}`,
			passed: 1,
		},
		{
			name: "subtests count, their parent does not",
			events: `{"Action":"pass","Package":"p","Test":"TestA/one"}
{"Action":"pass","Package":"p","Test":"TestA/two"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}`,
			passed: 2,
		},
		{
			name: "a failed subtest fails once, with its output",
			events: `{"Action":"output","Package":"p","Test":"TestA/one","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestA/one"}
{"Action":"pass","Package":"p","Test":"TestA/two"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`,
			passed: 1, failed: 1, shown: "got 1, want 2",
		},
		{
			name: "a parent that fails over passing subtests",
			events: `{"Action":"pass","Package":"p","Test":"TestA/one"}
{"Action":"fail","Package":"p","Test":"TestA"}`,
			passed: 1, failed: 1,
		},
		{
			name: "a skipped test is named with its reason",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: no browser\n"}
{"Action":"skip","Package":"p","Test":"TestA"}`,
			skipped: 1, shown: "TestA: no browser",
		},
		{
			name: "a package that does not compile",
			events: `{"Action":"build-output","ImportPath":"p [p.test]","Output":"p.go:1:1: expected package\n"}
{"Action":"build-fail","ImportPath":"p [p.test]"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
			failed: 1, shown: "expected package",
		},
		{
			name: "a panic leaves tests without an end",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: oh\n"}
{"Action":"fail","Package":"p"}`,
			failed: 1, shown: "panic: oh",
		},
		{
			name:   "a package without tests is no skipped test",
			events: `{"Action":"skip","Package":"p"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			tally := newTally(&out)
			if err := tally.read(strings.NewReader(tt.events), io.Discard); err != nil {
				t.Fatal(err)
			}
			tally.report(0)
			if tally.passed != tt.passed || tally.failed != tt.failed || tally.skipped != tt.skipped {
				t.Errorf("counted %d passed, %d failed, %d skipped; want %d, %d, %d",
					tally.passed, tally.failed, tally.skipped, tt.passed, tt.failed, tt.skipped)
			}
			if !strings.Contains(out.String(), tt.shown) {
				t.Errorf("does not show %q:\n%s", tt.shown, out.String())
			}
		})
	}
}

func TestSearchForSecrets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, log      string
		passed, failed int
	}{
		{name: "a log that is clean", log: "signed in alice", passed: 1},
		{name: "a log with a token", log: "sent Bearer abcdefghijklmnop", failed: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name, text string) {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("a/secrets.txt", "abcdefghijklmnop\nshort\n\n")
			write("b/gateway.log", tt.log)
			var out strings.Builder
			tally := newTally(&out)
			tally.searchForSecrets(dir)
			if tally.passed != tt.passed || tally.failed != tt.failed {
				t.Errorf("%d passed, %d failed; want %d, %d\n%s", tally.passed, tally.failed, tt.passed, tt.failed, out.String())
			}
			if strings.Contains(out.String(), "abcdefghijklmnop") {
				t.Errorf("the report itself shows the secret:\n%s", out.String())
			}
		})
	}
}
