package proxy

import (
	"context"
	"time"

	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/session"
)

// watch ends ctx when the session of a long request has ended: a WebSocket, an
// event stream or a slow download must not outlive it. A request that is over
// before the first look costs one timer.
func watch(ctx context.Context, g *gate.Gate, key session.Key, every time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	var look func()
	look = func() {
		switch {
		case ctx.Err() != nil:
		case g.Lives(ctx, key):
			time.AfterFunc(every, look)
		default:
			cancel()
		}
	}
	first := time.AfterFunc(every, look)
	return ctx, func() {
		first.Stop()
		cancel()
	}
}
