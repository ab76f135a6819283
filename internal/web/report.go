package web

import (
	"log/slog"
	"net/http"

	"github.com/esgateway/esgateway/internal/fault"
)

// report writes the one log line of an error. A client that went away has
// broken nothing, whatever its leaving looks like from inside.
func (rn *Renderer) report(r *http.Request, f *fault.Error, cause string) {
	level, message := slog.LevelInfo, "request refused"
	status := Status(f.Kind)
	switch {
	case r.Context().Err() != nil:
		message = "the client went away"
	case status >= http.StatusInternalServerError:
		level, message = slog.LevelError, "request failed"
	}
	attrs := []slog.Attr{
		slog.String("http.request.id", RequestID(r.Context())),
		slog.String("http.request.method", r.Method),
		slog.Int("http.response.status_code", status),
		slog.String("event.outcome", "failure"),
		slog.String("error.code", string(f.Kind)),
		slog.String("error.message", cause),
	}
	if f.Cause != "" {
		attrs = append(attrs, slog.String("event.reason", f.Cause))
	}
	rn.log.LogAttrs(r.Context(), level, message, attrs...)
}

// understood is an error as a fault with a kind, and its text for the operator,
// whatever a handler has returned: an answer to nil must not fail either.
func understood(err error) (f *fault.Error, cause string) {
	f = fault.Of(err)
	switch {
	case err == nil, f == nil:
		return &fault.Error{Kind: fault.Internal}, "an error without any content was to be answered"
	case f.Kind == "":
		named := *f
		named.Kind = fault.Internal
		return &named, err.Error()
	default:
		return f, err.Error()
	}
}
