package proxy

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// continueTime is how long a request that asked for permission (Expect:
	// 100-continue) waits for the upstream's word before its body is sent anyway.
	continueTime = time.Second
	// flushTime is how long the header of an answer whose length is known may
	// wait for the body. Streams never wait.
	flushTime = 10 * time.Millisecond
	// copySize is the size of a buffer between upstream and client.
	copySize = 32 << 10
)

// streams reports whether an answer stays open: a WebSocket, or an event stream.
func streams(resp *http.Response) bool {
	return resp.StatusCode == http.StatusSwitchingProtocols ||
		strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
}

// openStreams are the streams that are open, which nothing but their end closes. Its
// zero value is ready.
type openStreams struct {
	mu    sync.Mutex
	of    map[*exchange]io.Closer // guarded by mu
	ended bool                    // guarded by mu
}

// add notes a stream; one that comes after the end is closed at once. Whoever reads it
// hears of that.
func (s *openStreams) add(e *exchange, body io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		_ = body.Close() // the reader reports it
		return
	}
	if s.of == nil {
		s.of = map[*exchange]io.Closer{}
	}
	s.of[e] = body
}

func (s *openStreams) remove(e *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, e)
}

// end closes all of them.
func (s *openStreams) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, body := range s.of {
		_ = body.Close() // the reader reports it
	}
}

// watch ends ctx when what has let a long request in has ended: a WebSocket, an event
// stream or a slow download must not outlive it. The returned function
// ends the watching. Most requests end before the first look, so until then
// there is a timer and no goroutine.
func watch(ctx context.Context, lives func(context.Context) bool, every time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(every, func() { //nolint:forbidigo // waits for nothing that a test's clock moves
		for {
			if !lives(ctx) {
				cancel()
			}
			if !rest(ctx, every) {
				return
			}
		}
	})
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// rest waits; it reports false, early, if ctx ends.
func rest(ctx context.Context, d time.Duration) bool {
	timer, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()
	return ctx.Err() == nil
}

// buffers lends the buffers between upstreams and clients.
type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if kept, ok := b.pool.Get().(*[copySize]byte); ok {
		return kept[:]
	}
	return make([]byte, copySize)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[copySize]byte)(buffer)) }

// downstream is the client's side of a forwarded request.
//
// After an informational answer (100, 103) the reverse proxy empties the headers,
// ours among them; here they are put back into the final one. And what only the
// gateway may say is no more taken from an informational answer than from any
// other.
//
// What has come of an answer goes on at once, except for the last bytes of a
// length that is known: net/http sends them anyway, with the header if that has
// not gone yet, and for most answers this is one system call instead of two.
type downstream struct {
	http.ResponseWriter
	own    http.Header
	passed bool // an informational answer has gone to the client
	// uploads reports whether the client's body is being read: net/http has told it
	// to go on, and the upstream's own 100 would be a second one.
	uploads func() bool
	left    int64 // of the body; 0 if nobody knows
}

// WriteHeader implements http.ResponseWriter.
func (d *downstream) WriteHeader(status int) {
	h := d.Header()
	if status == http.StatusContinue && d.uploads() {
		return
	}
	if status < http.StatusOK && status != http.StatusSwitchingProtocols {
		cleanAnswer(h)
		d.passed = true
		d.ResponseWriter.WriteHeader(status)
		return
	}
	if d.passed {
		for name, values := range d.own {
			h[name] = append(values[:len(values):len(values)], h[name]...)
		}
	}
	if length := h["Content-Length"]; len(length) == 1 {
		d.left, _ = strconv.ParseInt(length[0], 10, 64) // net/http has read it before
	}
	d.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (d *downstream) Write(p []byte) (int, error) {
	n, err := d.ResponseWriter.Write(p)
	if err != nil || d.left == 0 {
		return n, err
	}
	if d.left -= int64(n); d.left > 0 {
		err = http.NewResponseController(d.ResponseWriter).Flush()
	}
	return n, err
}

// Unwrap lets http.ResponseController flush and hijack.
func (d *downstream) Unwrap() http.ResponseWriter { return d.ResponseWriter }
