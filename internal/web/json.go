package web

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/esgateway/esgateway/internal/fault"
)

// answer is an error as API clients of the gateway read it.
type answer struct {
	Error problem `json:"error"`
}

type problem struct {
	Kind      fault.Kind   `json:"kind"`
	Message   string       `json:"message"`
	Hint      string       `json:"hint,omitempty"`
	Cause     string       `json:"cause,omitempty"`
	Details   []fault.Fact `json:"details,omitempty"` // for the administrator
	RequestID string       `json:"request_id,omitempty"`
	Login     string       `json:"login,omitempty"` // where a person can sign in
}

// sendJSON answers an API call.
func (rn *Renderer) sendJSON(w http.ResponseWriter, r *http.Request, f *fault.Error, reply Reply) {
	said := public(f, true)
	p := problem{Kind: f.Kind, Message: said.text, Hint: said.hint, Cause: f.Cause, Details: f.Facts, RequestID: RequestID(r.Context()), Login: reply.SignInURL}
	var body any = answer{p}
	if reply.Elasticsearch {
		body = exceptionOf(p, Status(f.Kind), w.Header()["Www-Authenticate"])
		brand(w.Header(), Status(f.Kind))
	}
	encoded, err := json.Marshal(body)
	if err != nil { // strings and numbers only: it cannot happen
		encoded = []byte(`{"error":{"kind":"internal"}}`)
	}
	rn.guardJSON(w.Header())
	extend(w.Header(), reply.Header)
	send(w, r, Status(f.Kind), "application/json", append(encoded, '\n'))
}

// JSON answers with a value, for scripts that ask what a page tells people. An
// error means that nothing was written.
func (rn *Renderer) JSON(w http.ResponseWriter, r *http.Request, status int, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	clean(w.Header())
	rn.guardJSON(w.Header())
	send(w, r, status, "application/json", append(encoded, '\n'))
	return nil
}

// guardJSON: opened as a page, JSON must not become one.
func (rn *Renderer) guardJSON(h http.Header) {
	rn.guard(h)
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}
