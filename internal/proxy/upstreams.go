package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/esgateway/esgateway/internal/metrics"
)

// upstreams are the addresses of a route, which take turns. It implements
// http.RoundTripper.
type upstreams struct {
	route   string
	all     []*upstream
	turn    atomic.Uint64
	health  *healthChecks // nil: off
	log     *slog.Logger
	metrics *metrics.Set
}

// newUpstreams makes the connections of a route. It connects to nobody.
func newUpstreams(rt *route, s Setup) (*upstreams, error) {
	trust, err := newTrust(rt.UpstreamConfig)
	if err != nil {
		return nil, err
	}
	us := &upstreams{route: rt.name(), log: s.Log, metrics: s.Metrics}
	for _, raw := range rt.To {
		a, err := parseAddress(raw)
		if err != nil {
			return nil, err
		}
		u := &upstream{address: a, now: s.Now, tell: us.tell, alone: len(rt.To) == 1}
		u.connections = newTransport(rt.RouteConfig, a, trust, u.connected)
		if rt.MaxConnections > 0 {
			u.connections = queue{next: u.connections, limit: rt.QueueTimeout.or(queueTime)}
		}
		us.all = append(us.all, u)
	}
	us.health = newHealthChecks(rt, us.all, trust)
	return us, nil
}

// RoundTrip sends a request to an address whose turn it is, and to the next one
// if it is certain that it did no harm at the first.
func (us *upstreams) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		held := *r
		held.Body = &body{ReadCloser: r.Body}
		r = &held
	}
	var tried []*upstream
	var last error
	for {
		u := us.next(tried)
		if u == nil {
			return nil, us.exhausted(last)
		}
		resp, err := u.send(r)
		if err == nil {
			return resp, nil
		}
		if r.Context().Err() != nil || !repeatable(r, err) {
			return nil, err
		}
		last, tried = err, append(tried, u)
	}
}

// next is an address that was not tried. If none is well, those that are left
// out are tried, by one request at a time: where nobody else is, nothing is
// gained by waiting.
func (us *upstreams) next(tried []*upstream) *upstream {
	start := us.turn.Add(1)
	for _, early := range [...]bool{false, true} {
		for i := range uint64(len(us.all)) {
			u := us.all[(start+i)%uint64(len(us.all))]
			if !slices.Contains(tried, u) && u.take(early) {
				return u
			}
		}
	}
	return nil
}

// send makes one attempt and notes how it went.
func (u *upstream) send(r *http.Request) (*http.Response, error) {
	if r.URL.Host != u.url.Host || r.URL.Scheme != u.url.Scheme {
		to := *r.URL
		to.Scheme, to.Host = u.url.Scheme, u.url.Host
		turned := *r
		turned.URL = &to
		r = &turned
	}
	resp, err := u.connections.RoundTrip(r)
	if b, ok := r.Body.(*body); ok && err != nil && b.broke.Load() {
		err = &brokenRequest{err}
	}
	u.settle(outcomeOf(r.Context(), err), err)
	return resp, err
}

// outcomeOf says what an error means for the address.
func outcomeOf(ctx context.Context, err error) outcome {
	switch {
	case err == nil:
		return answered
	case ctx.Err() != nil, isBrokenRequest(err), errors.Is(err, errCrowded):
		return abandoned
	case isUnconnected(err):
		return unreached
	case isLate(err):
		return late
	}
	return broken
}

func isUnconnected(err error) bool {
	_, ok := errors.AsType[*unconnected](err)
	return ok
}

func isLate(err error) bool {
	late, ok := errors.AsType[net.Error](err)
	return ok && late.Timeout()
}

// repeatable reports whether a request that failed may be sent to another
// address: it was not sent at all, or it changes nothing, carries nothing, and
// not a byte of an answer came. A late one is not: it is being worked on.
func repeatable(r *http.Request, err error) bool {
	if isUnconnected(err) {
		b, ok := r.Body.(*body)
		return !ok || !b.read.Load()
	}
	_, quiet := errors.AsType[*silence](err)
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	return safe && (r.Body == nil || r.Body == http.NoBody) && (quiet || errors.Is(err, io.EOF)) && !isLate(err)
}

// exhausted is the error of a request for which no address was left.
type exhausted struct {
	last error         // nil: none was tried
	wait time.Duration // until the first one is tried again; 0: not known
}

// Error implements error.
func (e *exhausted) Error() string {
	if e.last == nil {
		return "every address of the upstream is left out"
	}
	return fmt.Sprintf("no address of the upstream is left: %v", e.last)
}

// Unwrap returns the last attempt's error.
func (e *exhausted) Unwrap() error { return e.last }

func (us *upstreams) exhausted(last error) error {
	if last != nil && !isUnconnected(last) {
		return last // it has arrived somewhere, which people must know
	}
	wait := longestPause
	for _, u := range us.all {
		wait = min(wait, u.wait())
	}
	return &exhausted{last: last, wait: wait}
}

// tell writes down that an address is left out or back.
func (us *upstreams) tell(u *upstream, why error, pause time.Duration) {
	if why == nil {
		us.log.Info("an upstream is back", "esgateway.route", us.route, "server.address", u.raw)
		return
	}
	us.metrics.Alarm("upstream_left_out")
	us.log.Warn("an upstream is left out", "esgateway.route", us.route, "server.address", u.raw,
		"esgateway.pause", pause.String(), "error.message", why.Error())
}
