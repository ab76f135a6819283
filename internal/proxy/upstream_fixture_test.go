package proxy

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/metrics"
)

// clock is a time that moves when it is told to.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.at.Load()) }

func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// upstreamsOf makes the connections of a route.
func upstreamsOf(t *testing.T, c RouteConfig, now func() time.Time) (*upstreams, *route) {
	t.Helper()
	if bad := c.Check(); len(bad) > 0 {
		t.Fatal(bad)
	}
	routes, err := newTable([]RouteConfig{c}, "app.test")
	if err != nil {
		t.Fatal(err)
	}
	rt := routes["app.test"][0]
	us, err := newUpstreams(rt, Setup{Log: slog.New(slog.DiscardHandler), Metrics: metrics.Silent(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range us.all {
			if q, ok := u.connections.(queue); ok {
				u.connections = q.next
			}
			u.connections.(*http.Transport).CloseIdleConnections()
		}
	})
	return us, rt
}

// ask sends one request and returns the answer's body.
func ask(t *testing.T, us *upstreams, method, body string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, us.all[0].url.String()+"/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" { // as the server gives it: it cannot be read twice
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	resp, err := us.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return string(read), err
}

// well is an upstream that answers with its name and what it was sent.
func well(t *testing.T, name string) (to string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, name+string(body))
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// gone is an address where nobody listens.
func gone(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// hostile is an upstream that reads the header of a request and then does
// something to the connection, which is closed afterwards.
func hostile(t *testing.T, do func(*net.TCPConn)) (to string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				asked.Add(1)
				do(c.(*net.TCPConn))
			}()
		}
	}()
	return "http://" + l.Addr().String(), asked
}

// The things that a hostile upstream does.

func reset(c *net.TCPConn) { _ = c.SetLinger(0) }

func hangUp(*net.TCPConn) {}

func silent(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) } // until the other side goes

func says(text string) func(*net.TCPConn) {
	return func(c *net.TCPConn) { _, _ = io.WriteString(c, text) }
}

func saysAndResets(text string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		_, _ = io.WriteString(c, text)
		// What has arrived would be lost by a reset that overtakes it.
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, _ = io.Copy(io.Discard, c)
		reset(c)
	}
}

// pair is a certificate with its key, and the files that hold them.
type pair struct {
	tls               tls.Certificate
	certFile, keyFile string
}

// certificate makes a certificate that signs itself.
func certificate(t *testing.T, names ...string) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p := pair{certFile: filepath.Join(t.TempDir(), "tls.crt"), keyFile: filepath.Join(t.TempDir(), "tls.key")}
	for name, block := range map[string]*pem.Block{p.certFile: {Type: "CERTIFICATE", Bytes: der}, p.keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if p.tls, err = tls.LoadX509KeyPair(p.certFile, p.keyFile); err != nil {
		t.Fatal(err)
	}
	return p
}

// secured is an upstream with TLS that asks for the client's certificate if
// client is not nil. It answers with protocol and client.
func secured(t *testing.T, server pair, client *pair) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := r.Proto
		if len(r.TLS.PeerCertificates) > 0 {
			said += " " + r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = io.WriteString(w, said)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{server.tls}}
	if client != nil {
		s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		s.TLS.ClientCAs.AddCert(client.tls.Leaf)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// eventually waits for a condition, much longer than it should take.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
