package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// tcp is an upstream that does something to every connection, after the header
// of a request has come, and closes it.
func tcp(t *testing.T, do func(*net.TCPConn)) string {
	t.Helper()
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
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					do(c.(*net.TCPConn))
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func says(text string) func(*net.TCPConn) {
	return func(c *net.TCPConn) { _, _ = io.WriteString(c, text) }
}

func TestErrorsOfUpstreams(t *testing.T) {
	t.Parallel()
	upstreams := []struct {
		path, to, kind string
		status         int
	}{
		{"/reset", tcp(t, func(c *net.TCPConn) { _ = c.SetLinger(0) }), "upstream_failed", 502},
		{"/half", tcp(t, says("HTTP/1.1 200 OK\r\nContent-Ty")), "upstream_failed", 502},
		{"/silent", tcp(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }), "upstream_timeout", 504},
		{"/notls", strings.Replace(tcp(t, says("no")), "http:", "https:", 1), "upstream_unavailable", 503},
		{"/refused", "http://127.0.0.1:1", "upstream_unavailable", 503},
	}
	var routes strings.Builder
	for _, u := range upstreams {
		_, _ = fmt.Fprintf(&routes, "  - {path: %s, to: [%q], response_header_timeout: 200ms}\n", u.path, u.to)
		_, _ = fmt.Fprintf(&routes, "  - {path: /es%s, to: [%q], response_header_timeout: 200ms, elasticsearch: true}\n", u.path, u.to)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: routes.String()})
	b := g.Browser()
	b.SignIn("/", "alice")
	for _, u := range upstreams {
		id := func(got gatewaytest.Reply) string { return got.Header.Get("X-Request-Id") }
		page := b.Get(u.path)
		api := b.API(http.MethodPost, u.path, "{}")
		es := b.API(http.MethodGet, "/es"+u.path, "")
		esKind := strings.Replace(u.kind, "upstream_unavailable", "elasticsearch_unavailable", 1)
		for got, kind := range map[*gatewaytest.Reply]string{&page: u.kind, &api: u.kind, &es: esKind} {
			if got.Status != u.status || got.Header.Get("X-Gateway-Response") != kind {
				t.Errorf("%s: got %d %s, want %d %s", u.path, got.Status, got.Header.Get("X-Gateway-Response"), u.status, kind)
			}
			if (got.Status == http.StatusServiceUnavailable) != (got.Header.Get("Retry-After") != "") {
				t.Errorf("%s: %d with Retry-After %q", u.path, got.Status, got.Header.Get("Retry-After"))
			}
			if strings.Contains(got.Body, "127.0.0.1") || !strings.Contains(got.Body, id(*got)) {
				t.Errorf("%s: %s", u.path, got.Body)
			}
		}
		if !strings.Contains(page.Header.Get("Content-Type"), "text/html") || !strings.Contains(api.Body, `{"error":{"kind":"`+u.kind) || !strings.Contains(es.Body, `"root_cause"`) {
			t.Errorf("%s: %s %s %s", u.path, page.Header.Get("Content-Type"), api.Body, es.Body)
		}
		line := lineOf(g.Log.String(), id(page), "request failed")
		if !strings.Contains(line, "route localhost"+u.path) {
			t.Errorf("%s: the log says %s", u.path, line)
		}
	}
	if got := b.Get("/"); got.Status != http.StatusOK {
		t.Errorf("the session is gone: %d", got.Status)
	}
}

func lineOf(log string, texts ...string) string {
lines:
	for line := range strings.Lines(log) {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue lines
			}
		}
		return line
	}
	return ""
}

