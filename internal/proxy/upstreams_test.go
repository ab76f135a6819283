package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
)

func TestAddressesTakeTurns(t *testing.T) {
	t.Parallel()
	a, askedA := well(t, "a")
	b, askedB := well(t, "b")
	us, _ := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{a, b}}}, time.Now)
	for range 10 {
		if _, err := ask(t, us, http.MethodPost, "body"); err != nil {
			t.Fatal(err)
		}
	}
	if askedA.Load() != 5 || askedB.Load() != 5 {
		t.Errorf("%d and %d, want 5 and 5", askedA.Load(), askedB.Load())
	}
}

// What goes to the next address, and what must not: the first one is hostile,
// the second one well.
func TestOnlyWhatDidNoHarmGoesToTheNextAddress(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		do           func(*net.TCPConn) // nil: nobody listens
		method, body string
		kind         fault.Kind // empty: the second address answers
	}{
		{name: "nobody listens", method: "GET"},
		{name: "nobody listens, for a POST", method: "POST", body: "order"},
		{name: "nobody listens, for a DELETE", method: "DELETE"},
		{name: "reset before the answer", do: reset, method: "GET"},
		{name: "reset before the answer, for a HEAD", do: reset, method: "HEAD"},
		{name: "closed before the answer", do: hangUp, method: "GET"},
		{name: "closed before the answer, for an OPTIONS", do: hangUp, method: "OPTIONS"},
		{name: "reset, for a POST", do: reset, method: "POST", body: "order", kind: fault.UpstreamFailed},
		{name: "reset, for a POST without body", do: reset, method: "POST", kind: fault.UpstreamFailed},
		{name: "closed, for a PUT", do: hangUp, method: "PUT", body: "order", kind: fault.UpstreamFailed},
		{name: "closed, for a DELETE", do: hangUp, method: "DELETE", kind: fault.UpstreamFailed},
		{name: "reset, for a GET with a body", do: reset, method: "GET", body: "query", kind: fault.UpstreamFailed},
		{name: "half a header", do: says("HTTP/1.1 200 OK\r\nContent-"), method: "GET", kind: fault.UpstreamFailed},
		{name: "half a header and a reset", do: saysAndResets("HTTP/1.1 200 OK\r\nContent-"), method: "GET", kind: fault.UpstreamFailed},
		{name: "no HTTP", do: says("SSH-2.0-OpenSSH_9.9\r\n\r\n"), method: "GET", kind: fault.UpstreamFailed},
		{name: "a header without end", do: says("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 2<<20) + "\r\n\r\n"), method: "GET", kind: fault.UpstreamFailed},
		{name: "ten thousand headers without end", do: says("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 200)+"\r\n", 10_000) + "\r\n"), method: "GET", kind: fault.UpstreamFailed},
		{name: "silence", do: silent, method: "GET", kind: fault.UpstreamTimeout},
		{name: "silence, for a POST", do: silent, method: "POST", body: "order", kind: fault.UpstreamTimeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			first, asked := gone(t), new(atomic.Int32)
			if tc.do != nil {
				first, asked = hostile(t, tc.do)
			}
			second, answered := well(t, "second:")
			limit := Limit(30 * time.Second) // of no interest, and never reached by a busy machine
			if tc.kind == fault.UpstreamTimeout {
				limit = Limit(100 * time.Millisecond)
			}
			us, rt := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{
				To: []string{second, first}, ResponseHeaderTimeout: limit,
			}}, time.Now)
			got, err := ask(t, us, tc.method, tc.body)
			if tc.do != nil && asked.Load() != 1 {
				t.Errorf("the first address was asked %d times", asked.Load())
			}
			if tc.kind == "" {
				if want := "second:" + tc.body; err != nil || got != want && tc.method != http.MethodHead {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
				return
			}
			if err == nil || answered.Load() != 0 {
				t.Fatalf("the second address was asked %d times: %v", answered.Load(), err)
			}
			if f := fault.Of(rt.failure(err)); f.Kind != tc.kind {
				t.Errorf("got %s, want %s: %v", f.Kind, tc.kind, err)
			}
		})
	}
}

func TestWhatTheErrorsOfConnectionsBecome(t *testing.T) {
	t.Parallel()
	right, other, client := certificate(t, "127.0.0.1", "app.internal"), certificate(t, "127.0.0.1"), certificate(t, "gateway")
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections into its queue and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	plain, _ := well(t, "")
	tlsServer, asking := secured(t, right, nil), secured(t, right, &client)
	for _, tc := range []struct {
		name   string
		config UpstreamConfig
		kind   fault.Kind // empty: it works
	}{
		{name: "the right authority", config: UpstreamConfig{To: []string{tlsServer}, CA: right.certFile}},
		{name: "the right name", config: UpstreamConfig{To: []string{tlsServer}, CA: right.certFile, ServerName: "app.internal"}},
		{name: "the client's certificate", config: UpstreamConfig{To: []string{asking}, CA: right.certFile, ClientCert: client.certFile, ClientKey: client.keyFile}},
		{name: "no authority", config: UpstreamConfig{To: []string{tlsServer}}, kind: fault.UpstreamUnreachable},
		{name: "another authority", config: UpstreamConfig{To: []string{tlsServer}, CA: other.certFile}, kind: fault.UpstreamUnreachable},
		{name: "another name", config: UpstreamConfig{To: []string{tlsServer}, CA: right.certFile, ServerName: "db.internal"}, kind: fault.UpstreamUnreachable},
		{name: "no client certificate", config: UpstreamConfig{To: []string{asking}, CA: right.certFile}, kind: fault.UpstreamFailed},
		{name: "another client's certificate", config: UpstreamConfig{To: []string{asking}, CA: right.certFile, ClientCert: other.certFile, ClientKey: other.keyFile}, kind: fault.UpstreamFailed},
		{name: "no TLS there", config: UpstreamConfig{To: []string{strings.Replace(plain, "http:", "https:", 1)}}, kind: fault.UpstreamUnreachable},
		{name: "a handshake without end", config: UpstreamConfig{To: []string{"https://" + mute.Addr().String()}, ConnectTimeout: Limit(50 * time.Millisecond)}, kind: fault.UpstreamUnreachable},
		{name: "nobody listens", config: UpstreamConfig{To: []string{gone(t)}}, kind: fault.UpstreamUnreachable},
		{name: "no such name", config: UpstreamConfig{To: []string{"http://nowhere.invalid"}}, kind: fault.UpstreamUnreachable},
		{name: "no such socket", config: UpstreamConfig{To: []string{"unix:///nowhere/app.sock"}}, kind: fault.UpstreamUnreachable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			us, rt := upstreamsOf(t, RouteConfig{UpstreamConfig: tc.config}, time.Now)
			_, err := ask(t, us, http.MethodPost, "order")
			switch f := fault.Of(rt.failure(err)); {
			case err == nil && tc.kind != "":
				t.Errorf("it works")
			case err != nil && f.Kind != tc.kind:
				t.Errorf("got %s, want %q: %v", f.Kind, tc.kind, err)
			case err != nil && (!strings.Contains(f.Error(), "route app.test/") || strings.Contains(f.Public+f.Hint, "127")):
				t.Errorf("got %v", f)
			}
		})
	}
	t.Run("Elasticsearch", func(t *testing.T) {
		t.Parallel()
		us, rt := upstreamsOf(t, RouteConfig{Elasticsearch: true, UpstreamConfig: UpstreamConfig{To: []string{gone(t)}}}, time.Now)
		_, err := ask(t, us, http.MethodGet, "")
		if f := fault.Of(rt.failure(err)); f.Kind != fault.ElasticsearchUnavailable {
			t.Errorf("got %v", f)
		}
	})
}

