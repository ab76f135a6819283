package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program under load.
type process struct {
	address    string
	operations string        // of the gateway
	ready      time.Duration // from the start to the first good answer
	cmd        *exec.Cmd
	done       chan struct{}
}

// start starts a program that will answer at the address, and waits until it
// does. What it prints is thrown away: nobody's log is to be measured.
func start(ctx context.Context, address string, who client, name string, args ...string) (*process, error) {
	p := &process{address: address, cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	errors := &tail{}
	if !strings.HasSuffix(name, "/gateway") { // through a pipe it would cost more than in production
		p.cmd.Stderr = errors
	}
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // it ends by our signal
		close(p.done)
	}()
	limit, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := answers(limit, address, who)
		if err == nil {
			p.ready = time.Since(begun)
			return p, nil
		}
		timer := time.NewTimer(5 * time.Millisecond)
		select {
		case <-timer.C:
		case <-p.done:
			return nil, fmt.Errorf("%s ended: %s", name, errors)
		case <-limit.Done():
			p.stop()
			return nil, fmt.Errorf("%s is not ready: %w %s", name, err, errors)
		}
	}
}

// stop ends the program with all that it has started.
func (p *process) stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// client is who sends requests.
type client struct {
	cookies []string    // they take turns; none: it sends none
	trust   *tls.Config // nil: over plain HTTP
}

func (c client) scheme() string {
	if c.trust == nil {
		return "http"
	}
	return "https"
}

// answers reports whether a good answer comes from the address.
func answers(ctx context.Context, address string, who client) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, who.scheme()+"://"+address+"/", nil)
	if err != nil {
		return err
	}
	r.Host = hostOf(address)
	if len(who.cookies) > 0 {
		r.Header.Set("Cookie", who.cookies[0])
	}
	one := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: who.trust.Clone()}}
	resp, err := one.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// hostOf is the name in requests: the gateway answers for localhost alone.
func hostOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return "localhost:" + port
}

// memory is what the program has in physical memory.
func (p *process) memory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, _ := strconv.ParseInt(strings.Fields(after + " 0")[0], 10, 64) // 0 where there is none
	return kib << 10
}

// costs measures what the program costs while it is loaded for d, with all that it has
// started. Unlike rates that is nearly the same while others use the machine too.
func (p *process) costs(load func() (result, error), d time.Duration) (result, error) {
	before, err := p.cpu()
	if err != nil {
		return result{}, err
	}
	got, err := load()
	if err != nil {
		return result{}, err
	}
	after, err := p.cpu()
	got.cpu = time.Duration(float64(after-before) / (got.rate * d.Seconds())).Round(100 * time.Nanosecond)
	return got, err
}

// cpu is what the program and its children have used so far, of their own and in the
// kernel.
func (p *process) cpu() (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ, which is 100 wherever this runs
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var all time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(text), ") ") // the name before it may hold anything
		fields := strings.Fields(after)
		if len(fields) < 13 || fields[2] != strconv.Itoa(p.cmd.Process.Pid) {
			continue
		}
		for _, field := range fields[11:13] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, err
			}
			all += time.Duration(n) * tick
		}
	}
	return all, nil
}

// record takes a CPU profile of the gateway; the returned function waits for it.
func (p *process) record(ctx context.Context, file string, d time.Duration) (finish func() error) {
	failed := make(chan error, 1)
	go func() {
		failed <- func() error {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet,
				fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.operations, int(d.Seconds())), nil)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			profile, err := io.ReadAll(resp.Body)
			return errors.Join(err, os.WriteFile(file, profile, 0o600))
		}()
	}()
	return func() error { return <-failed }
}

// tail keeps the beginning of what a program complains about.
type tail struct{ kept []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[:min(len(p), 4096-len(t.kept))]...)
	return len(p), nil
}

// String is what was kept.
func (t *tail) String() string { return string(t.kept) }

// free is an address where nobody listens.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// build builds the gateway.
func build(ctx context.Context, dir string) (string, error) {
	tool := "go"
	if t := os.Getenv("GO"); t != "" {
		tool = t
	}
	file := filepath.Join(dir, "gateway")
	cmd := exec.CommandContext(ctx, tool, "build", "-trimpath", "-o", file, "./cmd/gateway")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the gateway: %w\n%s", err, out)
	}
	return file, nil
}