// An answer that the upstream breaks off must not look like a whole one.
func TestHalfAnAnswerNeverLooksWhole(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"by length":      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
		"in chunks":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
		"within a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
		"at a trailer":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n4\r\nhalf\r\n0\r\nX: y",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{Routes: fmt.Sprintf("  - {path: /half, to: [%q]}\n", tcp(t, says(text)))})
			b := g.Browser()
			b.SignIn("/", "alice")
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL.String()+"/half", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := b.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("%d %q looks whole", resp.StatusCode, body)
			}
			id := resp.Header.Get("X-Request-Id")
			gatewaytest.Eventually(t, "a line in the log", func() bool {
				return strings.Contains(lineOf(g.Log.String(), id, "an answer broke off"), `localhost/half`)
			})
		})
	}
}

func TestElasticsearchsOwnErrorsPassThrough(t *testing.T) {
	t.Parallel()
	statuses := []int{400, 403, 404, 409, 413, 429, 500, 502, 503, 504}
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, err := fmt.Sscanf(r.URL.Path, "/es/%d", &status); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Retry-After", "17")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"status":%d}`, status)
	})})
	b := g.Browser()
	b.SignIn("/", "alice")
	for _, status := range statuses {
		got := b.API(http.MethodGet, fmt.Sprintf("/es/%d", status), "")
		if got.Status != status || got.Body != fmt.Sprintf(`{"status":%d}`, status) || got.Header.Get("Retry-After") != "17" ||
			got.Header.Get("X-Elastic-Product") != "Elasticsearch" || got.Header.Get("X-Gateway-Response") != "" {
			t.Errorf("%d: got %d %s %v", status, got.Status, got.Body, got.Header)
		}
	}
}

func TestUpstreamsOfEveryKind(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "gw") // the name of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "app.sock")
	tell := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := "nobody"
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			client = r.TLS.PeerCertificates[0].Subject.String()
		}
		_, _ = fmt.Fprintf(w, "%s %s host=%s prefix=%q client=%s", r.Proto, r.RequestURI, r.Host, r.Header.Get("X-Forwarded-Prefix"), client)
	})
	start(t, tell, func(s *httptest.Server) {
		_ = s.Listener.Close()
		if s.Listener, err = net.Listen("unix", socket); err != nil {
			t.Fatal(err)
		}
		s.Start()
	})
	h2c := start(t, tell, func(s *httptest.Server) {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
	})
	secure := start(t, tell, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		s.StartTLS()
	})
	cert, key := files(t, dir, secure)
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: fmt.Sprintf(`
  - {path: /socket, to: ["unix://%s"]}
  - {path: /h2c, to: ["%s"], strip_prefix: true}
  - {path: /tls, to: ["%s"], ca: "%s", server_name: example.com, client_cert: "%s", client_key: "%s", strip_prefix: true, health: {path: /h}}
  - {path: /strip, to: ["{{app}}"], elasticsearch: true, strip_prefix: true}
`, socket, strings.Replace(h2c.URL, "http:", "h2c:", 1), secure.URL, cert, cert, key)})
	b := g.Browser()
	b.SignIn("/", "alice")
	host := g.URL.Host
	for path, want := range map[string]string{
		"/socket/x?y":   `HTTP/1.1 /socket/x?y host=` + host + ` prefix="" client=nobody`,
		"/h2c/x%2Fy;z?": `HTTP/2.0 /x%2Fy;z? host=` + host + ` prefix="/h2c" client=nobody`,
		"/h2c":          `HTTP/2.0 / host=` + host + ` prefix="/h2c" client=nobody`,
		"/tls/":         `HTTP/2.0 / host=` + host + ` prefix="/tls" client=O=Acme Co`,
	} {
		if got := b.Get(path, "X-Forwarded-Prefix", "/forged"); got.Body != want {
			t.Errorf("%s: got %d %s, want %s", path, got.Status, got.Body, want)
		}
	}
	// What is refused at Elasticsearch is refused in the path that it will see.
	if got := b.API(http.MethodGet, "/strip/_nodes/http", ""); got.Status != http.StatusBadRequest {
		t.Errorf("/_nodes/http behind a prefix: %d", got.Status)
	}
	if got := b.API(http.MethodGet, "/strip//_nodes/http", ""); got.Status < 400 {
		t.Errorf("//_nodes/http behind a prefix: %d", got.Status)
	}
	if got := b.API(http.MethodGet, "/strip/_nodes", ""); got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "GET /_nodes\n") {
		t.Errorf("/_nodes behind a prefix: %d %s", got.Status, got.Body)
	}
}

