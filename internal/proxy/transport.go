package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// The bounds on upstream connections. An answer may take as long as it likes:
// a search that is slow is the upstream's business; the client can leave.
const (
	dialTime      = 5 * time.Second
	handshakeTime = 10 * time.Second
	idleTime      = 90 * time.Second
	maxIdle       = 256
	maxHeaderSize = 1 << 20
)

// newTransport makes the connections of one route. A CA file that cannot be
// used is an error: there is no falling back to the system's authorities.
func newTransport(c RouteConfig) (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("read ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca %s holds no certificate in PEM", c.CA)
		}
	}
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  nil, // never taken from the environment or a request (httpoxy)
		DialContext:            dialer.DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    handshakeTime,
		IdleConnTimeout:        idleTime,
		MaxIdleConns:           0,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxHeaderSize,
		DisableCompression:     true, // bytes pass as they are
		ForceAttemptHTTP2:      !c.Elasticsearch,
	}, nil
}
