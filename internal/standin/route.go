package standin

import (
	"net/http"
	"slices"
	"strings"
)

// An action is what a handler does once nothing is left to refuse.
type action func() (*answer, error)

// A route is one endpoint. prepare reads parameters and body and returns the
// action; validation and privileges belong to the action.
type route struct {
	methods []string
	path    string
	params  []string // beyond the common ones
	body    bodyKind
	prepare func(*call) (action, error)
	pattern []string // path, split once
}

type bodyKind int

const (
	noBody      bodyKind = iota
	jsonBody             // JSON
	lineBody             // newline-delimited JSON
	ignoredBody          // read by nobody, refused by nobody
)

// A matched route and the decoded values of its wildcards.
type matched struct {
	route  route
	values map[string]string
}

func newRoute(methods []string, path string, params []string, body bodyKind, prepare func(*call) (action, error)) route {
	return route{methods, path, params, body, prepare, target{path: path}.segments()}
}

func methods(names ...string) []string { return names }

// match finds the route. Literal segments beat wildcards because the table
// lists them first.
func match(table []route, method string, segments []string) (matched, bool) {
	for _, rt := range table {
		if !slices.Contains(rt.methods, method) {
			continue
		}
		if values, fits := rt.fits(segments); fits {
			return matched{rt, values}, true
		}
	}
	return matched{}, false
}

func (rt route) fits(segments []string) (map[string]string, bool) {
	pattern := rt.pattern
	if len(pattern) != len(segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, part := range pattern {
		name, wildcard := strings.CutPrefix(part, "{")
		if !wildcard {
			if part != segments[i] {
				return nil, false
			}
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if name == "index" && !indexSegment(segments[i]) {
			return nil, false
		}
		value, err := decodePercent(segments[i], false)
		if err != nil {
			return nil, false
		}
		values[name] = value
	}
	return values, true
}

// indexSegment tells whether a raw segment may name indices: what begins with a
// raw underscore is an endpoint, known or not; "%5Fsearch" is an index.
func indexSegment(raw string) bool { return !strings.HasPrefix(raw, "_") || raw == "_all" }

// allowed lists the methods of a path in the order of 9.x.
func allowed(table []route, segments []string) []string {
	var list []string
	for _, method := range []string{
		http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodPatch,
	} {
		if _, fits := match(table, method, segments); fits {
			list = append(list, method)
		}
	}
	return list
}

// noRoute is the answer when nothing matched: 405 when the path has other
// methods or the method is none, 400 otherwise.
func (c *call) noRoute() error {
	list := allowed(c.node.routes, c.target.segments())
	tail := ", allowed: [" + strings.Join(list, ", ") + "]"
	e := &plainError{status: http.StatusMethodNotAllowed, allow: strings.Join(list, ",")}
	switch {
	case !knownMethod(c.request.Method):
		e.text = "Unexpected http method: " + c.request.Method + tail
	case len(list) > 0:
		e.text = "Incorrect HTTP method for uri [" + c.target.raw + "] and method [" + c.request.Method + "]" + tail
	default:
		text := "no handler found for uri [" + c.target.raw + "] and method [" + c.request.Method + "]"
		return &plainError{status: http.StatusBadRequest, text: text, noStatus: true}
	}
	return e
}

func knownMethod(name string) bool {
	return slices.Contains([]string{
		http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions,
		http.MethodHead, http.MethodPatch, http.MethodTrace, http.MethodConnect,
	}, name)
}
