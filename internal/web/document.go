package web

import "net/http"

// Document answers with a finished text for other programs, such as metadata.
func (rn *Renderer) Document(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	clean(w.Header())
	rn.guardJSON(w.Header())
	send(w, r, http.StatusOK, contentType, body)
}
