package target

import (
	"net/http"
	"strings"
)

// Target is what a request asks for. Only Parse and New make one.
type Target struct {
	Method string
	Host   string // lower case, no port, no trailing dot; an IPv6 address without brackets
	Port   string // "" if the request names none
	// Path is the path as it was sent. It starts with a slash, or is "*" (OPTIONS only).
	Path string
	// Segments are the parts of Path between slashes, decoded once: "/a/b%2Fc/" has
	// "a", "b/c" and "". None for "*".
	Segments []string
	// Query is what follows the first question mark, as it was sent, whatever it holds.
	Query string
	// HasQuery tells "/a?" from "/a".
	HasQuery bool
}

// Parse reads a request as the server got it. The host of an absolute target counts,
// as net/http has it, and must be the request's. The error is a Refusal.
func Parse(r *http.Request) (Target, error) {
	uri := r.RequestURI
	if uri == "" { // made by code, not read from a connection
		uri = r.URL.RequestURI()
	}
	return New(r.Method, r.Host, uri)
}

// New reads a request line by its parts: for a request that somebody else describes
// in headers (forward-auth). The error is a Refusal.
func New(method, host, uri string) (Target, error) {
	if !known(method) {
		return Target{}, ErrMethod
	}
	name, port, ok := splitHost(host)
	if !ok {
		return Target{}, ErrHost
	}
	rest, err := origin(method, uri, host)
	if err != nil {
		return Target{}, err
	}
	t := Target{Method: method, Host: name, Port: port}
	t.Path, t.Query, t.HasQuery = strings.Cut(rest, "?")
	if !clean(t.Query) {
		return Target{}, ErrByte
	}
	if t.Path == "*" {
		return t, nil
	}
	t.Segments, err = segments(t.Path)
	if err != nil {
		return Target{}, err
	}
	return t, nil
}

// RequestURI is path and query as they were sent.
func (t Target) RequestURI() string {
	if t.HasQuery {
		return t.Path + "?" + t.Query
	}
	return t.Path
}

// known: the methods that HTTP itself defines, without CONNECT and TRACE.
func known(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

// origin takes scheme and host off an absolute target.
func origin(method, uri, host string) (string, error) {
	switch {
	case strings.HasPrefix(uri, "/"):
		return uri, nil
	case uri == "*" && method == http.MethodOptions:
		return uri, nil
	}
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || !same(scheme, "http") && !same(scheme, "https") {
		return "", ErrForm
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if !same(rest[:end], host) {
		return "", ErrHost
	}
	if rest = rest[end:]; !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest, nil
}
