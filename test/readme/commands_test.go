package readme_test

import (
	"context"
	"debug/elf"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/esgateway/esgateway/test/parts"
)

// reader is somebody who follows the README in a fresh clone, command by command.
type reader struct {
	dir   string // the clone
	env   []string
	ports map[string]int
	began time.Time
}

// TestCommandsOfTheREADME runs every command of the README's sh blocks in a fresh
// clone of what is committed. Where a command would go on for ever or needs more than
// this machine has, do says what is done instead.
func TestCommandsOfTheREADME(t *testing.T) {
	t.Parallel()
	r := &reader{
		ports: map[string]int{},
		env:   cleanEnvironment(),
		began: time.Now(),
	}
	for _, part := range []string{"gateway", "idp", "op", "front", "app", "elasticsearch", "operations"} {
		r.ports[part] = parts.FreePort(t)
	}
	if os.Getenv("CI") == "true" { // how long it takes somebody whose build cache knows nothing of us
		r.env = append(r.env, "GOCACHE="+t.TempDir())
	}
	commands := commandsOf(read(t, parts.Root(t), "README.md"))
	if len(commands) < 5 {
		t.Fatalf("the README has %d commands in its sh blocks: %q", len(commands), commands)
	}
	for _, command := range commands {
		t.Log("$ " + command)
		r.do(t, command)
	}
}

// commandsOf gives the lines of all sh blocks without their remarks.
func commandsOf(markdown string) []string {
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(markdown, -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); line != "" {
				commands = append(commands, line)
			}
		}
	}
	return commands
}

func (r *reader) do(t *testing.T, command string) {
	t.Helper()
	switch {
	case strings.HasPrefix(command, "git clone https://"):
		r.clone(t)
	case command == "make demo":
		r.demo(t)
	case command == "make test": // runs this very test
		if out := r.run(t, "make -n test", 0); !strings.Contains(out, "test/runner") {
			t.Errorf("make -n test lists no runner:\n%s", out)
		}
	case strings.Contains(command, "gateway check"): // right file, and no Elasticsearch to ask
		r.installation(t)
		if out := r.run(t, command, 1); !strings.Contains(out, "es1.example.com") {
			t.Errorf("%s does not say that it cannot reach Elasticsearch:\n%s", command, out)
		}
	case strings.Contains(command, "gateway serve"):
		r.serve(t, command)
	case strings.Contains(command, "gateway version"):
		if out := r.run(t, command, 0); strings.TrimSpace(out) == "" {
			t.Errorf("%s says nothing", command)
		}
	case command == "make build":
		r.run(t, command, 0)
		r.isStatic(t)
	default:
		r.run(t, command, 0)
	}
}

// clone takes the place of cloning from the address that the README names.
func (r *reader) clone(t *testing.T) {
	t.Helper()
	r.dir = filepath.Join(t.TempDir(), "esgateway")
	clone := exec.CommandContext(t.Context(), "git", "clone", "--quiet", parts.Root(t), r.dir)
	clone.Env = r.env
	if out, err := clone.CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	r.began = time.Now() // the clone over the network is not ours to measure
}

// run runs a command to its end and gives what it has printed.
func (r *reader) run(t *testing.T, command string, exitCode int) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != exitCode {
		t.Fatalf("%s: exit code %d, want %d\n%s", command, code, exitCode, out)
	}
	return string(out)
}

// isStatic: the README promises one file, which runs in an empty container.
func (r *reader) isStatic(t *testing.T) {
	t.Helper()
	program, err := elf.Open(filepath.Join(r.dir, "bin", "gateway"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("bin/gateway needs a dynamic loader")
		}
	}
}

func (r *reader) start(t *testing.T, name, command string) *parts.Process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "exec "+command)
	cmd.Dir, cmd.Env = r.dir, r.env
	return parts.Start(t, name, cmd)
}

// demo runs the demo on free ports, opens its first page and ends it as Ctrl-C does:
// by a signal to make and to the demo at once.
func (r *reader) demo(t *testing.T) {
	t.Helper()
	flags := fmt.Sprintf("-gateway %d -idp %d -op %d -front %d -app %d -elasticsearch %d -operations %d",
		r.ports["gateway"], r.ports["idp"], r.ports["op"], r.ports["front"], r.ports["app"], r.ports["elasticsearch"], r.ports["operations"])
	byMake := r.start(t, "make-demo", fmt.Sprintf("make demo ARGS=%q", flags))
	r.opens(t, byMake)
	t.Logf("measured: clone to ready: %.1f s (build cache empty: %v)", time.Since(r.began).Seconds(), os.Getenv("CI") == "true")
	byMake.Interrupt()
	select {
	case <-byMake.Ended():
	case <-time.After(parts.Patience):
		t.Fatalf("make demo goes on %s after Ctrl-C", parts.Patience)
	}

	began := time.Now()
	again := r.start(t, "demo", "bin/demo "+flags)
	r.opens(t, again)
	t.Logf("measured: demo to ready, once built: %.1f s", time.Since(began).Seconds())
	if code := again.Stop(t, syscall.SIGINT); code != 0 {
		t.Errorf("the demo ends with exit code %d after Ctrl-C", code)
	}
}

