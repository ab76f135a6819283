package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/esgateway/esgateway/internal/fault"
)

// Page is something to show to a person: one of the view structs of this
// package. The interface is sealed, since each view has a template of ours.
type Page interface {
	// Title is the page's name in the browser's tab, before the brand's.
	Title() string
	look() look
}

// look is how a view is shown.
type look struct {
	template string     // file below templates
	scripts  []string   // files below static
	wide     bool       // more than a few lines of text
	posts    bool       // has a form, whose answer may lead to an identity provider
	framed   bool       // may stand in a frame of its own origin
	kind     fault.Kind // what X-Gateway-Response says; empty: nothing
}

// sheet is what a template gets.
type sheet struct {
	Page      Page
	Brand     face
	Prefix    string
	Style     string   // addresses of static files
	Scripts   []string // the same
	RequestID string
	Wide      bool
}

// face is the brand as templates show it.
type face struct {
	Title, Logo                 string
	SignInText, SignedOut, Help []string
}

// Page shows a view with a status. The page is complete before its first byte
// is written; an error means that nothing was.
func (rn *Renderer) Page(w http.ResponseWriter, r *http.Request, status int, page Page) error {
	body, err := rn.draw(page, RequestID(r.Context()))
	if err != nil {
		return err
	}
	clean(w.Header())
	rn.secure(w.Header(), page.look())
	if kind := page.look().kind; kind != "" {
		w.Header().Set("X-Gateway-Response", string(kind))
	}
	send(w, r, status, "text/html; charset=utf-8", body)
	return nil
}

// draw executes the template of a view.
func (rn *Renderer) draw(page Page, requestID string) ([]byte, error) {
	l := page.look()
	s := sheet{Page: page, Brand: rn.face, Prefix: rn.prefix, Style: rn.href("gateway.css"), RequestID: requestID, Wide: l.wide}
	for _, name := range l.scripts {
		s.Scripts = append(s.Scripts, rn.href(name))
	}
	var out bytes.Buffer
	if err := rn.templates[l.template].ExecuteTemplate(&out, "layout.html", s); err != nil {
		return nil, fmt.Errorf("draw page %s: %w", l.template, err)
	}
	return out.Bytes(), nil
}

// send writes a complete answer. HEAD gets the headers of GET, without the body.
func send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if id := RequestID(r.Context()); id != "" {
		h.Set("X-Request-Id", id)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client is gone, and nobody is left to be told
	}
}

// clean takes away what a handler has said of the body that it meant to send.
func clean(h http.Header) {
	for _, name := range [...]string{"Content-Encoding", "Content-Range", "Accept-Ranges", "Etag", "Last-Modified", "Location", "Trailer"} {
		h.Del(name)
	}
}
