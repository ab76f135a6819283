// Package server is the roof: it builds the gateway from a configuration that
// is known to be good, listens, orders what happens around every request, and
// drains at the end.
//
//	Build   doors (elastic, web, metrics, audit) -> session -> login -> gate
//	        -> proxy, each given what it needs, on one screen (build.go)
//	Run     store, listeners, background work, drain (run.go)
//	around every request, from the outside in (middleware.go):
//	        request id -> access line and metrics -> recover -> own host?
//	        -> /_gateway/... : pages    anything else : proxy
//
// The operations listener (ops.go) is another address: /livez, /readyz,
// /metrics. It knows nothing of sessions and shows no secret.
package server