func TestFilesThatCannotBeUsedAreErrors(t *testing.T) {
	t.Parallel()
	p, q := certificate(t, "a"), certificate(t, "b")
	for _, c := range []UpstreamConfig{
		{CA: "nowhere.crt"},
		{CA: p.keyFile},
		{ClientCert: "nowhere.crt", ClientKey: p.keyFile},
		{ClientCert: p.certFile, ClientKey: q.keyFile},
	} {
		c.To = []string{"https://127.0.0.1:1"}
		if _, err := New(Setup{Routes: []RouteConfig{{Host: "app.test", UpstreamConfig: c}}, Public: mustURL(t, "http://app.test")}); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// A client that breaks its upload off says nothing against the upstream.
func TestABrokenUploadIsNotTheUpstreamsFault(t *testing.T) {
	t.Parallel()
	a, _ := well(t, "a")
	b, _ := well(t, "b")
	us, rt := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{a, b}}}, time.Now)
	for range 20 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Body, r.ContentLength = brokenBody{}, 100
		resp, err := us.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
			t.Fatal("a broken upload was answered")
		}
		if f := fault.Of(rt.failure(err)); f.Kind != fault.BadRequest {
			t.Fatalf("got %v", f)
		}
	}
	for _, u := range us.all {
		if u.troubled.Load() {
			t.Errorf("%s is blamed", u.raw)
		}
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("the client is gone") }

