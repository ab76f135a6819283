package web

import (
	"net/http"

	"github.com/esgateway/esgateway/internal/fault"
)

// Status is the HTTP status of a kind of failure. It is the one place that says
// so. A kind that is not listed is a bug, and so is Internal.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.BadRequest, fault.SignInUnknown, fault.SignOutRefused, fault.CookiesBlocked:
		return http.StatusBadRequest
	// 401 for a refused sign-in too: to a client with a bad certificate or
	// ticket this is what Elasticsearch itself says.
	case fault.LoginRequired, fault.SignInFailed, fault.TwoSessions:
		return http.StatusUnauthorized
	// Not 401 for a loop: a front that turns 401 into a sign-in would go on with it.
	case fault.Forbidden, fault.NoRoles, fault.CrossOrigin, fault.SignInLoop:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	// Not 503: waiting does not help, an operator must act; and what a broken
	// upstream has done already nobody knows.
	case fault.Misconfigured, fault.UpstreamFailed:
		return http.StatusBadGateway
	case fault.UpstreamTimeout:
		return http.StatusGatewayTimeout
	case fault.UpstreamUnreachable, fault.ElasticsearchUnavailable, fault.StoreUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
