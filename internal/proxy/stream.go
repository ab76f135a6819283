package proxy

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/session"
)

// streams reports whether an answer stays open: a WebSocket, or an event stream.
func streams(resp *http.Response) bool {
	return resp.StatusCode == http.StatusSwitchingProtocols ||
		strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
}

// watch ends ctx when the session of a long request has ended: a WebSocket, an
// event stream or a slow download must not outlive it. The returned function
// ends the watching.
func watch(ctx context.Context, g *gate.Gate, key session.Key, every time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for rest(ctx, every) {
			if !g.Lives(ctx, key) {
				cancel()
			}
		}
	}()
	return ctx, cancel
}

// rest waits; it reports false, early, if ctx ends.
func rest(ctx context.Context, d time.Duration) bool {
	timer, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()
	return ctx.Err() == nil
}
