package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// redialTime is how long to wait after a server could not be reached at the start.
// Later the library connects again by itself.
const redialTime = 500 * time.Millisecond

// connection is the client of the server, as soon as there is one: a gateway
// starts without its store, and says so to requests.
type connection struct {
	option rueidis.ClientOption
	log    *slog.Logger
	stop   context.CancelFunc
	done   sync.WaitGroup
	ready  chan struct{} // closed when there is a client

	mu     sync.Mutex
	client rueidis.Client // guarded by mu until ready is closed
	cached bool           // like client: the server tells of changes
	last   error          // guarded by mu: why there is no client yet
}

// connect begins to connect and returns at once.
func connect(option rueidis.ClientOption, log *slog.Logger) *connection {
	ctx, stop := context.WithCancel(context.Background()) //nolint:forbidigo // ends with close; a store opens for no caller in particular
	c := &connection{option: option, log: log, stop: stop, ready: make(chan struct{}), last: errors.New("not connected yet")}
	c.done.Go(func() { c.dial(ctx) })
	return c
}

func (c *connection) dial(ctx context.Context) {
	for told := false; ctx.Err() == nil; told = true {
		client, cached, err := c.try()
		c.mu.Lock()
		c.client, c.cached, c.last = client, cached, err
		c.mu.Unlock()
		if err == nil {
			if told {
				c.log.Info("the session store was reached")
			}
			close(c.ready)
			return
		}
		if !told {
			c.log.Error("the session store cannot be reached; this is tried on", "error.message", err.Error())
		}
		rest, cancel := context.WithTimeout(ctx, redialTime)
		<-rest.Done()
		cancel()
	}
}

// try connects once. A server that does not tell of changes is used without the
// cache: slower, and as right.
func (c *connection) try() (client rueidis.Client, cached bool, err error) {
	client, err = rueidis.NewClient(c.option)
	if errors.Is(err, rueidis.ErrNoCache) {
		c.log.Warn("the session store does not tell of changes (client tracking), so every request asks it", "error.message", err.Error())
		plain := c.option
		plain.DisableCache = true
		client, err = rueidis.NewClient(plain)
		return client, false, err
	}
	return client, err == nil && !c.option.DisableCache, err
}

// get returns the client, waiting for the first connection as long as ctx allows.
func (c *connection) get(ctx context.Context) (rueidis.Client, error) {
	select {
	case <-c.ready:
		return c.client, nil
	default:
	}
	select {
	case <-c.ready:
		return c.client, nil
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		return nil, fmt.Errorf("%w (%w)", ctx.Err(), c.last)
	}
}

func (c *connection) close() {
	c.stop()
	c.done.Wait()
	if c.client != nil {
		c.client.Close()
	}
}
