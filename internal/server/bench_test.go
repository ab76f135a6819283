package server_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// BenchmarkSignedIn is the whole signed-in path: headers, session, access line,
// upstream. BenchmarkBareReverseProxy is what of that is net/http's own. Both are
// without the client's connection, and the upstream costs no allocation.
func BenchmarkSignedIn(b *testing.B) {
	g := gatewaytest.Start(b, gatewaytest.Options{Routes: "  - {path: /bench, to: [\"" + constant(b) + "\"]}\n"})
	g.Log.Discard()
	browser := g.Browser()
	browser.SignIn("/bench", "alice")
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, g.URL.String()+"/bench", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.RemoteAddr, r.RequestURI = "127.0.0.1:1", "/bench"
	r.Header.Set("Cookie", "esgateway_session="+browser.Cookie("esgateway_session"))
	r.Header.Set("User-Agent", "bench")
	r.Header.Set("Accept", "*/*")
	serve(b, g.Handler, r)
}

func BenchmarkBareReverseProxy(b *testing.B) {
	to, err := url.Parse(constant(b))
	if err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	b.Cleanup(transport.CloseIdleConnections)
	bare := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, Transport: transport}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://localhost/bench", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.RemoteAddr, r.RequestURI = "127.0.0.1:1", "/bench"
	r.Header.Set("User-Agent", "bench")
	r.Header.Set("Accept", "*/*")
	serve(b, bare, r)
}

func serve(b *testing.B, h http.Handler, r *http.Request) {
	b.ReportAllocs()
	for b.Loop() {
		w := &discarding{header: http.Header{}}
		h.ServeHTTP(w, r)
		if w.status != http.StatusOK || w.bytes != 5 {
			b.Fatalf("%d, %d bytes", w.status, w.bytes)
		}
	}
}

// discarding is a client that keeps the status.
type discarding struct {
	header        http.Header
	status, bytes int
}

func (d *discarding) Header() http.Header    { return d.header }
func (d *discarding) WriteHeader(status int) { d.status = status }
func (d *discarding) Flush()                 {}
func (d *discarding) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return len(p), nil
}

// constant is an upstream that gives every request without a body the same answer.
func constant(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewReader(c); ; {
					line, err := lines.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) == 2 {
						_, _ = c.Write(answer)
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}
