package web

import "net/http"

// HandlerFunc is a handler of our own pages. It either answers and returns nil,
// or writes nothing and returns an error, which is then answered for it.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Handle makes an http.Handler of h. An error goes to whoever waits for the
// answer; one that comes after the answer has begun is logged only.
func (rn *Renderer) Handle(h HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &watch{ResponseWriter: w}
		err := h(watched, r)
		switch {
		case err == nil:
		case watched.begun:
			f, cause := understood(err)
			rn.report(r, f, cause)
		default:
			rn.Error(w, r, err, Reply{})
		}
	})
}

// watch notices whether an answer has begun.
type watch struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter. Answers of 1xx are no beginning.
func (w *watch) WriteHeader(status int) {
	w.begun = w.begun || status >= http.StatusOK || status == http.StatusSwitchingProtocols
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *watch) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is below.
func (w *watch) Unwrap() http.ResponseWriter { return w.ResponseWriter }