func (brokenBody) Close() error { return nil }

// An address that is down costs the requests nothing but its first failures,
// and is back with the first request after its pause.
func TestAnAddressIsLeftOutAndComesBack(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	flapping, asked := hostile(t, func(c *net.TCPConn) {
		if down.Load() {
			reset(c)
			return
		}
		says("HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nflapping")(c)
	})
	steady, _ := well(t, "steady")
	time := &clock{}
	us, _ := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{flapping, steady}}}, time.now)
	each := func(n int) {
		t.Helper()
		for range n {
			if _, err := ask(t, us, http.MethodGet, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect := func(what string, want int32) {
		t.Helper()
		if got := asked.Swap(0); got != want {
			t.Errorf("%s: asked %d times, want %d", what, got, want)
		}
	}
	each(10)
	expect("well", 5)
	down.Store(true)
	each(50)
	expect("down", 3)
	time.advance(firstPause)
	each(50)
	expect("after the first pause", 1)
	time.advance(firstPause)
	each(50)
	expect("within the second pause", 0)
	time.advance(firstPause)
	each(50)
	expect("after the second pause", 1)
	for range 20 {
		time.advance(longestPause)
		each(4)
	}
	expect("with the longest pause", 20)
	down.Store(false)
	time.advance(longestPause)
	each(10)
	if asked.Load() < 5 {
		t.Errorf("back: asked %d times", asked.Load())
	}
}

// With nobody else left, what is left out is tried by one request at a time: the
// first request after an outage finds the upstream back, and a dead one is not
// stormed.
func TestTheLastAddressIsTriedByOneRequestAtATime(t *testing.T) {
	t.Parallel()
	time := &clock{}
	us, rt := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{gone(t)}}}, time.now)
	u := us.all[0]
	for range 3 {
		if _, err := ask(t, us, http.MethodGet, ""); err == nil {
			t.Fatal("nobody listens")
		}
	}
	if u.pause != firstPause {
		t.Fatalf("it is left out for %s", u.pause)
	}
	if us.next(nil) != u || us.next(nil) != nil {
		t.Fatal("want one request, and no other")
	}
	_, err := ask(t, us, http.MethodGet, "")
	f := fault.Of(rt.failure(err))
	if f.Kind != fault.UpstreamUnreachable || f.RetryAfter != firstPause {
		t.Errorf("the others: got %v, retry after %s", f, f.RetryAfter)
	}
	time.advance(trialTime)
	if us.next(nil) != u {
		t.Error("a trial that takes long keeps everybody away")
	}
	u.connected()
	for range 2 {
		if us.next(nil) != u {
			t.Error("a connection does not heal what could not connect")
		}
	}
}

