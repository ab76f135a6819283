package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"time"
)

// queueTime is how long a request waits for a connection where nothing is said.
const queueTime = 15 * time.Second

var errCrowded = errors.New("all connections were in use for too long")

// queue bounds the time for which requests wait for one of a bounded number of
// connections, which net/http leaves without end. A request that has waited in
// vain was not sent, so it may go to another address.
type queue struct {
	next  http.RoundTripper
	limit time.Duration
}

// RoundTrip implements http.RoundTripper.
func (q queue) RoundTrip(r *http.Request) (*http.Response, error) {
	// The context must outlive this call, for the sake of the answer's body. It ends
	// with the request's own, at the latest.
	ctx, giveUp := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(q.limit, func() { giveUp(errCrowded) }) //nolint:forbidigo // waits for a connection, which goes by the wall clock
	served := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { timer.Stop() }}
	resp, err := q.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(ctx, served)))
	if err == nil {
		return resp, nil
	}
	timer.Stop()
	crowded := errors.Is(context.Cause(ctx), errCrowded)
	giveUp(err)
	if crowded {
		return nil, &unconnected{errCrowded}
	}
	return nil, err
}
