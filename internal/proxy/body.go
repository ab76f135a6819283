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
	read, broke atomic.Bool
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.read.Store(true)
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
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
