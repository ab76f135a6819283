package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/esgateway/esgateway/internal/secret"
)

// maxBody bounds an answer: an identity with many groups has some 100 KiB.
const maxBody = 1 << 20

// errTooLarge: nothing that Elasticsearch says to us is that long.
var errTooLarge = errors.New("the answer is longer than 1 MiB")

// errIncomplete: a proxy, or a version of Elasticsearch that nobody has seen. What
// was read is left out: there may be tokens in it.
var errIncomplete = errors.New("the answer is not what was expected")

// errTimeout: our own limit ended, not the caller.
var errTimeout = errors.New("no answer in time")

// call is one question to Elasticsearch.
type call struct {
	endpoint string // what metrics and errors call it
	method   string
	path     string
	body     any                // nil: none
	bearer   secret.Text        // whose rights count; empty: the gateway's own account
	header   secret.Text        // a client's own Authorization, in the place of both
	judge    func(reply) ruling // what the answer means
	limit    time.Duration      // less than the client's own
	to       []*node            // these, in this order; nil: whose turn it is
	whole    func() bool        // whether the decoded answer has what it must; nil: yes
}

// reply is an answer of Elasticsearch, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
	sentAt time.Time
}

// ruling is what an answer means, and what the operator can do.
type ruling struct {
	class Class
	hint  string
}

// ask carries a call and decodes a good answer into into, which may be nil. It
// returns when the call was sent, by our clock.
func (c *Client) ask(ctx context.Context, q call, into any) (sentAt time.Time, err error) {
	began := c.now()
	r, failed := c.deliver(ctx, q)
	if failed == nil && into != nil && (json.Unmarshal(r.body, into) != nil || q.whole != nil && !q.whole()) {
		failed = &Error{Class: Outage, Endpoint: q.endpoint, Status: r.status, Hint: hintProxy, Err: errIncomplete}
	}
	if failed != nil {
		c.observe(q.endpoint, failed.Class, c.now().Sub(began))
		return time.Time{}, failed
	}
	c.observe(q.endpoint, OK, c.now().Sub(began))
	return r.sentAt, nil
}

// deliver asks, and asks once more if our own password was refused and the file
// holds another: such a request was refused before it was read.
func (c *Client) deliver(ctx context.Context, q call) (reply, *Error) {
	limit := c.timeout
	if q.limit > 0 {
		limit = min(limit, q.limit)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	used := c.password.get()
	r, failed := c.tour(ctx, limited, q, used)
	if failed != nil && failed.Class == AccountRefused && q.bearer.Empty() && q.header.Empty() && c.password.renew(used) {
		return c.tour(ctx, limited, q, c.password.get())
	}
	return r, failed
}

// tour asks one node, and the next one only as long as no connection was made.
func (c *Client) tour(ctx, limited context.Context, q call, password secret.Text) (r reply, failed *Error) {
	order := q.to
	if order == nil {
		order = c.nodes.order(&c.calls, c.now())
	}
	for _, n := range order {
		var connected bool
		r, connected, failed = c.exchange(ctx, limited, n, q, password)
		class := OK
		if failed != nil {
			class = failed.Class
		}
		c.nodes.learn(n, class, c.now())
		if connected || limited.Err() != nil {
			break
		}
	}
	return r, failed
}

// exchange is one request to one node. connected reports whether it may have arrived.
func (c *Client) exchange(ctx, limited context.Context, n *node, q call, password secret.Text) (r reply, connected bool, failed *Error) {
	var got atomic.Bool
	limited = httptrace.WithClientTrace(limited, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { got.Store(true) }})
	sentAt := c.now()
	r, err := c.send(limited, n, q, password)
	if err != nil {
		return reply{}, got.Load(), noAnswer(ctx, limited, n, q, err)
	}
	r.sentAt = sentAt
	rule := q.judge(r)
	if rule.class == OK {
		return r, true, nil
	}
	f := parseFailure(r.body)
	return reply{}, true, &Error{Class: rule.class, Endpoint: q.endpoint, Status: r.status, Type: f.kind, Reason: f.reason, Hint: rule.hint}
}

// send writes the request and reads the answer whole, or not at all.
func (c *Client) send(ctx context.Context, n *node, q call, password secret.Text) (reply, error) {
	req, err := c.request(ctx, q, password)
	if err != nil {
		return reply{}, err
	}
	resp, err := n.transport.Perform(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return reply{}, err
	}
	if len(body) > maxBody {
		return reply{}, errTooLarge
	}
	return reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

func (c *Client) request(ctx context.Context, q call, password secret.Text) (*http.Request, error) {
	var body io.Reader
	if q.body != nil {
		text, err := json.Marshal(q.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, q.path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case !q.header.Empty():
		req.Header.Set("Authorization", q.header.Reveal())
	case !q.bearer.Empty():
		req.Header.Set("Authorization", "Bearer "+q.bearer.Reveal())
	default:
		req.SetBasicAuth(c.account, password.Reveal())
	}
	return req, nil
}

// noAnswer tells a caller who left from an outage. It looks at the caller's own
// context: that our limit ended is the node's fault.
func noAnswer(ctx, limited context.Context, n *node, q call, err error) *Error {
	e := &Error{Class: Outage, Endpoint: q.endpoint, Err: fmt.Errorf("%s: %w", n.label(), err)}
	switch {
	case ctx.Err() != nil:
		e.Class, e.Err = Cancelled, ctx.Err()
	case limited.Err() != nil:
		e.Err = fmt.Errorf("%s: %w", n.label(), errTimeout)
	case isTrust(err):
		e.Hint = hintTrust
	}
	return e
}
