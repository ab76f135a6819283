package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
)

func TestPeopleSeeWhatTheirRolesAllow(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	alice, bob := g.Browser(), g.Browser()
	alice.SignIn("/", "alice")
	bob.SignIn("/", "bob")
	if got := alice.API(http.MethodGet, "/_search", ""); strings.Contains(got.Body, "salaries") || !strings.Contains(got.Body, "reports") {
		t.Errorf("alice sees %s", got.Body)
	}
	if got := bob.API(http.MethodGet, "/_search", ""); !strings.Contains(got.Body, "salaries") {
		t.Errorf("bob sees %s", got.Body)
	}
}

func TestTokensRenewWhilePeopleWork(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	for range 10 { // hours of work
		g.Clock.Advance(25 * time.Minute)
		if got := b.API(http.MethodGet, "/_search", ""); got.Status != http.StatusOK {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
	}
	if n := g.ES.Counters().RefreshedPairs; n != 10 {
		t.Errorf("%d renewals, want 10", n)
	}
}

func TestTwoHundredRequestsAtExpiryMakeOneRefreshAndAllSucceed(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	g.Clock.Advance(21 * time.Minute)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if got := b.API(http.MethodGet, "/_search", ""); got.Status != http.StatusOK {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
		})
	}
	all.Wait()
	if n := g.ES.Counters().Refreshes; n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

// ES revokes the access token in the middle of a session: the gateway renews
// and repeats, also with a body that it has kept.
func TestElasticsearchsOwn401IsRenewedAndTheRequestRepeated(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	revoke := func() {
		page := b.Get("/")
		token := between(page.Body, "Authorization: Bearer ", "\r\n")
		elastic(t, g, http.MethodDelete, "/_security/oauth2/token", `{"token":"`+token+`"}`)
	}
	revoke()
	if got := b.API(http.MethodGet, "/_search", ""); got.Status != http.StatusOK {
		t.Errorf("without a body: %d %s", got.Status, got.Body)
	}
	revoke()
	if got := b.API(http.MethodPost, "/_search", `{"size":1}`); got.Status != http.StatusOK {
		t.Errorf("with a small body: %d %s", got.Status, got.Body)
	}
	revoke()
	big := `{"size":1` + strings.Repeat(" ", 100<<10) + `}`
	if got := b.API(http.MethodPost, "/_search", big); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("with a body that was not kept: %d, want 503 with Retry-After", got.Status)
	}
	if got := b.API(http.MethodPost, "/_search", big); got.Status != http.StatusOK {
		t.Errorf("sent again: %d %s", got.Status, got.Body)
	}
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

// elastic calls the stand-in directly, as the gateway's account.
func elastic(t *testing.T, g *gatewaytest.Gateway, method, path, body string) {
	t.Helper()
	rec := newRecorder()
	r, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = path
	r.SetBasicAuth(gatewaytest.Account, gatewaytest.AccountPassword)
	r.Header.Set("Content-Type", "application/json")
	g.ES.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
}

func TestTokensIndexOutAnswers503OnRoutesToElasticsearchAndOthersGoOn(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	g.ES.SetFaults(standin.Faults{TokensIndex: standin.IndexPrimaryDown})
	got := b.API(http.MethodGet, "/_search", "")
	if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || got.Header.Get("X-Elastic-Product") != "Elasticsearch" {
		t.Errorf("the route to ES: %d %s", got.Status, got.Body)
	}
	if got := b.Get("/"); got.Status != http.StatusOK {
		t.Errorf("another upstream while the token lives: %d", got.Status)
	}
	page := b.Get("/_search")
	if page.Status != http.StatusServiceUnavailable || !strings.Contains(page.Body, "again=1") {
		t.Errorf("the page has no way to sign in again: %d", page.Status)
	}
	g.ES.SetFaults(standin.Faults{})
	g.Clock.Advance(10 * time.Second)
	if got := b.API(http.MethodGet, "/_search", ""); got.Status != http.StatusOK {
		t.Errorf("afterwards: %d %s", got.Status, got.Body)
	}
}

