package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// arrivals remembers the requests that reached an upstream, whole or not.
type arrivals struct {
	mu  sync.Mutex
	got []string
}

func (a *arrivals) add(s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.got = append(a.got, s)
}

func (a *arrivals) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	got := a.got
	a.got = nil
	return got
}

// ServeHTTP implements http.Handler.
func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // what did not come whole is nobody's request
	}
	a.add(fmt.Sprintf("%s %s %q", r.Method, r.RequestURI, body))
	_, _ = fmt.Fprintf(w, "for %s", r.RequestURI)
}

// TestEveryRequestHasOneMeaning (F17): the upstream sees exactly the requests that
// were answered, whatever the bytes. A case is one line: what is sent behind the
// request line and Host; whether it is taken, and as which body. HIDDEN would be a
// second request, if anybody took it for one.
func TestEveryRequestHasOneMeaning(t *testing.T) {
	t.Parallel()
	const hidden = "GET /public/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
	length := fmt.Sprint(len(hidden))
	seen := &arrivals{}
	g := gatewaytest.Start(t, gatewaytest.Options{App: seen})
	for _, tc := range []struct {
		what, rest string
		status     int
		body       string // what the upstream got, of a request that is taken
	}{
		{"a body of known length", "Content-Length: " + length + "\r\n\r\n" + hidden, 200, hidden},
		{"a body in chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, "abc"},
		{"length and chunks: the chunks count, and the length goes", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, "abc"},
		{"two equal lengths", "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
		{"two lengths", "Content-Length: 3\r\nContent-Length: " + length + "\r\n\r\n" + hidden, 400, ""},
		{"two lengths in one line", "Content-Length: 3, 4\r\n\r\nabcd", 400, ""},
		{"a signed length", "Content-Length: +3\r\n\r\nabc", 400, ""},
		{"a negative length", "Content-Length: -3\r\n\r\nabc", 400, ""},
		{"a length in hex", "Content-Length: 0x3\r\n\r\nabc", 400, ""},
		{"a length with a blank in it", "Content-Length: 1 0\r\n\r\n" + hidden, 400, ""},
		{"a length that is too long", "Content-Length: 99999999999999999999\r\n\r\nabc", 400, ""},
		{"an empty length", "Content-Length: \r\n\r\n" + hidden, 400, ""},
		{"chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501, ""},
		{"chunks in a list", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501, ""},
		{"chunks behind identity", "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501, ""},
		{"identity", "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 501, ""},
		{"chunks, misspelt", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, ""},
		{"chunks with a control in front", "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400, ""},
		{"chunks, a blank before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, ""},
		{"chunks under another name", "Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
		{"a name with a line's end in it", "Content-Length\n: 3\r\n\r\nabc", 400, ""},
		{"a bare CR", "X: a\rContent-Length: 3\r\n\r\nabc", 400, ""},
		{"NUL", "X: a\x00b\r\n\r\n", 400, ""},
		{"an empty name", ": a\r\n\r\n", 400, ""},
		{"a chunk's extension", "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", 200, "abc"},
		{"a chunk in 0x", "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400, ""},
		{"a chunk with a sign", "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", 400, ""},
		{"a negative chunk", "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", 400, ""},
		{"a chunk without its line's end", "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400, ""},
		{"a chunk that is too large for a number", "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400, ""},
		{"an end that is none", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX\r\n\r\n", 400, ""},
		{"trailers with framing in them", "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", 400, ""},
		{"a second Host", "Host: evil.example\r\n\r\n", 400, ""},
	} {
		t.Run(tc.what, func(t *testing.T) {
			conn := dialed(t, g)
			send(t, conn, "POST /public/first HTTP/1.1\r\nHost: %s\r\n%s", g.URL.Host, tc.rest)
			first := answered(t, bufio.NewReader(conn))
			var want []string
			if tc.status == http.StatusOK {
				want = []string{fmt.Sprintf("POST /public/first %q", tc.body)}
			}
			if got := seen.take(); first != tc.status || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("answered %d, the upstream got %q; want %d and %q", first, got, tc.status, want)
			}
			if tc.status >= http.StatusBadRequest {
				ends(t, conn) // nobody knows where a next request would begin
			}
		})
	}
}

// answered is the status of the next answer.
func answered(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// Requests that come one behind the other on a connection are judged one by one.
func TestPipelinedRequestsAreJudgedOneByOne(t *testing.T) {
	t.Parallel()
	seen := &arrivals{}
	g := gatewaytest.Start(t, gatewaytest.Options{App: seen})
	conn := dialed(t, g)
	host := "Host: " + g.URL.Host + "\r\n"
	send(t, conn, "%s", "GET /public/1 HTTP/1.1\r\n"+host+"\r\n"+
		"POST /public/2 HTTP/1.1\r\n"+host+"Content-Length: 3\r\n\r\nabc"+
		"GET /private HTTP/1.1\r\n"+host+"Accept: application/json\r\n\r\n"+
		"GET /public/../private HTTP/1.1\r\n"+host+"\r\n"+
		"GET /public/3 HTTP/1.1\r\n"+host+"\r\n")
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	var got []int
	for range 5 {
		got = append(got, answered(t, r))
	}
	if fmt.Sprint(got) != "[200 200 401 400 200]" {
		t.Errorf("answered %v", got)
	}
	if got := strings.Join(seen.take(), " "); got != `GET /public/1 "" POST /public/2 "abc" GET /public/3 ""` {
		t.Errorf("the upstream got %s", got)
	}
}

// HTTP/1.0 knows no chunks, and a body on a GET is a body.
func TestOldAndOddRequests(t *testing.T) {
	t.Parallel()
	seen := &arrivals{}
	g := gatewaytest.Start(t, gatewaytest.Options{App: seen})
	for _, tc := range []struct{ what, request, arrives string }{
		{"HTTP/1.0", "GET /public HTTP/1.0\r\nHost: HOST\r\n\r\n", `[GET /public ""]`},
		{"a GET with a body", "GET /public HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", `[GET /public "abc"]`},
		{"a DELETE with a body", "DELETE /public HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", `[DELETE /public "abc"]`},
	} {
		t.Run(tc.what, func(t *testing.T) {
			if status, _ := raw(t, g, strings.ReplaceAll(tc.request, "HOST", g.URL.Host)); status != http.StatusOK {
				t.Errorf("answered %d", status)
			}
			if got := fmt.Sprint(seen.take()); got != tc.arrives {
				t.Errorf("the upstream got %s", got)
			}
		})
	}
	t.Run("HTTP/1.0 with chunks", func(t *testing.T) {
		conn := dialed(t, g)
		send(t, conn, "POST /public HTTP/1.0\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /public/hidden HTTP/1.1\r\nHost: x\r\n\r\n", g.URL.Host)
		ends(t, conn)
		if got := fmt.Sprint(seen.take()); strings.Contains(got, "hidden HTTP") || strings.Contains(got, "GET") {
			t.Errorf("the upstream got %s", got)
		}
	})
}