func TestOneSlowPageDoesNotCloseTheOnlyAddress(t *testing.T) {
	t.Parallel()
	to, asked := hostile(t, silent)
	us, _ := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{to}, ResponseHeaderTimeout: Limit(10 * time.Millisecond)}}, time.Now)
	for range 8 {
		if _, err := ask(t, us, http.MethodGet, ""); !isLate(err) {
			t.Fatal(err)
		}
	}
	if asked.Load() != 8 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestAClientThatLeavesSaysNothing(t *testing.T) {
	t.Parallel()
	a, askedA := hostile(t, silent)
	b, askedB := hostile(t, silent)
	us, _ := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{a, b}}}, time.Now)
	for range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, a, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := us.RoundTrip(r); err == nil {
			resp.Body.Close()
			t.Fatal("answered")
		}
		cancel()
	}
	if us.all[0].troubled.Load() || us.all[1].troubled.Load() || askedA.Load() == 0 || askedB.Load() == 0 { // on a busy machine some leave before they have asked
		t.Errorf("asked %d and %d times", askedA.Load(), askedB.Load())
	}
}

func TestHealthChecksTakeAnAddressOutAndBack(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	a := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "app.test" || r.URL.RequestURI() != "/health?deep" {
			t.Errorf("asked for %s %s", r.Host, r.RequestURI)
		}
		if sick.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	us, _ := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{
		To: []string{a}, Health: Health{Path: "/health?deep", Every: Limit(time.Millisecond)},
	}}, time.Now)
	us.health.every = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { us.health.run(ctx); close(over) }()
	t.Cleanup(func() { cancel(); <-over })
	eventually(t, "well", func() bool { return us.next(nil) != nil })
	sick.Store(true)
	eventually(t, "taken out", func() bool { return us.next(nil) == nil })
	sick.Store(false)
	eventually(t, "back", func() bool { return us.next(nil) != nil })
}

// A request that waits for a connection in vain was not sent, so it goes to the
// next address, and the crowded one is not left out for it.
func TestWaitingForAConnectionHasAnEnd(t *testing.T) {
	t.Parallel()
	arrived, done := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-done
	}))
	t.Cleanup(slow.Close)
	quick, asked := well(t, "quick:")
	for name, tc := range map[string]struct {
		to     []string
		answer string
	}{
		"there is another address": {[]string{quick, slow.URL}, "quick:order"},
		"there is none":            {[]string{slow.URL}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			us, rt := upstreamsOf(t, RouteConfig{UpstreamConfig: UpstreamConfig{
				To: tc.to, MaxConnections: 1, QueueTimeout: Limit(100 * time.Millisecond),
			}}, time.Now)
			first := make(chan error, 1)
			go func() {
				r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, slow.URL, nil)
				if err == nil {
					var resp *http.Response
					if resp, err = us.all[len(us.all)-1].send(r); err == nil {
						err = resp.Body.Close()
					}
				}
				first <- err
			}()
			<-arrived
			for range 8 { // more than an address may fail
				asked.Store(0)
				got, err := ask(t, us, http.MethodPost, "order")
				if tc.answer != "" && (got != tc.answer || err != nil) {
					t.Errorf("got %q, %v", got, err)
				}
				if f := fault.Of(rt.failure(err)); tc.answer == "" && (err == nil || f.Kind != fault.UpstreamUnreachable) {
					t.Errorf("got %q, %v", got, err)
				}
			}
			if u := us.all[len(us.all)-1]; u.troubled.Load() {
				t.Error("the crowded address counts as broken")
			}
			done <- struct{}{}
			if err := <-first; err != nil {
				t.Errorf("the request that had the connection: %v", err)
			}
		})
	}
}
