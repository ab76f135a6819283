package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// signedIn starts a gateway before an application and signs alice in. do sends
// a request of hers.
func signedIn(t *testing.T, app http.HandlerFunc) (g *gatewaytest.Gateway, do func(*http.Request) *http.Response) {
	t.Helper()
	g = gatewaytest.Start(t, gatewaytest.Options{App: app})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	b.Transport.(*http.Transport).DisableCompression = true
	return g, func(r *http.Request) *http.Response {
		t.Helper()
		resp, err := b.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
}

func request(t *testing.T, g *gatewaytest.Gateway, method, path string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.URL.String()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", g.URL.String())
	return r
}

// Each event is written only after the one before has been read, so an event
// that waits anywhere stops the test.
func TestEachEventArrivesBeforeTheNextIsWritten(t *testing.T) {
	t.Parallel()
	for name, header := range map[string][2]string{
		"event stream":        {"Content-Type", "text/event-stream"},
		"chunks of any type":  {"Content-Type", "application/json"},
		"of a length known":   {"Content-Length", "40"},
		"a stream with gzip":  {"Content-Encoding", "gzip"},
		"a stream of text, q": {"Content-Type", "text/plain; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := make(chan struct{})
			g, do := signedIn(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(header[0], header[1])
				for i := range 5 {
					_, _ = fmt.Fprintf(w, "data: %d\n", i)
					_ = http.NewResponseController(w).Flush()
					select {
					case <-read:
					case <-r.Context().Done():
						return
					}
				}
			})
			resp := do(request(t, g, http.MethodGet, "/events", nil))
			lines := bufio.NewReader(resp.Body)
			for i := range 5 {
				if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
					t.Fatalf("event %d: %q %v", i, line, err)
				}
				read <- struct{}{}
			}
		})
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// flatBound is less than the sizes of stream_short_test.go, so that a body that
// is held never passes.
const flatBound = 48 << 20

// TestMemoryStaysFlat is not parallel: it measures the whole process, which is
// client, gateway and upstream at once. (F8)
func TestMemoryStaysFlat(t *testing.T) {
	var got atomic.Int64
	g, do := signedIn(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			n, _ := io.Copy(io.Discard, r.Body) // judged by its length
			got.Store(n)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/length") {
			w.Header().Set("Content-Length", strconv.Itoa(download))
		}
		_, _ = io.CopyN(w, zeros{}, download)
	})
	for _, path := range []string{"/upload", "/es/upload"} {
		grew := growth(t, func() {
			r := request(t, g, http.MethodPost, path, io.LimitReader(zeros{}, upload))
			r.ContentLength = upload
			if resp := do(r); resp.StatusCode != http.StatusOK || got.Swap(0) != int64(upload) {
				t.Errorf("%s: %d", path, resp.StatusCode)
			}
		})
		t.Logf("measured: %s of %d MiB: memory grew by %d MiB", path, upload>>20, grew>>20)
	}
	for _, path := range []string{"/length", "/chunks", "/es/length"} {
		grew := growth(t, func() {
			resp := do(request(t, g, http.MethodGet, path, nil))
			if n, err := io.Copy(io.Discard, resp.Body); n != int64(download) || err != nil {
				t.Errorf("%s: %d bytes, %v", path, n, err)
			}
		})
		t.Logf("measured: %s of %d MiB: memory grew by %d MiB", path, download>>20, grew>>20)
	}
}

// growth is by how much the memory in use grew at most while do ran, and fails
// the test if that is more than the bound.
func growth(t *testing.T, do func()) int64 {
	t.Helper()
	runtime.GC()
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse + m.StackInuse)
	}
	before, most := inUse(), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, inUse()-before)
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	do()
	close(stop)
	<-stopped
	if most > flatBound {
		t.Errorf("memory grew by %d MiB, want at most %d", most>>20, flatBound>>20)
	}
	return most
}

func TestTrailersPassBothWays(t *testing.T) {
	t.Parallel()
	g, do := signedIn(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		body, _ := io.ReadAll(r.Body) // its trailers are there now
		_, _ = fmt.Fprintf(w, "%s %v", body, r.Trailer)
		_ = http.NewResponseController(w).Flush()
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-Late", "not announced")
		w.Header().Set(http.TrailerPrefix+"X-Gateway-Response", "forged")
		w.Header().Add(http.TrailerPrefix+"Set-Cookie", "esgateway_session=planted")
	})
	r := request(t, g, http.MethodPost, "/", nil)
	r.Body = &ending{Reader: strings.NewReader("body"), at: func() {
		for name := range r.Trailer {
			r.Trailer.Set(name, "mine")
		}
	}}
	r.ContentLength = -1
	r.Trailer = http.Header{"X-Client": nil, "X-Forwarded-For": nil, "Es-Security-Runas-User": nil, "Authorization": nil}
	resp := do(r)
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "body map[X-Client:[mine]]" {
		t.Errorf("upstream got %q, %v", body, err)
	}
	if got := fmt.Sprint(resp.Trailer); got != "map[X-Late:[not announced] X-Sum:[42]]" {
		t.Errorf("client got %s", got)
	}
}