// opens waits until the demo's address shows a page.
func (r *reader) opens(t *testing.T, demo *parts.Process) {
	t.Helper()
	address := fmt.Sprintf("http://localhost:%d/", r.ports["gateway"])
	// A build with an empty cache takes its time.
	demo.ReadyWithin(t, 10*parts.Patience, func(ctx context.Context) error {
		status, body, err := page(ctx, address)
		if err == nil && (status != http.StatusOK || !strings.Contains(body, "<html")) {
			err = fmt.Errorf("%s: %d\n%s", address, status, body)
		}
		return err
	})
}

func page(ctx context.Context, address string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Accept", "text/html")
	response, err := (&http.Client{Timeout: parts.Patience}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(body), err
}

// installation writes the README's configuration and the files that it names. Only
// what this machine may not have is another: ports, and a directory of the system's.
func (r *reader) installation(t *testing.T) {
	t.Helper()
	block := regexp.MustCompile("(?s)```yaml\n(public_url:.*?)```").FindStringSubmatch(read(t, r.dir, "README.md"))
	if block == nil {
		t.Fatal("the README has no configuration")
	}
	config := strings.ReplaceAll(block[1], "/var/lib/esgateway/", r.dir+"/")
	parts.Write(t, filepath.Join(r.dir, "gateway.yaml"), []byte(config))
	authority := parts.NewCA(t)
	parts.WriteFiles(t, authority.Issue(t, "sso.example.com"), r.dir, "tls")
	parts.Write(t, filepath.Join(r.dir, "es-ca.crt"), authority.PEM())
	parts.Write(t, filepath.Join(r.dir, "es-password"), []byte("a password of a test\n"))
	r.env = append(r.env,
		"ESGATEWAY_LISTEN_ADDRESS=127.0.0.1:"+fmt.Sprint(r.ports["gateway"]),
		"ESGATEWAY_OPERATIONS_ADDRESS=127.0.0.1:"+fmt.Sprint(r.ports["operations"]))
}

// serve starts the gateway without any Elasticsearch, as it must be able to, sees that
// it is alive and ends it as a service manager does.
func (r *reader) serve(t *testing.T, command string) {
	t.Helper()
	gateway := r.start(t, "serve", command)
	address := fmt.Sprintf("http://127.0.0.1:%d/livez", r.ports["operations"])
	gateway.ReadyWithin(t, parts.Patience, func(ctx context.Context) error {
		status, body, err := page(ctx, address)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s: %d\n%s", address, status, body)
		}
		return err
	})
	if code := gateway.Stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the gateway ends with exit code %d after SIGTERM", code)
	}
}

// cleanEnvironment is ours without what a make or go test above us has set.
func cleanEnvironment() []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "MAKE") && name != "MFLAGS" && name != "CI" && !strings.HasPrefix(name, "ESGATEWAY_") {
			env = append(env, pair)
		}
	}
	return env
}

// TestOldGoIsTold: a Go that is too old would complain about go.mod in words of its own.
func TestOldGoIsTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, version, want string }{
		{name: "an older release", version: "go1.22.5", want: "is Go 1.22.5"},
		{name: "one of long ago", version: "go1.9", want: "is Go 1.9"},
		{name: "a newer one passes", version: "go1.99.1", want: ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := filepath.Join(t.TempDir(), "go")
			parts.Write(t, fake, []byte("#!/bin/sh\necho "+tt.version+"\n"))
			if err := os.Chmod(fake, 0o700); err != nil { //nolint:gosec // a program
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), filepath.Join(parts.Root(t), "scripts", "need-go"))
			cmd.Env = append(cleanEnvironment(), "GO="+fake)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (tt.want == "") || !strings.Contains(string(out), tt.want) {
				t.Errorf("got %v, %q; want %q", err, out, tt.want)
			}
		})
	}
	t.Run("none at all", func(t *testing.T) {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), filepath.Join(parts.Root(t), "scripts", "need-go"))
		cmd.Env = append(cleanEnvironment(), "GO=go-that-is-not-there")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "there is no 'go-that-is-not-there'") {
			t.Errorf("got %v, %q", err, out)
		}
	})
}
