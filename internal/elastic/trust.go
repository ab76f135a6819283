package elastic

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	// maxHeader is far over what Elasticsearch sends, warnings included.
	maxHeader = 64 << 10
	// idleConnections to each node: a burst of sign-ins finds its connections open.
	idleConnections = 32
	// idleTime is less than what balancers between us and Elasticsearch allow (60 s),
	// so that we close first and no call is lost on a connection that was just closed.
	idleTime = 30 * time.Second
)

// newConnections makes what carries the calls to one host: HTTP/1.1, no proxy from the
// environment (a request header must never become one: httpoxy), no redirects, which
// a RoundTripper never follows.
func newConnections(c Config, host string) (*http.Transport, error) {
	trust, err := c.trust(host)
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: c.ConnectTimeout}).DialContext,
		TLSHandshakeTimeout:    c.ConnectTimeout,
		TLSClientConfig:        trust,
		Protocols:              &protocols,
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
	}, nil
}

func (c Config) trust(host string) (*tls.Config, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	sum, err := c.pin()
	switch {
	case err != nil:
		return nil, err
	case sum != nil:
		trust.InsecureSkipVerify = true // VerifyConnection decides instead
		trust.VerifyConnection = func(s tls.ConnectionState) error { return pinned(s.PeerCertificates, host, sum) }
	case c.CA != "":
		if trust.RootCAs, err = readCA(c.CA); err != nil {
			return nil, err
		}
	}
	return trust, nil
}

// readCA never falls back to the system's authorities: a broken file is an error.
func readCA(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("ca: " + file + " holds no certificate in PEM")
	}
	return pool, nil
}

// errPin is what a connection to a stranger ends with.
var errPin = errors.New("the fingerprint fits neither the certificate nor its authority")

// pinned accepts a node whose certificate has the fingerprint, or was signed, for
// this host, by the authority that has it. That an authority's certificate was only
// sent along proves nothing: everybody has a copy. The host is the caller's, since the
// state of a connection names none when it is an IP address.
func pinned(chain []*x509.Certificate, host string, sum []byte) error {
	if len(chain) == 0 {
		return errPin
	}
	if has(chain[0], sum) {
		return nil
	}
	opts := x509.VerifyOptions{DNSName: host, Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
	found := false
	for _, c := range chain[1:] {
		if has(c, sum) {
			opts.Roots.AddCert(c)
			found = true
			continue
		}
		opts.Intermediates.AddCert(c)
	}
	if !found {
		return errPin
	}
	_, err := chain[0].Verify(opts)
	return err
}

func has(c *x509.Certificate, sum []byte) bool {
	got := sha256.Sum256(c.Raw)
	return bytes.Equal(got[:], sum)
}
