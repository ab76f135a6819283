package elastic

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// Deps is what a Client needs from the house.
type Deps struct {
	Now func() time.Time
	Log *slog.Logger // nil: silent
	// Observe is told of each call: endpoint, what it came to, how long it took. It must
	// be safe for concurrent use. May be nil.
	Observe func(endpoint string, class Class, d time.Duration)
}

// Client calls Elasticsearch. It is safe for concurrent use. All its calls end with
// nil or an *Error, and within Config.Timeout.
type Client struct {
	account  string
	password *password
	nodes    *nodes
	timeout  time.Duration
	now      func() time.Time
	observe  func(endpoint string, class Class, d time.Duration)

	calls     atomic.Uint64 // whose turn it is
	refreshes atomic.Uint64 // counted apart, so that a repeat gets the next node
}

// New makes a client. It reads the CA and the password file, and connects to nothing.
// Errors name the key that is wrong.
func New(cfg Config, deps Deps) (*Client, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Observe == nil {
		deps.Observe = func(string, Class, time.Duration) {}
	}
	c := &Client{account: cfg.Username, timeout: cfg.Timeout, now: deps.Now, observe: deps.Observe}
	var err error
	if c.password, err = newPassword(cfg, deps.Log); err != nil {
		return nil, err
	}
	if c.nodes, err = newNodes(cfg, deps.Log); err != nil {
		return nil, err
	}
	return c, nil
}

// Account is the gateway's own user name at Elasticsearch. Only this account can
// refresh the pairs that it made.
func (c *Client) Account() string { return c.account }

// Nodes are the addresses of Elasticsearch, in the order of InfoOf.
func (c *Client) Nodes() []string {
	var list []string
	for _, n := range c.nodes.list {
		list = append(list, n.url.String())
	}
	return list
}

// Close drops idle connections; running calls go on. A client that is closed can
// still be used.
func (c *Client) Close() {
	for _, n := range c.nodes.list {
		n.connections.CloseIdleConnections()
	}
}
