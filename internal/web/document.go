package web

import "net/http"

// Document answers with a finished text for other programs, such as metadata.
func (rn *Renderer) Document(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	clean(w.Header())
	rn.guardJSON(w.Header())
	send(w, r, http.StatusOK, contentType, body)
}

// Done answers a program, or a frame of another site, that something is done: 200 and
// nothing to see. It may stand in any frame, since there is nothing in it to be tricked
// with.
func (rn *Renderer) Done(w http.ResponseWriter, r *http.Request) {
	clean(w.Header())
	rn.guard(w.Header())
	send(w, r, http.StatusOK, "text/plain; charset=utf-8", nil)
}
