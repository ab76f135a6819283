// Command bench measures the gateway beside what people would use in its place:
// HAProxy, nginx, and a bare httputil.ReverseProxy, all before the same nginx and
// loaded by wrk, one after the other, on this machine:
//
//	wrk --> haproxy | nginx | bare | gateway (signed in) --> nginx
//
// Each runs as a process of its own and writes no access log but the gateway,
// whose log goes to /dev/null. The gateway is the real program with a configuration
// file; its sessions are written into its store before it starts, as sign-ins
// would, and Elasticsearch is away: nobody asks it while tokens live.
//
// Over TLS it is loaded by this program itself (see loadTLS), since wrk shows no client
// certificates; then the stand-in for Elasticsearch, in this process, makes the one
// token that a certificate is worth.
//
// With -soak it holds the gateway at half its peak instead, and fails if its
// memory does not stay flat. See docs/performance.md.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	dir      string // of all files; removed at the end
	out      io.Writer
	gateway  string // the program
	upstream string // nginx
	each     time.Duration
	profile  string
	part     string // the only one that runs; empty: all do
	rounds   int
	progress io.Writer
}

func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	each := flags.Duration("each", 4*time.Second, "how long each part is loaded")
	soak := flags.Duration("soak", 0, "hold the gateway at half its peak for so long instead")
	bare := flags.String("bare", "", "serve the bare reverse proxy at this address (used by the program itself)")
	to := flags.String("to", "", "the upstream of -bare")
	files := flags.String("tls", "", "the directory of the certificates of -bare; empty: plain HTTP")
	profile := flags.String("profile", "", "write a CPU profile of the gateway to this file: of 64 connections, or with -part tls of clients with certificates")
	part := flags.String("part", "", "only this part: peers, connections, sessions or tls")
	rounds := flags.Int("rounds", 3, "how often what is compared is measured, in turns; more where others are at work on the machine")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *bare != "" {
		return serveBare(ctx, *bare, *to, *files)
	}
	dir, err := os.MkdirTemp("", "esgateway-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{dir: dir, out: out, each: *each, profile: *profile, part: *part, rounds: max(1, *rounds), progress: os.Stderr}
	if b.gateway, err = build(ctx, dir); err != nil {
		return err
	}
	upstream, err := b.startNginx(ctx, "upstream", nginxUpstream)
	if err != nil {
		return err
	}
	defer upstream.stop()
	b.upstream = upstream.address
	if *soak > 0 {
		return b.soak(ctx, *soak)
	}
	fmt.Fprintf(out, "%s, %d cores, %s, each part %s after a second to warm up; what is compared is the middle of %d rounds\n\n",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), *each, b.rounds)
	parts := []struct {
		name string
		run  func(context.Context) error
	}{{"peers", b.peers}, {"connections", b.connections}, {"sessions", b.sessions}, {"tls", b.overTLS}}
	var all error
	for _, p := range parts {
		if b.part == "" || b.part == p.name {
			all = errors.Join(all, p.run(ctx))
		}
	}
	return all
}

// contender is one of those that are compared.
type contender struct {
	name  string
	start func(context.Context) (*process, client, error)
}

// peers compares the four.
func (b *bench) peers(ctx context.Context) error {
	return b.compare(ctx, "64 connections", []contender{
		{"a bare httputil.ReverseProxy", b.startBare},
		{"HAProxy", b.startHAProxy},
		{"nginx proxy_pass", func(ctx context.Context) (*process, client, error) {
			p, err := b.startNginx(ctx, "proxy", nginxProxy)
			return p, client{}, err
		}},
		{"the gateway, signed in", func(ctx context.Context) (*process, client, error) {
			p, cookies, err := b.startGateway(ctx, 10)
			return p, client{cookies: cookies[:min(1, len(cookies))]}, err
		}},
	})
}

// compare loads each by 64 connections, in turns and several times: a machine that
// others use too changes its mind. The middle one counts, and the first contender is the
// measure of the others.
func (b *bench) compare(ctx context.Context, title string, all []contender) error {
	results := make([][]result, len(all))
	for round := range b.rounds {
		for i, c := range all {
			p, who, err := c.start(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			got, err := b.load(ctx, p, 64, who)
			p.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			results[i] = append(results[i], got)
			fmt.Fprintf(b.progress, "round %d: %s: %.0f %s %s %.2f %s\n", round+1, c.name, got.rate, got.p50, got.p99, got.rate/results[0][round].rate, got.cpu)
		}
	}
	fmt.Fprintf(b.out, "| %s | requests/s | p50 | p99 | to the bare one | CPU for a request |\n|---|---|---|---|---|---|\n", title)
	bare := middle(results[0])
	for i, c := range all {
		got := middle(results[i])
		fmt.Fprintf(b.out, "| %s | %.0f | %s | %s | %.2f | %s |\n", c.name, got.rate, got.p50, got.p99, got.rate/bare.rate, got.cpu)
	}
	fmt.Fprintln(b.out)
	return nil
}

func middle(of []result) result {
	slices.SortFunc(of, func(a, b result) int { return cmp.Compare(a.rate, b.rate) })
	return of[len(of)/2]
}

// connections shows how the gateway does with few and with many.
func (b *bench) connections(ctx context.Context) error {
	p, cookies, err := b.startGateway(ctx, 10)
	if err != nil {
		return err
	}
	defer p.stop()
	fmt.Fprintln(b.out, "| the gateway, connections | requests/s | p50 | p99 |\n|---|---|---|---|")
	for _, n := range []int{1, 64, 512} {
		finish := func() error { return nil }
		if n == 64 && b.profile != "" {
			finish = p.record(ctx, b.profile, b.each)
		}
		got, err := b.load(ctx, p, n, client{cookies: cookies[:1]})
		if err = errors.Join(err, finish()); err != nil {
			return err
		}
		fmt.Fprintf(b.out, "| %d | %.0f | %s | %s |\n", n, got.rate, got.p50, got.p99)
	}
	fmt.Fprintln(b.out)
	return nil
}

// sessions shows how the gateway does with many people signed in, a thousand of
// whom take turns.
func (b *bench) sessions(ctx context.Context) error {
	fmt.Fprintln(b.out, "| the gateway, live sessions | requests/s | p50 | p99 | ready after the start | memory |\n|---|---|---|---|---|---|")
	for _, n := range []int{10, 10_000, 100_000} {
		p, cookies, err := b.startGateway(ctx, n)
		if err != nil {
			return err
		}
		got, err := b.load(ctx, p, 64, client{cookies: cookies})
		memory := p.memory()
		p.stop()
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "| %d | %.0f | %s | %s | %s | %d MiB |\n", n, got.rate, got.p50, got.p99, p.ready.Round(time.Millisecond), memory>>20)
	}
	fmt.Fprintln(b.out)
	return nil
}
