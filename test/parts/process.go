package parts

import (
	"context"
	_ "embed" // for the list of wheels
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Patience is how long anything here may take before a test gives up on it.
const Patience = 30 * time.Second

// Process is a program that runs in a process group of its own.
type Process struct {
	Log string // the file with all that it has printed

	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; read after done
}

// Start starts a program. What it prints goes to a file NAME-*.log in the artifact
// directory. The test's end ends it, with all that it has started.
func Start(t testing.TB, name string, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{name: name, cmd: cmd, done: make(chan struct{})}
	log, err := os.CreateTemp(t.ArtifactDir(), name+"-*.log") // a program may be started more than once
	if err != nil {
		t.Fatal(err)
	}
	p.Log = log.Name()
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		log.Close()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the end of %s:\n%s", filepath.Base(p.Log), tail(p.Log, 5))
		}
	})
	return p
}

// Signal sends a signal to the program alone.
func (p *Process) Signal(signal syscall.Signal) { _ = syscall.Kill(p.cmd.Process.Pid, signal) }

// Interrupt sends to the whole process group what Ctrl-C sends.
func (p *Process) Interrupt() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT) }

// Kill ends the whole process group at once, as kill -9 does, and waits for the end.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// Stop sends the signal and waits for the program's end. It returns the exit code,
// or -1 if a signal ended it.
func (p *Process) Stop(t testing.TB, signal syscall.Signal) int {
	t.Helper()
	p.Signal(signal)
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(Patience):
		t.Fatalf("%s still runs %s after %s", p.name, Patience, signal)
		return -1
	}
}

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.done }

// Ready waits until the probe is happy, or fails the test when the program ends first.
func (p *Process) Ready(t testing.TB, probe func(context.Context) error) {
	t.Helper()
	p.ReadyWithin(t, Patience, probe)
}

// ReadyWithin is Ready for a program that needs more (or less) than the usual time.
func (p *Process) ReadyWithin(t testing.TB, limit time.Duration, probe func(context.Context) error) {
	t.Helper()
	eventually(t, limit, p.name+" is ready", func(ctx context.Context) error {
		select {
		case <-p.done:
			t.Fatalf("%s ended before it was ready: %v\n%s", p.name, p.err, tail(p.Log, 40))
		default:
		}
		return probe(ctx)
	})
}

// EventuallyWithin is Eventually with a limit of its own. It gives the time that it took.
func EventuallyWithin(t testing.TB, limit time.Duration, what string, ask func(ctx context.Context) error) time.Duration {
	t.Helper()
	start := time.Now()
	eventually(t, limit, what, ask)
	return time.Since(start)
}

// Eventually asks until there is no error, or fails the test with the last one.
func Eventually(t testing.TB, what string, ask func(ctx context.Context) error) {
	t.Helper()
	eventually(t, Patience, what, ask)
}

func eventually(t testing.TB, limit time.Duration, what string, ask func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s: %v", what, err)
		}
	}
}

// The ports that are given out lie below those that systems take for connections of their
// own: some seconds pass until a part listens, and hundreds of connections are made then.
const lowestPort, highestPort = 15_000, 32_000

// given are the ports that this process has given out. Others take theirs at random.
var given sync.Map

// FreePort gives a port of 127.0.0.1 that was free a moment ago.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		if l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", Loopback(port)); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// Loopback is 127.0.0.1 with the port.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Find gives the path of a program, or fails the test with the way to get it. It
// never skips: a part that is not there has not been tested.
func Find(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("none of %s is on this machine: run scripts/setup", strings.Join(names, ", "))
	return ""
}

// installed is the directory where scripts/setup puts what all checkouts share.
func installed(t testing.TB, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(cache, "esgateway", name)
}

//go:embed wheels.txt
var wheels string

// wheel gives the path of a program in one of the wheels that scripts/setup installs.
func wheel(t testing.TB, name, program string) string {
	t.Helper()
	for line := range strings.Lines(wheels) {
		if rest, found := strings.CutPrefix(line, name+"=="); found {
			release, _, _ := strings.Cut(rest, " ")
			return Find(t, filepath.Join(installed(t, name+"-"+release), program))
		}
	}
	t.Fatalf("test/parts/wheels.txt has no %s", name)
	return ""
}

// Root is the directory of the module.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal(errors.New("no go.mod above the test"))
		}
		dir = filepath.Dir(dir)
	}
}

// Build builds a command of ours ("./cmd/gateway") once for the test and gives the
// program's path. Flags are those of go build.
func Build(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	args := append([]string{"build", "-o", program}, flags...)
	build := exec.CommandContext(t.Context(), "go", append(args, pkg)...)
	build.Dir = Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

func tail(file string, lines int) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Sprint(err)
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	all = all[max(0, len(all)-lines):]
	for i, line := range all {
		all[i] = line[:min(len(line), 400)]
	}
	return "  " + strings.Join(all, "\n  ")
}
