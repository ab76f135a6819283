package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// event is a line of go test -json.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
	Path        string // of an artifact directory
}

// tally counts what go test reports. A test with subtests is counted by its
// subtests alone, except when it fails while they all pass.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int

	failures []string
	skips    []string
	measured []string            // what tests logged as "measured: ..."
	output   map[string][]string // of the tests that still run, by key
	builds   map[string][]string // what the compiler said
	parents  map[string]string   // tests with subtests: "pass", "fail" or "skip" as soon as one ended so

	artifacts map[string]string // directory that a test has filled -> package/test
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, output: map[string][]string{}, builds: map[string][]string{}, parents: map[string]string{}, artifacts: map[string]string{}}
}

// read takes events until go test closes its output, and writes the plain text of them to log.
func (t *tally) read(events io.Reader, log io.Writer) error {
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadString('\n')
		if strings.HasPrefix(line, "{") {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil {
				t.take(e, log)
				line = ""
			}
		}
		if _, logErr := io.WriteString(log, line); logErr != nil { // not an event: keep it all the same
			return logErr
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (t *tally) take(e event, log io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(log, e.Output)
		t.builds[e.ImportPath] = append(t.builds[e.ImportPath], e.Output)
	case "output":
		fmt.Fprint(log, e.Output)
		if _, text, ok := strings.Cut(e.Output, "measured: "); ok {
			t.measured = append(t.measured, strings.TrimSpace(text))
		}
		t.output[key] = append(t.output[key], e.Output)
	case "artifacts":
		t.artifacts[e.Path] = e.Package + "/" + strings.ReplaceAll(e.Test, "/", "__")
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e, key)
		} else {
			t.endTest(e, key)
		}
		delete(t.output, key)
	}
}

func (t *tally) endTest(e event, key string) {
	worst, hasChildren := t.parents[key]
	if i := strings.LastIndexByte(key, '/'); i > strings.IndexByte(key, ' ') {
		parent := key[:i]
		if e.Action == "fail" || t.parents[parent] == "" {
			t.parents[parent] = e.Action
		}
	}
	switch {
	case e.Action == "fail" && worst != "fail":
		t.failed++
		t.failures = append(t.failures, key)
		fmt.Fprintf(t.out, "FAIL %s (%.2fs)\n%s", key, e.Elapsed, indent(t.output[key]))
	case e.Action == "fail" && hasChildren:
		fmt.Fprint(t.out, indent(t.output[key])) // what the parent itself said
	case hasChildren:
	case e.Action == "skip":
		t.skipped++
		t.skips = append(t.skips, key+reason(t.output[key]))
	default:
		t.passed++
	}
}

// endPackage shows what belongs to no test: a build that failed, a panic, an exit.
func (t *tally) endPackage(e event, key string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(t.out, "ok   %s (%.1fs)\n", e.Package, e.Elapsed)
	case "fail":
		fmt.Fprintf(t.out, "FAIL %s (%.1fs)\n", e.Package, e.Elapsed)
		known := slices.ContainsFunc(t.failures, func(f string) bool { return strings.HasPrefix(f, e.Package+" ") })
		if known {
			return
		}
		t.failed++
		t.failures = append(t.failures, e.Package)
		fmt.Fprint(t.out, indent(t.builds[e.FailedBuild]), indent(t.output[key]))
		for test, output := range t.output { // a panic or time-out leaves tests without an end
			if test != key && strings.HasPrefix(test, e.Package+" ") {
				fmt.Fprintf(t.out, "  never ended: %s\n%s", test, indent(output))
			}
		}
	}
}

// fail counts a check of the runner's own as a failed test.
func (t *tally) fail(name, text string) {
	t.failed++
	t.failures = append(t.failures, name)
	fmt.Fprintf(t.out, "FAIL %s\n%s", name, indent([]string{text + "\n"}))
}

// nameArtifacts gives the artifact directories names that people find: go test calls
// them by random numbers.
func (t *tally) nameArtifacts(root, module string) {
	for from, name := range t.artifacts {
		to := filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(name, module+"/")))
		if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
			t.fail("artifacts", err.Error())
		}
		if _, err := os.Stat(to); err == nil { // a second run of the same test
			to += "-" + filepath.Base(from)
		}
		if err := os.Rename(from, to); err != nil {
			t.fail("artifacts", err.Error())
		}
	}
}

func (t *tally) report(took time.Duration) {
	section := func(title string, names []string) {
		if len(names) > 0 {
			fmt.Fprintf(t.out, "\n%s\n  %s\n", title, strings.Join(names, "\n  "))
		}
	}
	section("Measured:", t.measured)
	section("Skipped:", t.skips)
	section("Failed:", t.failures)
	fmt.Fprintf(t.out, "\nEverything the suite has put out is in test/artifacts. It took %s.\n", took.Round(time.Second))
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}

func indent(output []string) string {
	var b strings.Builder
	for _, line := range output {
		if !strings.HasPrefix(line, "=== ") {
			b.WriteString("    " + line)
		}
	}
	return b.String()
}

// reason is the text that t.Skip was given.
func reason(output []string) string {
	for _, line := range output {
		if _, text, ok := strings.Cut(line, ".go:"); ok {
			return ":" + text[strings.IndexByte(text, ':')+1:]
		}
	}
	return ""
}
