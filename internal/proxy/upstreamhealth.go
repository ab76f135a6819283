package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// maxHealthBody is what is read of a health check's answer.
const maxHealthBody = 64 << 10

// healthChecks ask the addresses of a route how they are.
type healthChecks struct {
	path, host string
	every      time.Duration
	ways       []way
}

// way is an address and connections of its own to it: those of requests may all
// be in use, which is no illness.
type way struct {
	*upstream
	connections *http.Transport
}

// newHealthChecks returns nil where a route wants none.
func newHealthChecks(rt *route, all []*upstream, trust *tls.Config) *healthChecks {
	if rt.Health.Path == "" {
		return nil
	}
	hc := &healthChecks{path: rt.Health.Path, host: rt.Host, every: rt.Health.Every.or(healthTime)}
	for _, u := range all {
		t := newTransport(rt.RouteConfig, u.address, trust, u.connected)
		t.DisableKeepAlives = true // whether it can be reached is part of the question
		hc.ways = append(hc.ways, way{u, t})
	}
	return hc
}

// run asks until ctx ends.
func (hc *healthChecks) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, w := range hc.ways {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := hc.ask(ctx, w); ctx.Err() == nil {
					w.checked(err)
				}
				rest(ctx, hc.every)
			}
		})
	}
	all.Wait()
}

// ask returns nil if the address is well.
func (hc *healthChecks) ask(ctx context.Context, w way) error {
	ctx, cancel := context.WithTimeout(ctx, min(hc.every, connectTime))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, (&url.URL{Scheme: w.url.Scheme, Host: w.url.Host}).String()+hc.path, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	r.Host = hc.host
	r.Header.Set("User-Agent", "esgateway")
	resp, err := w.connections.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxHealthBody)); err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 399 {
		return fmt.Errorf("health check: %s answers %d", hc.path, resp.StatusCode)
	}
	return nil
}
