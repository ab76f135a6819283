package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/session"
)

// countTime is how often open attempts are counted anew.
const countTime = 30 * time.Second

// Addresses are where a gateway listens.
type Addresses struct {
	Public     string
	Operations string // empty: off
}

// Run opens the store and the listeners and serves until ctx ends; then it
// drains and returns nil. Nothing starts half: an error before the gateway
// serves leaves nothing behind. started, if not nil, hears where it listens.
func Run(ctx context.Context, c *config.Ready, l Lasting, started func(Addresses)) error {
	store, err := c.OpenStore(session.StoreDeps{Now: l.Now, Log: l.Log})
	if err != nil {
		return fmt.Errorf("session store: %w", err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			l.Log.Error("the session store did not close", "error.message", err.Error())
		}
	}()
	l.Store = store
	g, err := Build(c, l)
	if err != nil {
		return err
	}
	public, err := g.listen(ctx, c, l)
	if err != nil {
		return err
	}
	ops, err := listenOps(ctx, c)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	return g.serve(ctx, c, l, public, ops, started)
}

// listen opens the public listener, with TLS where a certificate is configured.
func (g *Gateway) listen(ctx context.Context, c *config.Ready, l Lasting) (net.Listener, error) {
	var lc net.ListenConfig
	plain, err := lc.Listen(ctx, "tcp", c.Listen.Address)
	if err != nil {
		return nil, fmt.Errorf("listen.address: %w", err)
	}
	plain = Guard(plain, c)
	if c.Listen.Cert == "" {
		return plain, nil
	}
	own, err := ownCertificate(c, l)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen.cert: %w", err), plain.Close())
	}
	base := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: own, NextProtos: []string{"h2", "http/1.1"}, ClientAuth: clientAuth(c)}
	return tls.NewListener(plain, naming(base, g.wanted)), nil
}

// ownCertificate gives out the listener's certificate, and the new one once its files
// have changed. A pair that does not fit leaves the last one in place.
func ownCertificate(c *config.Ready, l Lasting) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	pair, err := certs.OpenPair(l.Now, c.Listen.Cert, c.Listen.Key)
	if err != nil {
		return nil, err
	}
	turn := certs.NewTurn(l.Now())
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if !turn.Mine(l.Now()) {
			return pair.Value(), nil
		}
		switch changed, err := pair.Poll(); {
		case err != nil:
			l.Log.Warn("the listener's certificate has changed and cannot be used; the last good one stays", "error.message", err.Error())
		case changed:
			l.Log.Info("the listener has a new certificate")
		}
		return pair.Value(), nil
	}, nil
}

func listenOps(ctx context.Context, c *config.Ready) (net.Listener, error) {
	if c.Operations.Address == "" {
		return nil, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Operations.Address)
	if err != nil {
		return nil, fmt.Errorf("operations.address: %w", err)
	}
	return l, nil
}

// serve runs everything until ctx ends or a listener breaks.
func (g *Gateway) serve(ctx context.Context, c *config.Ready, l Lasting, public, ops net.Listener, started func(Addresses)) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { g.Sessions.Run(work) })
	background.Go(func() { g.upstreams.Run(work) })
	background.Go(func() { every(work, countTime, g.count(l)) })

	state := newState(g, l)
	front := NewHTTP(c.Listen.ClientLimits, g.Handler, l.Log)
	failed := make(chan error, 2)
	go func() { failed <- front.Serve(public) }()
	back := &http.Server{Handler: state.handler(c.Operations.Pprof), ReadHeaderTimeout: c.Listen.HeaderTime}
	addresses := Addresses{Public: public.Addr().String()}
	if ops != nil {
		addresses.Operations = ops.Addr().String()
		go func() { failed <- back.Serve(ops) }()
	}
	g.tell(work, l)
	if started != nil {
		started(addresses)
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	state.draining.Store(true)
	g.Drain()
	err = errors.Join(err, drain(work, c.Listen.ShutdownTime, front, back))
	stop()
	background.Wait()
	return err
}

// drain takes no new work and lets what is under way end, within the limit. The
// operations listener goes last: a balancer must see that we are not ready.
func drain(ctx context.Context, limit time.Duration, front, back *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := front.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("drain: not everything ended within %s: %w", limit, err), front.Close())
	}
	return errors.Join(err, back.Close())
}

// tell connects the gauges of the metrics to what they count.
func (g *Gateway) tell(work context.Context, l Lasting) {
	count := func(of func(context.Context) (int, error)) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(work, time.Second)
			defer cancel()
			n, err := of(ctx)
			if err != nil {
				l.Log.Warn("not counted", "error.message", err.Error())
				return math.NaN()
			}
			return float64(n)
		}
	}
	l.Metrics.AuditLost(func() float64 { return float64(l.Audit.Lost()) })
	l.Metrics.LiveSessions(count(g.Sessions.Live))
	l.Metrics.Owed(count(g.Sessions.Owed))
	l.Metrics.Attempts(count(g.flow.CountAttempts))
	l.Metrics.RevocationLists(g.firstListDue, func() float64 {
		overdue := slices.DeleteFunc(g.flow.Lists(), func(one certs.ListStatus) bool { return !one.Stale(l.Now()) })
		return float64(len(overdue))
	})
}

// firstListDue is when the first revocation list is overdue, in seconds since 1970.
func (g *Gateway) firstListDue() float64 {
	all := g.flow.Lists()
	if len(all) == 0 {
		return math.NaN()
	}
	first := slices.MinFunc(all, func(a, b certs.ListStatus) int { return a.NextUpdate.Compare(b.NextUpdate) })
	return float64(first.NextUpdate.Unix())
}

// count keeps the bound on all attempts true.
func (g *Gateway) count(l Lasting) func(context.Context) {
	return func(ctx context.Context) {
		if _, err := g.flow.CountAttempts(ctx); err != nil {
			l.Log.WarnContext(ctx, "open attempts were not counted", "error.message", err.Error())
		}
	}
}
