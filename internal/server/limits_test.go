package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/server"
)

// dialed is a connection to the gateway that ends with the test.
func dialed(t *testing.T, g *gatewaytest.Gateway) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", g.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(conn, format, args...); err != nil {
		t.Fatal(err)
	}
}

// ends waits until the gateway has closed the connection and returns what it had
// said.
func ends(t *testing.T, conn net.Conn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		t.Fatalf("the connection is still open; it said %q", said)
	}
	return string(said)
}

func TestAHeadThatDoesNotComeEndsTheConnection(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", header_time: 200ms"})
	for name, begun := range map[string]string{"nothing": "", "half a line": "GET / HT", "half a head": "GET / HTTP/1.1\r\nHost: localhost\r\nA: "} {
		t.Run(name, func(t *testing.T) {
			conn := dialed(t, g)
			send(t, conn, "%s", begun)
			ends(t, conn)
		})
	}
}

func TestAHeadHasASizeLimit(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	for _, tc := range []struct {
		name, head string
		status     int
	}{
		{"60 KiB in one header", "X-Long: " + strings.Repeat("x", 60<<10) + "\r\n", http.StatusOK},
		{"1 MiB in one header", "X-Long: " + strings.Repeat("x", 1<<20) + "\r\n", http.StatusRequestHeaderFieldsTooLarge},
		{"10,000 headers", strings.Repeat("X-Many: 12345678\r\n", 10_000), http.StatusRequestHeaderFieldsTooLarge},
		{"100,000 cookies", "Cookie: " + strings.Repeat("a=b; ", 100_000) + "\r\n", http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			conn := dialed(t, g)
			go func() { // the gateway answers before it has read all of it
				_, _ = fmt.Fprintf(conn, "GET /public HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", g.URL.Host, tc.head)
			}()
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tc.status {
				t.Errorf("got %s, want %d", resp.Status, tc.status)
			}
		})
	}
}

// reads is an application that tells what became of a request's body.
func reads(ended chan<- error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			_, _ = fmt.Fprintf(w, "%d bytes", n)
		}
		ended <- err
	}
}

func TestABodyThatDoesNotMoveIsCut(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	g := gatewaytest.Start(t, gatewaytest.Options{App: reads(ended), Listen: ", progress_time: 300ms"})
	conn := dialed(t, g)
	send(t, conn, "POST /public HTTP/1.1\r\nHost: %s\r\nContent-Length: 10\r\n\r\nabc", g.URL.Host)
	if said := ends(t, conn); strings.Contains(said, " 200 ") {
		t.Errorf("the client was told %q", said)
	}
	if err := <-ended; err == nil {
		t.Error("the application took half a body for a whole one")
	}
}

func TestABodyThatMovesHasNoLimitOnItsWholeTime(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	g := gatewaytest.Start(t, gatewaytest.Options{App: reads(ended), Listen: ", progress_time: 3s"})
	conn := dialed(t, g)
	const n = 25
	send(t, conn, "POST /public HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", g.URL.Host, n)
	tick := time.NewTicker(200 * time.Millisecond) // 5 s in all, and fifteen times as often as it must
	defer tick.Stop()
	for range n {
		<-tick.C
		send(t, conn, "x")
	}
	if said := ends(t, conn); !strings.Contains(said, "25 bytes") {
		t.Errorf("the client was told %q", said)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", progress_time: 300ms", App: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})})
	conn := dialed(t, g)
	send(t, conn, "GET /public HTTP/1.1\r\nHost: %s\r\n\r\n", g.URL.Host)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the answer is still being written")
	}
}

// overTLS serves the gateway's handler with HTTP/2, within its limits.
func overTLS(t *testing.T, g *gatewaytest.Gateway) *httptest.Server {
	t.Helper()
	front := httptest.NewUnstartedServer(nil)
	front.Config = server.NewHTTP(g.Ready.Listen.ClientLimits, g.Handler, slog.New(slog.DiscardHandler))
	front.EnableHTTP2 = true
	front.StartTLS()
	t.Cleanup(front.Close)
	return front
}

func TestAStreamMayBeSilentForLongerThanAClientMay(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", progress_time: 200ms", App: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 2 {
			_, _ = io.WriteString(w, "data: x\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
			}
		}
	})})
	front := overTLS(t, g)
	for name, client := range map[string]*http.Client{"HTTP/1.1": http.DefaultClient, "HTTP/2": front.Client()} {
		t.Run(name, func(t *testing.T) {
			base := g.URL.String()
			if name == "HTTP/2" {
				base = front.URL
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/public", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = g.URL.Host
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.Proto[:6] != name[:6] {
				t.Fatalf("it is %s", resp.Proto)
			}
			<-time.After(time.Second) // five times the limit: that it passes is the test
			next <- struct{}{}
			next <- struct{}{}
			if all, err := io.ReadAll(resp.Body); err != nil || strings.Count(string(all), "data: x") != 2 {
				t.Errorf("got %q, %v", all, err)
			}
		})
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", idle_time: 200ms"})
	conn := dialed(t, g)
	send(t, conn, "GET /public HTTP/1.1\r\nHost: %s\r\n\r\n", g.URL.Host)
	if said := ends(t, conn); !strings.HasPrefix(said, "HTTP/1.1 200 ") {
		t.Errorf("it said %q", said)
	}
}

func TestFurtherConnectionsWaitForAPlace(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", max_connections: 1"})
	first, second := dialed(t, g), dialed(t, g)
	send(t, first, "GET /public HTTP/1.1\r\nHost: %s\r\n\r\n", g.URL.Host)
	if _, err := bufio.NewReader(first).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	send(t, second, "GET /public HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", g.URL.Host)
	if err := second.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := second.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("the second connection is served beside the first")
	}
	first.Close()
	if said := ends(t, second); !strings.HasPrefix(said, "HTTP/1.1 200 ") {
		t.Errorf("after the first had gone it said %q", said)
	}
}

func TestAnHTTP2ConnectionCarriesSoManyStreams(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", max_streams: 7"})
	front := overTLS(t, g)
	dialer := tls.Dialer{Config: front.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}
	dialer.Config.NextProtos = []string{"h2"}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send(t, conn, "%s", http2.ClientPreface)
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	frame, err := framer.ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	settings, ok := frame.(*http2.SettingsFrame)
	if !ok {
		t.Fatalf("the first frame is %v", frame)
	}
	if n, _ := settings.Value(http2.SettingMaxConcurrentStreams); n != 7 {
		t.Errorf("%d streams", n)
	}
}

func TestTheLimitsOfTheIssueAreTheDefaults(t *testing.T) {
	t.Parallel()
	want := config.ClientLimits{
		HeaderLimit: 65536, HeaderTime: 10 * time.Second, ProgressTime: time.Minute, IdleTime: 2 * time.Minute,
		MaxConnections: 10_000, MaxStreams: 100,
	}
	if got := gatewaytest.Start(t, gatewaytest.Options{}).Ready.Listen.ClientLimits; got != want {
		t.Errorf("got %+v", got)
	}
}
