package server_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// Clients abort at any byte of request and answer. Whoever comes next gets an
// answer of his own.
func TestAbortsLeaveTheConnectionsRight(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{
		Routes: "  - {path: /two, to: [\"{{app}}\", \"http://127.0.0.1:1\"]}\n",
		App: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(w, "%s %s %s", r.URL.Query().Get("who"), strings.Repeat("x", 4000), body)
		}),
	})
	b := g.Browser()
	b.SignIn("/", "alice")
	cookie := b.Cookie("esgateway_session")
	for i := range 200 {
		path, size := []string{"/", "/two"}[i%2], rand.IntN(3000)
		request := fmt.Sprintf("POST %s?who=aborted%d HTTP/1.1\r\nHost: %s\r\nCookie: esgateway_session=%s\r\nSec-Fetch-Site: same-origin\r\nContent-Length: %d\r\n\r\n%s",
			path, i, g.URL.Host, cookie, size, strings.Repeat("a", size))
		abort(t, g, request, rand.IntN(len(request)+6000))
		who := fmt.Sprintf("next%d", i)
		got := b.API(http.MethodPost, path+"?who="+who, who)
		if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, who+" ") || !strings.HasSuffix(got.Body, " "+who) {
			t.Fatalf("after abort %d: %d %.100s", i, got.Status, got.Body)
		}
	}
}

// abort sends and receives so many bytes, and resets the connection.
func abort(t *testing.T, g *gatewaytest.Gateway, request string, offset int) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+g.URL.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, request[:min(offset, len(request))]); err != nil {
		t.Fatal(err)
	}
	if rest := int64(offset - len(request)); rest > 0 {
		if _, err := io.CopyN(io.Discard, c, min(rest, 4000)); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
}
