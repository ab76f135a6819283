package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// pace ends an exchange whose client makes no progress: it sends nothing of a body
// that it has begun, or takes nothing of its answer. What moves may go on for ever,
// and nothing is asked of a stream that is silent because the upstream is.
type pace struct {
	http.ResponseWriter
	conn  *http.ResponseController
	limit time.Duration
	// exact is set where a deadline acts even while nothing is being written
	// (HTTP/2 resets the stream): there it is taken back after each write.
	exact bool
	// renew is when the deadline is set anew. Not at each write, which would cost
	// a timer each: a quarter of the limit is given away for that.
	renew time.Time
}

// paced serves a request under the limit. whole, if not 0, bounds the time for
// the request's body as well.
func paced(next http.Handler, limit, whole time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &pace{ResponseWriter: w, conn: http.NewResponseController(w), limit: limit, exact: r.ProtoMajor > 1}
		if r.Body != nil && r.Body != http.NoBody {
			b := &pacedBody{ReadCloser: r.Body, conn: p.conn, limit: limit}
			if whole > 0 {
				b.until = wall().Add(whole)
			}
			defer b.leave()
			r = shallow(r, b)
		}
		defer p.begin() // net/http writes the rest of the answer after this
		next.ServeHTTP(p, r)
	})
}

// shallow is the request with another body.
func shallow(r *http.Request, body io.ReadCloser) *http.Request {
	c := *r
	c.Body = body
	return &c
}

// begin gives the client time for what is written next.
func (p *pace) begin() {
	now := wall()
	if !p.exact && now.Before(p.renew) {
		return
	}
	p.renew = now.Add(p.limit / 4)
	if p.conn.SetWriteDeadline(now.Add(p.limit+p.limit/4)) != nil {
		p.renew = now.Add(time.Hour) // a writer without deadlines, or hijacked: nothing to watch
	}
}

// end takes the deadline back where it would act on silence.
func (p *pace) end() {
	if p.exact {
		_ = p.conn.SetWriteDeadline(time.Time{}) // it was possible to set it; else nothing is lost
	}
}

// WriteHeader implements http.ResponseWriter.
func (p *pace) WriteHeader(status int) {
	p.begin()
	p.ResponseWriter.WriteHeader(status)
	p.end()
}

// Write implements http.ResponseWriter.
func (p *pace) Write(b []byte) (int, error) {
	p.begin()
	n, err := p.ResponseWriter.Write(b)
	p.end()
	return n, err
}

// FlushError lets http.ResponseController flush: what is flushed must be taken too.
func (p *pace) FlushError() error {
	p.begin()
	defer p.end()
	return p.conn.Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (p *pace) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// pacedBody is a request's body that must make progress while somebody reads it.
type pacedBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	limit time.Duration
	until time.Time // zero: no end
	ended bool
}

// Read implements io.Reader. At the end the deadline goes: net/http then reads
// ahead to see a client that leaves, and would take a passed one for that.
func (b *pacedBody) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	at := wall().Add(b.limit)
	if !b.until.IsZero() && b.until.Before(at) {
		at = b.until
	}
	_ = b.conn.SetReadDeadline(at) // a reader without deadlines, in a test: nothing to watch
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended = true
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// leave bounds what net/http still reads of a body that nobody wanted.
func (b *pacedBody) leave() {
	if !b.ended {
		_ = b.conn.SetReadDeadline(wall().Add(b.limit))
	}
}

// wall is the clock of sockets: their deadlines know no other.
func wall() time.Time { return time.Now() } //nolint:forbidigo // see above