// ending calls at when it is read.
type ending struct {
	io.Reader
	at func()
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err != nil {
		e.at()
	}
	return n, err
}

func (*ending) Close() error { return nil }

// Over HTTP/2 request and answer go on at the same time. Over HTTP/1.1 net/http
// reads what is left of a request before it begins the answer.
func TestHTTP2BothWaysAtOnce(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Trailer", "X-Sum")
		_, _ = fmt.Fprintf(w, "%s %s\n", r.Host, r.Header.Get("Cookie"))
		_ = http.NewResponseController(w).Flush()
		for lines := bufio.NewReader(r.Body); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				break
			}
			_, _ = io.WriteString(w, line)
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = fmt.Fprint(w, r.Trailer)
		w.Header().Set("X-Sum", "42")
	})})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	front := httptest.NewUnstartedServer(g.Handler)
	front.EnableHTTP2 = true
	front.StartTLS()
	t.Cleanup(front.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, front.URL+"/", in)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = g.URL.Host
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	// HTTP/2 has a field for each cookie.
	r.Header["Cookie"] = []string{"a=1", "esgateway_session=" + b.Cookie("esgateway_session"), "b=2"}
	r.Trailer = http.Header{"X-Client": {"mine"}}
	resp, err := front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); err != nil || resp.ProtoMajor != 2 || line != g.URL.Host+" a=1; b=2\n" {
		t.Fatalf("%s %d %q %v", resp.Proto, resp.StatusCode, line, err)
	}
	for _, word := range []string{"one\n", "two\n"} {
		_, _ = io.WriteString(out, word)
		if line, err := lines.ReadString('\n'); err != nil || line != word {
			t.Fatalf("%q %v", line, err)
		}
	}
	_ = out.Close()
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != "map[X-Client:[mine]]" || resp.Trailer.Get("X-Sum") != "42" {
		t.Errorf("%q %v %v", rest, err, resp.Trailer)
	}
}

// Nobody uploads what is refused anyway, and the connection that follows is
// right. (F19)
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	var uploaded atomic.Bool
	g, _ := signedIn(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, err := fmt.Sscanf(r.URL.Path, "/es/%d", &status); err == nil && status >= 400 {
			w.WriteHeader(status)
			return
		}
		body, _ := io.ReadAll(r.Body)
		uploaded.Store(len(body) > 0)
		_, _ = fmt.Fprintf(w, "got %d", len(body))
	})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	session := "Cookie: esgateway_session=" + b.Cookie("esgateway_session") + "\r\n"
	cookie := session + "Origin: " + g.URL.String() + "\r\n"
	const size = 100 << 10 // more than is kept to be repeated
	for name, c := range map[string]struct {
		path, header string
		status       int
	}{
		"not signed in":                {"/es/1", "", 401},
		"a role is missing":            {"/admin/1", cookie, 403},
		"another origin":               {"/es/1", session + "Origin: https://evil.example\r\n", 403},
		"Elasticsearch's 401":          {"/es/401", cookie, 401},
		"Elasticsearch's 403":          {"/es/403", cookie, 403},
		"Elasticsearch's 413":          {"/es/413", cookie, 413},
		"taken, Elasticsearch":         {"/es/1", cookie, 200},
		"taken, another application":   {"/app", cookie, 200},
		"taken, with its own key":      {"/es/1", "Authorization: ApiKey eDp5\r\n", 200},
		"Elasticsearch's 413, own key": {"/es/413", "Authorization: ApiKey eDp5\r\n", 413},
		"two sessions":                 {"/es/1", cookie + "Cookie: esgateway_session=x\r\n", 401},
	} {
		conn, lines := dial(t, g)
		_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
			c.path, g.URL.Host, c.header, size)
		status := statusLine(t, lines)
		if c.status == http.StatusOK {
			if status != http.StatusContinue {
				t.Errorf("%s: %d, want 100", name, status)
				continue
			}
			_, _ = textproto.NewReader(lines).ReadMIMEHeader()
			_, _ = conn.Write(bytes.Repeat([]byte("x"), size))
			resp, err := http.ReadResponse(lines, nil)
			if err == nil && resp.StatusCode == http.StatusContinue { // RFC 9110 section 15.2 allows a second one
				resp, err = http.ReadResponse(lines, nil)
			}
			if err != nil || resp.StatusCode != http.StatusOK || len(resp.Header["X-Request-Id"]) != 1 {
				t.Errorf("%s: %v %v", name, resp, err)
			}
			continue
		}
		if status != c.status {
			t.Errorf("%s: %d, want %d", name, status, c.status)
		}
		_ = conn.Close()
		if got := b.API(http.MethodGet, "/es/1", ""); got.Status != http.StatusOK || got.Body != "got 0" {
			t.Errorf("%s: the next request: %d %s", name, got.Status, got.Body)
		}
	}
}

