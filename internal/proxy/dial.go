package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// dialer makes the connections to one address. TLS is its business and not that
// of net/http, so that every error of it is known to come before the request.
type dialer struct {
	address
	timeout time.Duration
	tls     *tls.Config
	// http2 offers HTTP/2.
	http2 bool
	// connected hears of every connection that stands.
	connected func()
}

// unconnected is an error from before there was a connection: of the request
// nothing was sent.
type unconnected struct{ error }

// Unwrap returns the cause.
func (e *unconnected) Unwrap() error { return e.error }

// plain connects without TLS.
func (d *dialer) plain(ctx context.Context, network, host string) (net.Conn, error) {
	c, err := d.connect(ctx, network, host)
	if err != nil {
		return nil, err
	}
	d.connected()
	return c, nil
}

func (d *dialer) connect(ctx context.Context, network, host string) (net.Conn, error) {
	if d.socket != "" {
		network, host = "unix", d.socket
	}
	c, err := (&net.Dialer{Timeout: d.timeout, KeepAlive: 30 * time.Second}).DialContext(ctx, network, host)
	if err != nil {
		return nil, &unconnected{err}
	}
	return newConn(c), nil
}

// secure connects with TLS.
func (d *dialer) secure(ctx context.Context, network, host string) (net.Conn, error) {
	raw, err := d.connect(ctx, network, host)
	if err != nil {
		return nil, err
	}
	config := d.tls.Clone()
	config.ServerName = cmp.Or(config.ServerName, d.url.Hostname())
	if d.http2 && !upgrades(ctx) {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	c := tls.Client(raw, config)
	shaking, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := c.HandshakeContext(shaking); err != nil {
		_ = raw.Close() // it never stood
		return nil, &unconnected{err}
	}
	d.connected()
	return c, nil
}

// upgrades reports whether the connection is made for a WebSocket, which HTTP/2
// as net/http has it does not know. It keeps such connections apart.
func upgrades(ctx context.Context) bool {
	e := exchangeOf(ctx)
	return e != nil && e.upgrade
}

// conn remembers whether anything came back since something was last sent.
type conn struct {
	net.Conn
	quiet atomic.Bool
}

func newConn(c net.Conn) *conn { return &conn{Conn: c} }

// silence is the error of a connection that broke before a byte of the answer.
type silence struct{ error }

// Unwrap returns the cause.
func (e *silence) Unwrap() error { return e.error }

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.quiet.Store(false)
	}
	return n, c.judge(err)
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.quiet.Store(true)
	n, err := c.Conn.Write(p)
	return n, c.judge(err)
}

// judge leaves io.EOF as it is: net/http compares with it, and tells the end of
// an answer that has begun by another error.
func (c *conn) judge(err error) error {
	if err == nil || err == io.EOF || !c.quiet.Load() { //nolint:errorlint // a net.Conn returns it bare
		return err
	}
	return &silence{err}
}