func TestAnUpstreamsOwn401PassesUntouchedAndSaysNothingAboutTheSession(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="app"`)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "the application's own")
	})})
	b := g.Browser()
	b.SignIn("/", "alice")
	got := b.Get("/")
	if got.Status != 401 || got.Body != "the application's own" || got.Header.Get("Www-Authenticate") != `Basic realm="app"` || got.Header.Get("X-Gateway-Response") != "" {
		t.Errorf("got %d %q", got.Status, got.Body)
	}
	if got := b.API(http.MethodGet, "/_search", ""); got.Status != http.StatusOK {
		t.Errorf("the session: %d", got.Status)
	}
}

func TestBytesOfPathAndQueryReachTheUpstreamUnchanged(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	session := b.Cookie("esgateway_session")
	for target, want := range map[string]string{
		"/a%2Fb/c%20d?q=a;b&x=%ZZ&y=%2f+": "", "/a?": "", "/%e2%82%ac": "", "/a+b": "", "/a;p=1/b": "", "//x": "", "/a//b": "",
		"/a/../b": "400", "/a/%2e%2e/b": "400", "/a#b": "400", "/a%00": "400", `/a\b`: "400",
	} {
		status, body := raw(t, g, "GET "+target+" HTTP/1.1\r\nHost: "+g.URL.Host+"\r\nCookie: esgateway_session="+session+"\r\nConnection: close\r\n\r\n")
		switch {
		case want == "400" && status != 400:
			t.Errorf("%s: %d, want 400", target, status)
		case want == "" && (status != 200 || !strings.Contains(body, "GET "+target+"\n")):
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
}

func TestMethodsAndUpgradesThatNobodyJudgesAreRefused(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	for _, request := range []string{
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
		"TRACE / HTTP/1.1\r\nHost: " + g.URL.Host + "\r\nConnection: close\r\n\r\n",
		"GET /public HTTP/1.1\r\nHost: " + g.URL.Host + "\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
		"GET http://evil.example/public HTTP/1.1\r\nHost: " + g.URL.Host + "\r\nConnection: close\r\n\r\n",
	} {
		if status, body := raw(t, g, request); status < 400 || strings.Contains(body, "GET /public") {
			t.Errorf("%q: %d", request, status)
		}
	}
}

// raw sends bytes and reads the answer.
func raw(t *testing.T, g *gatewaytest.Gateway, request string) (int, string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+g.URL.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp.StatusCode, ""
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // a cut answer is judged by what came
	return resp.StatusCode, string(body)
}

// streams serves a WebSocket that says hello every few milliseconds, and an
// event stream.
func streams(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ws" {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		_ = c.Write(r.Context(), websocket.MessageText, []byte("hello"))
		_, _, _ = c.Read(r.Context()) // until the other side goes
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprint(w, "data: first\n\n")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// TestOpenStreamsEnd with the session, and with the gateway: they would not end by
// themselves, and their clients connect anew.
func TestOpenStreamsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, g *gatewaytest.Gateway, b *gatewaytest.Browser){
		"with the session": func(t *testing.T, _ *gatewaytest.Gateway, b *gatewaytest.Browser) {
			t.Helper()
			if got := b.SignOut(); got.Status != http.StatusSeeOther {
				t.Fatalf("sign-out: %d %s", got.Status, got.Body)
			}
		},
		"with the gateway": func(_ *testing.T, g *gatewaytest.Gateway, _ *gatewaytest.Browser) { g.Drain() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(streams), Settings: "\nlog: {level: debug}\n"})
			b := g.Browser()
			b.SignIn("/signed-in", "alice") // not opened
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			socket, lines := openStreams(ctx, t, g, b)
			end(t, g, b)
			if _, _, err := socket.Read(ctx); err == nil || ctx.Err() != nil {
				t.Errorf("the WebSocket goes on: %v", err)
			}
			if _, err := io.ReadAll(lines); ctx.Err() != nil {
				t.Errorf("the event stream goes on: %v", err)
			}
		})
	}
}

// openStreams opens a WebSocket and an event stream.
func openStreams(ctx context.Context, t *testing.T, g *gatewaytest.Gateway, b *gatewaytest.Browser) (*websocket.Conn, *bufio.Reader) {
	t.Helper()
	header := http.Header{"Cookie": {"esgateway_session=" + b.Cookie("esgateway_session")}, "Origin": {g.URL.String()}}
	socket, _, err := websocket.Dial(ctx, "ws://localhost:"+g.URL.Port()+"/ws", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	if _, hello, err := socket.Read(ctx); err != nil || string(hello) != "hello" {
		t.Fatalf("got %q, %v", hello, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL.String()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	events, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = events.Body.Close() })
	lines := bufio.NewReader(events.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "data: first\n" {
		t.Fatalf("got %q, %v: the first event did not come at once", line, err)
	}
	if open := gauge(t, g, "esgateway_streams_open"); open != "2" {
		t.Errorf("%s streams are open, want 2", open)
	}
	return socket, lines
}

// gauge reads a metric as a scraper does.
func gauge(t *testing.T, g *gatewaytest.Gateway, name string) string {
	t.Helper()
	w := newRecorder()
	g.Metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("there is no metric %s", name)
	return ""
}

func TestAWebSocketOfAnotherOriginIsRefused(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{App: http.HandlerFunc(streams)})
	b := g.Browser()
	b.SignIn("/signed-in", "alice")
	for _, origin := range []string{"https://evil.example", "null", "http://localhost.evil.example"} {
		_, resp, err := websocket.Dial(t.Context(), "ws://localhost:"+g.URL.Port()+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{
			"Cookie": {"esgateway_session=" + b.Cookie("esgateway_session")}, "Origin": {origin},
		}})
		if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %v %v", origin, resp, err)
		}
	}
}

func TestAnUpstreamThatIsDownIsNamedAndTheSessionKept(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Routes: "  - {path: /gone, to: [\"http://" + address + "\"]}\n"})
	b := g.Browser()
	b.SignIn("/", "alice")
	got := b.Get("/gone")
	if got.Header.Get("X-Gateway-Response") != "upstream_unavailable" || strings.Contains(got.Body, address) {
		t.Errorf("got %d %q %s", got.Status, got.Header.Get("X-Gateway-Response"), got.Body)
	}
	if b.Get("/").Status != http.StatusOK {
		t.Error("the session is gone")
	}
}
