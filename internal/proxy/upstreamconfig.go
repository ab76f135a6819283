package proxy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// UpstreamConfig is the part of a route that says where it leads and how the
// connections there are made.
type UpstreamConfig struct {
	// To are the upstream's addresses: http://app:3000, https://app:3443,
	// h2c://app:3000 for HTTP/2 without TLS (which has no WebSockets), or
	// unix:///run/app.sock. Several take turns. One that fails three times in a
	// row is left out, for 10s at first and for 5m at most, and is then tried
	// with one request at a time. What cannot have arrived is sent to the next one.
	To []string `yaml:"to"`
	// Health asks each address by itself how it is.
	Health Health `yaml:"health"`
	// CA is a file with the certificates that the upstream's is checked
	// against. Empty: those of the system.
	CA string `yaml:"ca"`
	// ServerName is the name that the upstream's certificate must have, where it
	// is not that of the address.
	ServerName string `yaml:"server_name"`
	// ClientCert is a PEM file with the certificate that the gateway shows to the
	// upstream.
	ClientCert string `yaml:"client_cert"`
	// ClientKey is the PEM file with the private key of client_cert.
	ClientKey string `yaml:"client_key"`
	// ConnectTimeout bounds connecting to an address, and again the TLS
	// handshake. Empty: 5s.
	ConnectTimeout Limit `yaml:"connect_timeout"`
	// ResponseHeaderTimeout bounds the time from the end of a request to the
	// beginning of its answer. Empty: 60s, and off for elasticsearch, where a
	// search may take as long as it likes.
	ResponseHeaderTimeout Limit `yaml:"response_header_timeout"`
	// IdleTimeout closes connections that are not used for so long. It should be
	// less than what the upstream allows. Empty: 55s.
	IdleTimeout Limit `yaml:"idle_timeout"`
	// MaxConnections bounds the connections to each address, those of WebSockets
	// among them; further requests wait for one. 0: no bound.
	MaxConnections int `yaml:"max_connections"`
	// QueueTimeout bounds that waiting, connecting included; then the next address
	// is tried, and at the end the answer is 503. Empty: 15s.
	QueueTimeout Limit `yaml:"queue_timeout"`
}

// Health is a route's section "health".
type Health struct {
	// Path is asked for with GET; any status from 200 to 399 is good. An address
	// that fails twice in a row gets no requests until it is well. Empty: off.
	Path string `yaml:"path"`
	// Every is how often. Empty: 10s.
	Every Limit `yaml:"every"`
}

// What holds where a route says nothing.
const (
	connectTime = 5 * time.Second
	headerTime  = time.Minute
	// idleTime is less than the 60 s after which most servers and balancers close,
	// so that we close first and no request is lost on a connection just closed.
	idleTime   = 55 * time.Second
	healthTime = 10 * time.Second
)

// responseHeaderTime is the limit as net/http takes it.
func (c RouteConfig) responseHeaderTime() time.Duration {
	if c.Elasticsearch {
		return c.ResponseHeaderTimeout.or(0)
	}
	return c.ResponseHeaderTimeout.or(headerTime)
}

// check notes what is wrong, by yaml key. Files are the reader's business.
func (c UpstreamConfig) check(bad map[string]error) {
	c.checkTo(bad)
	c.checkTLS(bad)
	if c.ConnectTimeout == Off {
		bad["connect_timeout"] = errors.New("cannot be off: an address that does not answer would hold requests for minutes")
	}
	if c.MaxConnections < 0 {
		bad["max_connections"] = fmt.Errorf("%d is less than 0; leave it out for no bound", c.MaxConnections)
	}
	if c.QueueTimeout != 0 && c.MaxConnections == 0 {
		bad["queue_timeout"] = errors.New("does nothing without max_connections; leave it out, or write both")
	}
	if c.QueueTimeout == Off {
		bad["queue_timeout"] = errors.New("cannot be off: requests would wait without end")
	}
	if c.Health.Path == "" && c.Health.Every != 0 {
		bad["health.path"] = errors.New("is missing; it is what is asked for, for example /health")
	}
	if c.Health.Path != "" && (!strings.HasPrefix(c.Health.Path, "/") || strings.ContainsAny(c.Health.Path, "# \\")) {
		bad["health.path"] = fmt.Errorf("%q is no path; write for example /health", c.Health.Path)
	}
	if c.Health.Every == Off {
		bad["health.every"] = errors.New("cannot be off; leave health out")
	}
}

func (c UpstreamConfig) checkTo(bad map[string]error) {
	if len(c.To) == 0 {
		bad["to"] = errors.New("is missing; it lists the upstream's addresses, for example [http://app:3000]")
	}
	for i, to := range c.To {
		if _, err := parseAddress(to); err != nil {
			bad["to"] = err
		} else if slices.Contains(c.To[:i], to) {
			bad["to"] = fmt.Errorf("%q is there twice", to)
		}
	}
}

// checkTLS refuses settings that would do nothing: whoever wrote them believes
// that the way to the upstream is encrypted.
func (c UpstreamConfig) checkTLS(bad map[string]error) {
	secure := slices.ContainsFunc(c.To, func(to string) bool { return strings.HasPrefix(to, "https://") })
	for key, value := range map[string]string{"ca": c.CA, "server_name": c.ServerName, "client_cert": c.ClientCert} {
		if value != "" && !secure && len(c.To) > 0 {
			bad[key] = errors.New("does nothing, since no address is https; leave it out, or write https:// in to")
		}
	}
	switch {
	case c.ClientCert != "" && c.ClientKey == "":
		bad["client_key"] = errors.New("is missing; it is the PEM file with the private key of client_cert")
	case c.ClientCert == "" && c.ClientKey != "":
		bad["client_cert"] = errors.New("is missing; it is the PEM file with the certificate of client_key")
	}
}
