package proxy

import (
	"errors"
	"io"
	"sync/atomic"
)

// body is a request's body that outlives attempts which did not read it, since
// net/http closes the body of every attempt: the reverse proxy closes it in the
// end. It remembers whether the client broke it off, for which no upstream is
// to blame.
type body struct {
	io.ReadCloser
	read, ended, broke atomic.Bool
}

// Read implements io.Reader. Its end stays its end: net/http looks for more
// behind the last byte, and if the answer is quicker, the server has closed the
// body by then. That error would close the connection in the middle of the answer.
func (b *body) Read(p []byte) (int, error) {
	if b.ended.Load() {
		return 0, io.EOF
	}
	b.read.Store(true)
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.ended.Store(true)
	case err != nil:
		b.broke.Store(true)
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	if !b.read.Load() {
		return nil
	}
	return b.ReadCloser.Close()
}

// brokenRequest is the error of a request that the client broke off.
type brokenRequest struct{ error }

// Unwrap returns the cause.
func (e *brokenRequest) Unwrap() error { return e.error }

func isBrokenRequest(err error) bool {
	_, ok := errors.AsType[*brokenRequest](err)
	return ok
}
