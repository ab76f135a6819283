package proxy

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/web"
)

// failure makes an upstream's error a fault of ours. The route's name and the
// addresses in err are for the log; people read none of them.
func (rt *route) failure(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*gate.Unusable](err); ok {
		return err
	}
	named := fmt.Errorf("route %s: %w", rt.name(), err)
	none, isNone := errors.AsType[*exhausted](err)
	switch {
	case isBrokenRequest(err):
		return fault.Because(fault.BadRequest, named)
	case isNone, isUnconnected(err):
		f := fault.Because(fault.UpstreamUnreachable, named)
		if rt.Elasticsearch {
			f.Kind = fault.ElasticsearchUnavailable
		}
		if isNone {
			f.RetryAfter = none.wait
		}
		return f
	case isLate(err):
		return fault.Because(fault.UpstreamTimeout, named)
	}
	return fault.Because(fault.UpstreamFailed, named)
}

// answer is the body of an upstream's answer. An answer that breaks off is ended
// by the reverse proxy, which aborts the client's connection; here it is logged,
// since nobody else does.
type answer struct {
	io.ReadCloser
	response *http.Response
	route    *route
	log      *slog.Logger
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		cleanAnswer(a.response.Trailer) // headers that come late
		return n, err
	}
	if ctx := a.response.Request.Context(); err != nil && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "an answer broke off", "http.request.id", web.RequestID(ctx),
			"esgateway.route", a.route.name(), "error.message", err.Error())
	}
	return n, err
}