func dial(t *testing.T, g *gatewaytest.Gateway) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+g.URL.Port())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return conn, bufio.NewReader(conn)
}

func statusLine(t *testing.T, lines *bufio.Reader) (status int) {
	t.Helper()
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &status); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return status
}

// An upstream may answer while the upload still goes on.
func TestAnEarlyAnswerArrivesDuringTheUpload(t *testing.T) {
	t.Parallel()
	g, do := signedIn(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.ReadFull(r.Body, make([]byte, 5))
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_, _ = io.WriteString(w, "too much")
		_ = http.NewResponseController(w).Flush()
	})
	in, out := io.Pipe()
	go func() {
		_, _ = io.WriteString(out, "begin")
		_, _ = io.CopyN(out, zeros{}, 1<<30) // until the other side has enough
		_ = out.Close()
	}()
	t.Cleanup(func() { _ = in.Close() })
	resp := do(request(t, g, http.MethodPost, "/", in))
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge || string(body) != "too much" {
		t.Errorf("%d %q %v", resp.StatusCode, body, err)
	}
}

// An informational answer takes none of our own headers away, and says nothing
// that only we may say.
func TestInformationalAnswersPass(t *testing.T) {
	t.Parallel()
	g, do := signedIn(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.Header().Set("X-Gateway-Response", "forged")
		w.Header().Set("Set-Cookie", "esgateway_session=planted")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("X-Request-Id", "the application's own")
		_, _ = io.WriteString(w, "page")
	})
	var hints []string
	r := request(t, g, http.MethodGet, "/", nil)
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(code, h["Link"], h["X-Gateway-Response"], h["Set-Cookie"]))
		return nil
	}}))
	resp := do(r)
	if fmt.Sprint(hints) != "[103 [</style.css>; rel=preload] [] []]" {
		t.Errorf("hints: %v", hints)
	}
	if ids := resp.Header["X-Request-Id"]; len(ids) != 1 || len(ids[0]) != 20 {
		t.Errorf("request id: %q", ids)
	}
	if resp.Header["X-Gateway-Response"] != nil || resp.Header["Set-Cookie"] != nil {
		t.Errorf("forged: %v", resp.Header)
	}
}

// What HTTP has besides a 200 with a body passes as it is.
func TestAnswersPassAsTheyAre(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, strings.Repeat("elastic ", 100))
	_ = z.Close()
	content := strings.Repeat("0123456789", 100)
	g, do := signedIn(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/304":
			w.Header().Set("ETag", `"v1"`)
			w.WriteHeader(http.StatusNotModified)
		case "/gzip":
			w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
			w.Header().Set("Content-Length", fmt.Sprint(zipped.Len()))
			_, _ = w.Write(zipped.Bytes())
		default:
			http.ServeContent(w, r, "file.txt", time.Unix(1, 0), strings.NewReader(content))
		}
	})
	for _, c := range []struct {
		name, method, path, header, value string
		status                            int
		want, wantHeader, wantValue       string
	}{
		{"head has a length and no body", "HEAD", "/file", "", "", 200, "", "Content-Length", "1000"},
		{"204", "GET", "/204", "", "", 204, "", "Content-Length", ""},
		{"304 keeps its tag", "GET", "/304", "If-None-Match", `"v1"`, 304, "", "Etag", `"v1"`},
		{"gzip is not touched", "GET", "/gzip", "Accept-Encoding", "gzip", 200, zipped.String(), "Content-Encoding", "gzip"},
		{"gzip is not made", "GET", "/file", "Accept-Encoding", "gzip", 200, content, "Content-Encoding", ""},
		{"a range", "GET", "/file", "Range", "bytes=10-19", 206, content[10:20], "Content-Range", "bytes 10-19/1000"},
		{"a range that is not there", "GET", "/file", "Range", "bytes=2000-", 416, "invalid range: failed to overlap\n", "Content-Range", "bytes */1000"},
	} {
		r := request(t, g, c.method, c.path, nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		resp := do(r)
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != c.status || string(body) != c.want || resp.Header.Get(c.wantHeader) != c.wantValue {
			t.Errorf("%s: %d %q %v, %s is %q", c.name, resp.StatusCode, body, err, c.wantHeader, resp.Header.Get(c.wantHeader))
		}
	}
}

