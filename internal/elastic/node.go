package elastic

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
)

const (
	// firstRest and longestRest bound how long a node that failed is asked last. It
	// doubles with each failure in a row.
	firstRest   = time.Second
	longestRest = 30 * time.Second
	// trial is how long one call may try a node before another one does.
	trial = 3 * time.Second
)

// node is one address of Elasticsearch.
type node struct {
	url         *url.URL
	connections *http.Transport
	transport   *elastictransport.Client

	mu       sync.Mutex // guards failures and rest
	failures int
	rest     time.Time // until then others are asked first
}

// nodes are asked in turn. Nodes that failed lately come last, never nobody: the
// choice is a preference, not a switch that could turn a cluster off.
type nodes struct {
	list []*node
	log  *slog.Logger
}

func newNodes(c Config, log *slog.Logger) (*nodes, error) {
	urls, err := c.nodes()
	if err != nil {
		return nil, err
	}
	ns := &nodes{log: log}
	for _, u := range urls {
		connections, err := newConnections(c, u.Hostname())
		if err != nil {
			return nil, err
		}
		t, err := elastictransport.NewClient(
			elastictransport.WithURLs(u),
			elastictransport.WithTransport(connections),
			elastictransport.WithDisableRetry(),
			elastictransport.WithUserAgent("esgateway"),
		)
		if err != nil {
			return nil, fmt.Errorf("urls: %w", err)
		}
		ns.list = append(ns.list, &node{url: u, connections: connections, transport: t})
	}
	return ns, nil
}

// order is whom to ask, best first. turn counts the calls of one sort, so that calls
// in a row begin at different nodes.
func (ns *nodes) order(turn *atomic.Uint64, now time.Time) []*node {
	n := uint64(len(ns.list))
	start := (turn.Add(1) - 1) % n
	list := slices.Concat(ns.list[start:], ns.list[:start])
	rests := make(map[*node]time.Time, n) // one reading for one sorting
	for _, nd := range list {
		rests[nd] = nd.resting(now)
	}
	slices.SortStableFunc(list, func(a, b *node) int { return rests[a].Compare(rests[b]) })
	list[0].try(now)
	return list
}

// try notes that a call begins at the node. One that failed is tried by one call when its
// rest is over, and others are asked first until that has come to something: a node that
// takes connections and does not answer would otherwise hold up all whose turn it is.
func (n *node) try(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failures > 0 && !n.rest.After(now) {
		n.rest = now.Add(trial)
	}
}

// resting is until when others are asked first; zero if the node is as good as any.
func (n *node) resting(now time.Time) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.rest.After(now) {
		return n.rest
	}
	return time.Time{}
}

// learn notes what a call to the node came to. Only an outage counts against it: a
// refusal is an answer, and a caller who left says nothing.
func (ns *nodes) learn(n *node, class Class, now time.Time) {
	if class == Cancelled {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.failures
	if class != Outage {
		n.failures, n.rest = 0, time.Time{}
		if before > 0 {
			ns.log.Info("elasticsearch node answers again", "node", n.url.String())
		}
		return
	}
	n.failures++
	n.rest = now.Add(min(firstRest<<min(before, 10), longestRest))
	if before == 0 {
		ns.log.Warn("elasticsearch node has an outage", "node", n.url.String())
	}
}

// label names a node in errors.
func (n *node) label() string { return cmp.Or(n.url.Host, n.url.String()) }
