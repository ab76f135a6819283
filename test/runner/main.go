// Command runner runs the whole suite and says in its last line how it went:
//
//	N passed, N failed, N skipped
//
// It runs the linters, then `go test -json` in rounds: the packages of the gateway with
// the race detector, what needs more than one process (test/...), modules of their own. Output of
// passed tests stays out of sight; that of failed ones is shown; all of it is
// kept under test/artifacts, with what the tests left there themselves
// (testing.T.ArtifactDir). Skipped tests are listed by name, and with CI=true
// a skipped test fails the run. What a test logs as "measured: ..." is shown at the end.
//
// At the end it searches everything the suite has put out for the secrets that
// the suite has used: a test writes its tokens, cookies and SAML messages, one a
// line, to a file named secrets.txt in its artifact directory, and finding one
// of them in any other file fails the run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "runner:", err)
		os.Exit(1)
	}
}

// errNotGreen says nothing, because the closing line has said it.
var errNotGreen = errors.New("not green")

// round is one call of go test.
type round struct {
	name     string
	dir      string // of a module of its own
	flags    []string
	patterns []string
}

// rounds are run one after the other: the second one needs the machine for
// browsers, identity providers and what is measured, so one package at a time.
// No cached results: what a test leaves behind for the search must be of this run.
func rounds() []round {
	return []round{
		{name: "unit", flags: []string{"-race", "-count=1", "-timeout=10m"}, patterns: []string{"./internal/...", "./cmd/..."}},
		{name: "parts", flags: []string{"-count=1", "-timeout=20m", "-p=1"}, patterns: []string{"./test/..."}},
		{name: "compose", dir: "test/compose", flags: []string{"-count=1"}, patterns: []string{"./..."}},
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	artifacts := filepath.Join(root, "test", "artifacts")
	if err := os.RemoveAll(artifacts); err != nil {
		return err
	}
	if err := os.MkdirAll(artifacts, 0o750); err != nil {
		return err
	}

	started := time.Now()
	tally := newTally(out)
	var broken error
	if len(args) == 0 {
		lint(ctx, tally)
	}
	for _, r := range rounds() {
		if len(args) > 0 { // packages given by hand: one round of them
			r.patterns = args
		}
		if err := goTest(ctx, tally, artifacts, r); err != nil {
			broken = errors.Join(broken, fmt.Errorf("round %s: %w", r.name, err))
		}
		if len(args) > 0 {
			break
		}
	}

	tally.nameArtifacts(artifacts, "github.com/esgateway/esgateway")
	tally.searchForSecrets(artifacts)
	tally.report(time.Since(started))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case tally.failed > 0:
		return errNotGreen
	case broken != nil: // go test failed although no test did: never green
		return broken
	case tally.passed == 0:
		return errors.New("no test ran")
	case tally.skipped > 0 && os.Getenv("CI") == "true":
		return fmt.Errorf("%d skipped, and nothing may be skipped with CI=true", tally.skipped)
	}
	return nil
}

// lint counts as one test, so that a misspelt word does not hide what the tests say.
func lint(ctx context.Context, tally *tally) {
	out, err := exec.CommandContext(ctx, "make", "--no-print-directory", "lint").CombinedOutput()
	if err != nil {
		tally.fail("make lint", fmt.Sprintf("%s%v", out, err))
		return
	}
	tally.passed++
	fmt.Fprintln(tally.out, "ok   make lint")
}

// goTest runs one round and feeds its events to the tally.
func goTest(ctx context.Context, tally *tally, artifacts string, r round) error {
	log, err := os.Create(filepath.Join(artifacts, r.name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// -outputdir is for -artifacts: each test's own directory lies under it.
	args := append([]string{"test", "-json", "-artifacts", "-outputdir=" + artifacts}, r.flags...)
	cmd := exec.CommandContext(ctx, goTool(), append(args, r.patterns...)...)
	cmd.Dir = r.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var complaints strings.Builder
	cmd.Stderr = io.MultiWriter(log, &complaints)
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := tally.read(events, log)
	if err := cmd.Wait(); err != nil && tally.failed == 0 {
		return fmt.Errorf("go test: %w\n%s", err, complaints.String())
	}
	return readErr
}

func goTool() string {
	if tool := os.Getenv("GO"); tool != "" {
		return tool
	}
	return "go"
}
