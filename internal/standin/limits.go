package standin

import (
	"net/http"
	"slices"
	"strings"
)

// The limits of the HTTP layer (HTTP contract 7).
const (
	maxInitialLine = 4096
	maxHeaderSize  = 16384
)

// checkHeaders are the checks that come before authentication.
func (c *call) checkHeaders() error {
	if err := checkSizes(c.request); err != nil {
		return err
	}
	return checkSingleValues(c.request)
}

func checkSizes(r *http.Request) error {
	if len(r.Method)+1+len(r.RequestURI)+1+len(r.Proto) > maxInitialLine {
		return &exception{
			status: http.StatusBadRequest, kind: "too_long_http_line_exception",
			reason: "An HTTP line is larger than 4096 bytes.", java: true,
		}
	}
	size := len("Host") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	if size > maxHeaderSize {
		return &exception{
			status: http.StatusBadRequest, kind: "too_long_http_header_exception",
			reason: "HTTP header is larger than 16384 bytes.", java: true,
		}
	}
	return nil
}

// singleValued are the headers that Elasticsearch copies into its thread
// context and that may have one value.
func singleValued() []string {
	return []string{
		"Authorization", "es-security-runas-user", "es-secondary-authorization", "ES-Client-Authentication",
		"X-Opaque-Id", "X-elastic-product-origin", "traceparent", "tracestate",
	}
}

func checkSingleValues(r *http.Request) error {
	for _, name := range singleValued() {
		values := slices.Clone(r.Header.Values(name))
		slices.Sort(values)
		if len(slices.Compact(values)) > 1 {
			return illegalArgument("multiple values for single-valued header [" + name + "].")
		}
	}
	return nil
}

// options answers OPTIONS, the only method that needs no credentials.
func (c *call) options() *answer {
	if c.request.ContentLength > 1 || len(c.request.TransferEncoding) > 0 {
		err := illegalArgument("OPTIONS requests with a payload body are not supported")
		return errorAnswer(err, false)
	}
	a := textAnswer("")
	if methods := allowed(c.node.routes, c.target.segments()); len(methods) > 0 {
		a.header.Set("Allow", strings.Join(methods, ","))
	}
	return a
}