func start(t *testing.T, h http.Handler, how func(*httptest.Server)) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	how(s)
	t.Cleanup(s.Close)
	return s
}

// files writes the server's own pair into files.
func files(t *testing.T, dir string, s *httptest.Server) (cert, key string) {
	t.Helper()
	pair := s.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// One of two nodes is gone: nobody notices, and ES's own 401 still renews once.
func TestElasticsearchWithANodeThatIsGone(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: `  - {path: /reports, to: ["https://127.0.0.1:1", "{{es}}"], ca: "{{ca}}", elasticsearch: true}` + "\n"})
	b := g.Browser()
	b.SignIn("/", "alice")
	for i := range 12 {
		if i%4 == 2 {
			token := between(b.Get("/").Body, "Authorization: Bearer ", "\r\n")
			elastic(t, g, http.MethodDelete, "/_security/oauth2/token", `{"token":"`+token+`"}`)
		}
		if got := b.API(http.MethodPost, "/reports/_search", `{"size":1}`); got.Status != http.StatusOK {
			t.Errorf("request %d: %d %s", i, got.Status, got.Body)
		}
	}
	if n := g.ES.Counters().Refreshes; n != 3 {
		t.Errorf("%d refreshes, want 3", n)
	}
	if line := lineOf(g.Log.String(), "an upstream is left out", "https://127.0.0.1:1", "localhost/reports"); line == "" {
		t.Error("nothing in the log")
	}
}

// An application that goes and comes back: an error while it is gone, and the
// next request after its return succeeds. Nothing is sent twice.
func TestAFlappingApplication(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: fmt.Sprintf("  - {path: /flap, to: [\"http://%s\"]}\n", address)})
	b := g.Browser()
	b.SignIn("/", "alice")
	var good int32
	for range 5 {
		s := httptest.NewUnstartedServer(app)
		_ = s.Listener.Close()
		s.Listener = l
		s.Start()
		for range 5 {
			if got := b.API(http.MethodPost, "/flap", "order"); got.Status == http.StatusOK {
				good++
			} else {
				t.Errorf("up: %d %s", got.Status, got.Body)
			}
		}
		s.Close()
		for range 8 {
			if got := b.API(http.MethodPost, "/flap", "order"); got.Status < 500 {
				t.Errorf("down: %d", got.Status)
			}
		}
		if l, err = net.Listen("tcp", address); err != nil {
			t.Skip("the port is somebody else's now: ", err)
		}
	}
	_ = l.Close()
	if arrived.Load() != good {
		t.Errorf("%d arrived, %d were answered", arrived.Load(), good)
	}
}

// A slow upstream with many waiting clients holds up nobody else, and a client
// that leaves frees its request at once.
func TestClientsThatLeaveFreeTheUpstream(t *testing.T) {
	t.Parallel()
	var waiting atomic.Int32
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			waiting.Add(1)
			<-r.Context().Done()
			waiting.Add(-1)
		}
	})})
	b := g.Browser()
	b.SignIn("/", "alice")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const clients = 200
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL.String()+"/slow", nil)
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err := b.Do(r); err == nil {
				resp.Body.Close()
				t.Error("answered")
			}
		})
	}
	gatewaytest.Eventually(t, "all wait", func() bool { return waiting.Load() == clients })
	if got := b.Get("/fast"); got.Status != http.StatusOK {
		t.Errorf("another request: %d", got.Status)
	}
	cancel()
	all.Wait()
	gatewaytest.Eventually(t, "the upstream is free", func() bool { return waiting.Load() == 0 })
}
