package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
)

const (
	// maxIdle is how many connections to an address wait for the next request.
	maxIdle = 256
	// maxHeaderSize bounds the header of an answer; a bigger one is an error.
	maxHeaderSize = 1 << 20
)

// newTransport makes the connections of a route to one address. connected hears
// of each one that stands.
func newTransport(c RouteConfig, a address, trust *tls.Config, connected func()) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(!a.h2c)
	protocols.SetUnencryptedHTTP2(a.h2c)
	protocols.SetHTTP2(!a.h2c && !c.Elasticsearch) // which Elasticsearch does not speak
	d := &dialer{address: a, timeout: c.ConnectTimeout.or(connectTime), tls: trust, http2: protocols.HTTP2(), connected: connected}
	return &http.Transport{
		Proxy:                  nil, // never taken from the environment or a request (httpoxy)
		DialContext:            d.plain,
		DialTLSContext:         d.secure,
		Protocols:              &protocols,
		ResponseHeaderTimeout:  c.responseHeaderTime(),
		ExpectContinueTimeout:  continueTime,
		IdleConnTimeout:        c.IdleTimeout.or(idleTime),
		MaxIdleConns:           0,
		MaxIdleConnsPerHost:    maxIdle,
		MaxConnsPerHost:        c.MaxConnections,
		MaxResponseHeaderBytes: maxHeaderSize,
		DisableCompression:     true, // bytes pass as they are
	}
}

// newTrust reads whom a route trusts and who the gateway is to its upstream. A
// file that cannot be used is an error: there is no falling back to the system's
// authorities.
func newTrust(c UpstreamConfig) (*tls.Config, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("read ca: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca %s holds no certificate in PEM", c.CA)
		}
	}
	if c.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("client_cert %s: %w", c.ClientCert, err)
		}
		trust.Certificates = []tls.Certificate{pair}
	}
	return trust, nil
}
