package server

import (
	"log/slog"
	"net"
	"net/http"

	"golang.org/x/net/netutil"

	"github.com/esgateway/esgateway/internal/config"
)

// NewHTTP makes the server that speaks to clients, within the limits. Its header
// time also bounds the TLS handshake. There is no limit on a request's whole time:
// see pace.
func NewHTTP(limits config.ClientLimits, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: limits.HeaderTime,
		IdleTimeout:       limits.IdleTime,
		MaxHeaderBytes:    limits.HeaderLimit,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: limits.MaxStreams,
			SendPingTimeout:      limits.IdleTime, // a client that vanished holds nothing
			WriteByteTimeout:     limits.ProgressTime,
		},
		ConnContext: remember,
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// bound lets at most so many connections be open at once. Further ones wait in
// the system's queue, where they cost the gateway nothing.
func bound(l net.Listener, limits config.ClientLimits) net.Listener {
	return netutil.LimitListener(l, limits.MaxConnections)
}
