package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// An answer is a whole response, made before the first byte is sent.
type answer struct {
	status      int
	header      http.Header
	body        []byte
	contentType string // "" means the media type negotiated for the request
	fromNetty   bool   // made below the dispatcher, which adds the product header
}

func jsonAnswer(status int, body any) *answer {
	a := &answer{status: status, header: http.Header{}}
	text, err := encode(body)
	if err != nil {
		return errorAnswer(err, false)
	}
	a.body = text
	return a
}

func ok(body any) (*answer, error) { return jsonAnswer(http.StatusOK, body), nil }

func textAnswer(text string) *answer {
	return &answer{status: http.StatusOK, header: http.Header{}, body: []byte(text), contentType: plainText}
}

const plainText = "text/plain; charset=UTF-8"

// errorAnswer renders any error; one that is not a failure is a bug here and
// looks as an unexpected exception looks in Elasticsearch.
func errorAnswer(err error, trace bool) *answer {
	if f, is := errors.AsType[failure](err); is {
		return f.answer(trace)
	}
	unexpected := &exception{status: http.StatusInternalServerError, kind: "exception", reason: err.Error()}
	return unexpected.answer(trace)
}

// write sends the answer. 401 and 403 lack the product header and warnings
// (RestResponse.filterHeaders); a gateway that adds them would look different.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Date"] = nil // Elasticsearch sends none
	for name, values := range a.header {
		h[name] = values
	}
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	}
	if id := r.Header.Get("X-Opaque-Id"); id != "" {
		h.Set("X-Opaque-Id", id)
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		h.Del("Warning")
	} else if !a.fromNetty {
		h.Set("X-Elastic-Product", "Elasticsearch")
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // the client may have left
	}
}

// pretty reprints a JSON body as Jackson does: blanks around colons and in
// empty brackets, line breaks, a final newline.
func (a *answer) pretty() {
	var indented, b bytes.Buffer
	if json.Indent(&indented, a.body, "", "  ") != nil {
		return
	}
	quoted, escaped, last := false, false, byte(0)
	for _, c := range indented.Bytes() {
		bare := !quoted
		if c == '"' && !escaped {
			quoted = !quoted
		}
		escaped = quoted && c == '\\' && !escaped
		empty := c == ']' && last == '[' || c == '}' && last == '{'
		if bare && (c == ':' || empty) {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
		last = c
	}
	b.WriteByte('\n')
	a.body = b.Bytes()
}
