package proxy

import (
	"io"
	"net/http"
)

// trailed is a request's body with trailers: they are there once it is read.
type trailed struct {
	io.ReadCloser
	at       func() // the end
	finished bool
}

// Read implements io.Reader.
func (t *trailed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF && !t.finished { //nolint:errorlint // readers return io.EOF itself
		t.finished = true
		t.at()
	}
	return n, err
}

// passTrailers sends the client's trailers on. The reverse proxy has cloned the
// request before any of them had come. They are headers that come late, so the
// same ones are stripped, and a trailer that was not announced is dropped.
func (p policy) passTrailers(out, in *http.Request) {
	out.Trailer = nil
	if len(in.Trailer) == 0 || out.Body == nil {
		return
	}
	passed := http.Header{}
	for name := range in.Trailer {
		if n := normal(name); !p.forged(n) && n != "authorization" && n != "cookie" {
			passed[name] = nil
		}
	}
	if len(passed) == 0 {
		return
	}
	out.Trailer = passed
	out.Body = &trailed{ReadCloser: out.Body, at: func() {
		for name := range passed {
			passed[name] = in.Trailer[name]
		}
	}}
}
