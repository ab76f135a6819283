package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// soakClients share the load of a soak.
	soakClients = 64
	// soakParts is into how many parts a soak is divided: the first one warms
	// up, the second and the last are compared.
	soakParts = 10
	// soakGrowth is by how much memory may grow from the second to the last part.
	soakGrowth = 1.10
)

// soak holds the gateway at half its peak. It fails if a request fails or if the
// memory does not stay flat.
func (b *bench) soak(ctx context.Context, d time.Duration) error {
	p, cookies, err := b.startGateway(ctx, 10_000)
	if err != nil {
		return err
	}
	defer p.stop()
	peak, err := b.load(ctx, p, soakClients, client{cookies: cookies})
	if err != nil {
		return err
	}
	half := peak.rate / 2
	fmt.Fprintf(b.out, "peak %.0f requests/s; now %.0f/s for %s\n", peak.rate, half, d)
	var sent, failed atomic.Int64
	limit, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var all sync.WaitGroup
	for i := range soakClients {
		all.Go(func() {
			send(limit, p.address, cookies[i%len(cookies)], time.Duration(soakClients/half*float64(time.Second)), &sent, &failed)
		})
	}
	var means []float64
	for part := range soakParts {
		means = append(means, p.meanMemory(limit, d/soakParts))
		fmt.Fprintf(b.out, "part %d: memory %.1f MiB, %d sent, %d failed\n", part+1, means[part]/(1<<20), sent.Load(), failed.Load())
	}
	all.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	growth := means[soakParts-1] / means[1]
	fmt.Fprintf(b.out, "memory grew by %.1f %%; %.0f requests/s\n", (growth-1)*100, float64(sent.Load())/d.Seconds())
	if failed.Load() > 0 || sent.Load() == 0 {
		err = errors.New("requests failed")
	}
	if growth > soakGrowth {
		err = errors.Join(err, errors.New("memory is not flat"))
	}
	return err
}

// send sends a request at each beat. It does not catch up on beats that it missed.
func send(ctx context.Context, address, cookie string, beat time.Duration, sent, failed *atomic.Int64) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	one := http.Client{Transport: transport}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, "http://"+address+"/", nil)
		if err != nil {
			failed.Add(1)
			return
		}
		r.Host = hostOf(address)
		r.Header.Set("Cookie", cookie)
		sent.Add(1)
		resp, err := one.Do(r)
		if err != nil {
			failed.Add(1)
			continue
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			failed.Add(1)
		}
		resp.Body.Close()
	}
}

// meanMemory is the mean of what the program has in memory for some time.
func (p *process) meanMemory(ctx context.Context, d time.Duration) float64 {
	limit, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	sum, n := float64(p.memory()), 1.0
	for {
		select {
		case <-tick.C:
			sum, n = sum+float64(p.memory()), n+1
		case <-limit.Done():
			return sum / n
		}
	}
}