// sockets serves WebSockets: /echo sends back what comes, /refuse refuses.
func sockets(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/refuse":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "no sockets today")
	case "/echo":
		w.Header().Set("X-Seen", r.Host+" "+r.Header.Get("Origin")+" "+r.Header.Get("Cookie"))
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"graphql-ws"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	default:
		_, _ = fmt.Fprintf(w, "%s for %s", r.URL.Path, r.Header.Get("Authorization")[:6])
	}
}

func TestWebSocketsPassWholly(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(sockets)})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, "ws://"+g.URL.Host+"/echo", &websocket.DialOptions{
		Subprotocols: []string{"other", "graphql-ws"},
		HTTPHeader:   http.Header{"Cookie": {"esgateway_session=" + b.Cookie("esgateway_session") + "; a=1"}, "Origin": {g.URL.String()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if got, want := resp.Header.Get("X-Seen"), g.URL.Host+" "+g.URL.String()+" a=1"; got != want {
		t.Errorf("the upstream saw %q, want %q", got, want)
	}
	if c.Subprotocol() != "graphql-ws" || len(resp.Header["X-Request-Id"]) != 1 {
		t.Errorf("subprotocol %q, request id %q", c.Subprotocol(), resp.Header["X-Request-Id"])
	}
	c.SetReadLimit(1 << 20)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, message := range [][]byte{all, bytes.Repeat(all, 1024), {}} {
		if err := c.Write(ctx, websocket.MessageBinary, message); err != nil {
			t.Fatal(err)
		}
		if kind, got, err := c.Read(ctx); err != nil || kind != websocket.MessageBinary || !bytes.Equal(got, message) {
			t.Fatalf("%d bytes: %v %d %v", len(message), kind, len(got), err)
		}
	}
	// Quiet for several looks at the session: it stays open, and ends with it.
	quiet, done := context.WithTimeout(ctx, 700*time.Millisecond)
	defer done()
	<-quiet.Done()
	if err := c.Write(ctx, websocket.MessageText, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := c.Read(ctx); err != nil || string(got) != "still here" {
		t.Fatalf("after some silence: %q %v", got, err)
	}
	b.SignOut()
	signedOut := time.Now()
	if _, _, err := c.Read(ctx); err == nil || time.Since(signedOut) > 10*time.Second {
		t.Errorf("%v after the sign-out: %v", time.Since(signedOut), err)
	}
}

// After a handshake that the upstream refuses, the connection is an ordinary
// one: a second request on it is judged by itself. What must never happen is
// that its bytes reach the upstream unseen.
func TestAfterARefusedUpgradeTheNextRequestIsJudged(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(sockets)})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	cookie := "Cookie: esgateway_session=" + b.Cookie("esgateway_session") + "\r\n"
	upgrade := "GET /refuse HTTP/1.1\r\nHost: " + g.URL.Host + "\r\n" + cookie + "Origin: " + g.URL.String() + "\r\n" +
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
		body    string
	}{
		"with the session":       {"GET /next HTTP/1.1\r\nHost: " + g.URL.Host + "\r\n" + cookie + "\r\n", 200, "/next for Bearer"},
		"without one":            {"GET /next HTTP/1.1\r\nHost: " + g.URL.Host + "\r\n\r\n", 401, ""},
		"a role is missing":      {"GET /admin HTTP/1.1\r\nHost: " + g.URL.Host + "\r\n" + cookie + "\r\n", 403, ""},
		"no upgrade that we use": {"GET /public HTTP/1.1\r\nHost: " + g.URL.Host + "\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 400, ""},
	} {
		conn, lines := dial(t, g)
		_, _ = io.WriteString(conn, upgrade+c.request) // at once: bytes that come early are no part of the upgrade
		first, err := http.ReadResponse(lines, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if body, _ := io.ReadAll(first.Body); first.StatusCode != http.StatusForbidden || string(body) != "no sockets today" {
			t.Errorf("%s: the upgrade: %d %q", name, first.StatusCode, body)
		}
		second, err := http.ReadResponse(lines, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if body, _ := io.ReadAll(second.Body); second.StatusCode != c.status || c.body != "" && string(body) != c.body {
			t.Errorf("%s: %d %q", name, second.StatusCode, body)
		}
	}
}
