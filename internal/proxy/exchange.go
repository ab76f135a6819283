package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/target"
)

const (
	// maxKept is how much of a request's body is kept to repeat it.
	maxKept = 64 << 10
	// maxRefusal is how much of ES's 401 is read to understand it.
	maxRefusal = 64 << 10
)

// exchange is one request on its way to an upstream and back.
type exchange struct {
	route *route
	// target is what is asked for, as the upstream sees it.
	target  target.Target
	visitor gate.Visitor
	// upgrade: it opens a WebSocket.
	upgrade bool
	// preflight: a browser asks whether it may send something; nobody was admitted.
	preflight bool
	// scheme is what the client's own Authorization uses.
	scheme string
	// body is the request's body if it was kept; repeatable tells whether the
	// request can be sent again.
	body       []byte
	repeatable bool
	// stream is true while an upgraded connection or an event stream is open.
	stream bool
}

type exchangeKey struct{}

func withExchange(ctx context.Context, e *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)
	return e
}

// keepBody reads a small body into memory, so that the request can be repeated
// after ES has refused its token.
func (e *exchange) keepBody(r *http.Request) error {
	if !e.route.Elasticsearch || e.visitor.Authorization().Empty() {
		return nil
	}
	switch {
	case r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0:
		e.repeatable = true
	case r.ContentLength > 0 && r.ContentLength <= maxKept:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return fault.Because(fault.BadRequest, err)
		}
		e.body, e.repeatable = body, true
		r.Body = io.NopCloser(bytes.NewReader(body))
		// With it net/http sends a body again that met a connection just closed.
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	return nil
}

// renewing repeats a request once with a new token after ES's own 401. It
// stands between the reverse proxy and the connections, so that nothing of the
// first answer has reached the client.
type renewing struct {
	next http.RoundTripper
	gate *gate.Gate
}

// RoundTrip implements http.RoundTripper. Its errors are faults where ES said
// something about the session.
func (rt renewing) RoundTrip(r *http.Request) (*http.Response, error) {
	e := exchangeOf(r.Context())
	resp, err := rt.next.RoundTrip(r)
	if err != nil || !e.route.Elasticsearch || e.visitor.Authorization().Empty() {
		return resp, err
	}
	class := rt.classOf(resp)
	if class != elastic.Dead && class != elastic.Mute {
		rt.accepted(resp, e)
		return resp, nil
	}
	_ = resp.Body.Close() // its refusal has been read; the connection may be used again or not
	v, err := rt.renewed(r.Context(), e.visitor, class)
	if err != nil {
		return nil, err
	}
	if !e.repeatable {
		return nil, &fault.Error{
			Kind: fault.ElasticsearchUnavailable, Public: "Your sign-in was renewed while this request was under way.",
			Hint: "Nothing was done yet. Send it again.", Err: errors.New("the request's body was not kept"),
		}
	}
	return rt.repeat(r, e, v)
}

// renewed is the visitor with credentials that ES has not refused.
func (rt renewing) renewed(ctx context.Context, v gate.Visitor, class elastic.Class) (gate.Visitor, error) {
	if next, ok, err := v.Again(ctx); ok || err != nil {
		return next, err
	}
	s, err := rt.gate.Refused(ctx, v.Session, class)
	return gate.Visitor{Session: s}, err
}

// repeat sends the request once more. A second refusal is not judged again:
// fresh tokens that ES refuses at once are a disturbance.
func (rt renewing) repeat(r *http.Request, e *exchange, v gate.Visitor) (*http.Response, error) {
	again := r.Clone(r.Context())
	again.Header.Set("Authorization", v.Authorization().Reveal())
	if e.body != nil {
		again.Body = io.NopCloser(bytes.NewReader(e.body))
	}
	resp, err := rt.next.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	e.visitor = v
	if class := rt.classOf(resp); class == elastic.Dead || class == elastic.Mute {
		_ = resp.Body.Close() // read already
		return nil, fault.Because(fault.ElasticsearchUnavailable, errors.New("elasticsearch refused a token that it has just made"))
	}
	rt.accepted(resp, e)
	return resp, nil
}

func (rt renewing) accepted(resp *http.Response, e *exchange) {
	if !e.visitor.BySession() {
		return
	}
	if resp.StatusCode < 300 || resp.StatusCode == http.StatusForbidden { // 403 is never about the token
		rt.gate.Accepted(e.visitor.Session)
	}
}

// classOf says what a 401 means. What was read of it is put back, for the case
// that it means nothing to us.
func (rt renewing) classOf(resp *http.Response) elastic.Class {
	if resp.StatusCode != http.StatusUnauthorized {
		return elastic.OK
	}
	read, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return elastic.Outage
	}
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), rest), rest}
	return elastic.ClassifyBearer(resp.StatusCode, resp.Header, read)
}

// write puts the target into the URL of the outgoing request, byte by byte:
// net/http would decode the path, and drop query pairs that it cannot read. The
// host is the first address; whoever picks another one puts that there.
func (e *exchange) write(u *url.URL) {
	u.Scheme, u.Host = e.route.first.Scheme, e.route.first.Host
	u.RawQuery, u.ForceQuery = e.target.Query, e.target.HasQuery
	if !strings.HasPrefix(e.target.Path, "//") {
		u.Opaque = e.target.Path
		return
	}
	// net/url would take two slashes for a host.
	if plain, err := url.PathUnescape(e.target.Path); err == nil {
		u.Path, u.RawPath = plain, e.target.Path
	}
}
