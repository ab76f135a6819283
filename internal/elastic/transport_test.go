package elastic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
)

// deaf is an address where nobody listens.
func deaf(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return "http://" + l.Addr().String()
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	var got string
	s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, pass, _ := r.BasicAuth()
		got = fmt.Sprintln(r.Method, r.RequestURI, r.Proto, r.UserAgent(), r.Header.Get("Content-Type"), r.Header.Get("Accept"), user, pass, string(body))
		answer(w, 200, `{"access_token":"a","refresh_token":"r","expires_in":1200,"authentication":{"username":"u"}}`)
	})
	c := newClient(t, newClock(), nil, s.URL+"/es/")
	if _, err := c.SAMLAuthenticate(t.Context(), "saml1", "PHg+", nil); err != nil {
		t.Fatal(err)
	}
	const want = "POST /es/_security/saml/authenticate HTTP/1.1 esgateway application/json application/json esgateway " + password +
		` {"content":"PHg+","ids":[],"realm":"saml1"}` + "\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestTheNextNodeIsAskedWhenNobodyListens(t *testing.T) {
	t.Parallel()
	s := scripted(t, ping)
	c := newClient(t, newClock(), nil, deaf(t), s.URL)
	for range 4 {
		if _, err := c.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.requests.Load(); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
	_, err := c.InfoOf(t.Context(), 0)
	wantClass(t, "the node that does not listen", err, elastic.Outage)
	_, err = newClient(t, newClock(), nil, deaf(t), deaf(t)).Info(t.Context())
	wantClass(t, "nobody listens anywhere", err, elastic.Outage)
}

// What may have arrived is not repeated: it could burn a refresh token, or make
// tokens that nobody knows of.
func TestNothingIsRepeatedThatMayHaveArrived(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]http.HandlerFunc{
		"the connection breaks": hang,
		"bad gateway":           func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "") },
		"unavailable":           func(w http.ResponseWriter, _ *http.Request) { answer(w, 503, busy) },
		"too many":              func(w http.ResponseWriter, _ *http.Request) { answer(w, 429, busy) },
		"the answer is cut off": func(w http.ResponseWriter, _ *http.Request) { cutOff(w) },
		"the answer has no end": func(w http.ResponseWriter, _ *http.Request) { endless(w) },
		"the header has no end": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) },
		"another product":       func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{}`) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"a redirect to another one": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := scripted(t, handle), scripted(t, handle)
			c := newClient(t, newClock(), nil, first.URL, second.URL)
			_, err := c.SAMLAuthenticate(t.Context(), "saml1", "x", nil)
			wantClass(t, name, err, elastic.Outage)
			if n := first.requests.Load() + second.requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			// A lost answer is told from a bad one: only that may be asked for again.
			e, _ := errors.AsType[*elastic.Error](err)
			lost := name == "the connection breaks" || strings.HasPrefix(name, "the ")
			if (e.Status == 0) != lost {
				t.Errorf("status %d", e.Status)
			}
		})
	}
}

// A connection that was open and is dead when a request is written on it is not known
// to be unread.
func TestNothingIsRepeatedOnAConnectionThatWasOpen(t *testing.T) {
	t.Parallel()
	broken := false
	s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if broken {
			hang(w, r)
			return
		}
		answer(w, 200, one)
	})
	c := s.client(t)
	if err := c.InvalidateAccess(t.Context(), secret.Of("a")); err != nil {
		t.Fatal(err)
	}
	broken = true
	wantClass(t, "the second call", c.InvalidateAccess(t.Context(), secret.Of("a")), elastic.Outage)
	if n := s.requests.Load(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func cutOff(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "100")
	answer(w, 200, `{"access_token":`)
}

func endless(w http.ResponseWriter) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestRefreshesGoRoundTheNodes(t *testing.T) {
	t.Parallel()
	handle := func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 400, oauth("invalid_grant", "could not refresh the requested token"))
	}
	nodes := []*script{scripted(t, handle), scripted(t, handle), scripted(t, handle)}
	c := newClient(t, newClock(), nil, nodes[0].URL, nodes[1].URL, nodes[2].URL)
	for i := range 6 {
		_, err := c.Refresh(t.Context(), secret.Of("r"))
		wantClass(t, "refresh", err, elastic.Mute)
		if n := nodes[i%3].requests.Load(); n != int32(i/3+1) {
			t.Errorf("call %d: node %d has had %d", i, i%3, n)
		}
	}
}

func TestARefreshIsOneAttempt(t *testing.T) {
	t.Parallel()
	s := scripted(t, ping)
	c := newClient(t, newClock(), nil, deaf(t), s.URL)
	_, err := c.Refresh(t.Context(), secret.Of("r"))
	wantClass(t, "a refresh at a node where nobody listens", err, elastic.Outage)
	if n := s.requests.Load(); n != 0 {
		t.Errorf("the other node was asked %d times", n)
	}
}

func TestANodeWithAnOutageIsAskedLast(t *testing.T) {
	t.Parallel()
	status, clock := 503, newClock()
	bad := scripted(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, status, zeros) })
	good := scripted(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 404, zeros) })
	c := newClient(t, clock, nil, bad.URL, good.URL)
	ask := func(times int) {
		for range times {
			_ = c.InvalidateAccess(t.Context(), secret.Of("a"))
		}
	}
	ask(5)
	if n := bad.requests.Load(); n != 1 {
		t.Errorf("a node with an outage was asked %d times, want once", n)
	}
	clock.move(1100 * time.Millisecond)
	ask(2)
	if n := bad.requests.Load(); n != 2 {
		t.Errorf("after its rest it was asked %d times in all, want 2", n)
	}
	clock.move(1100 * time.Millisecond)
	ask(2)
	if n := bad.requests.Load(); n != 2 {
		t.Errorf("the second rest is no longer than the first: %d", n)
	}
	status = 404
	clock.move(time.Minute)
	ask(4)
	if n := bad.requests.Load(); n < 4 {
		t.Errorf("a node that answers again is still asked last: %d", n)
	}
}

// TestOneCallTriesANodeAfterItsRest: if it is still dead, the others do not wait for that
// too.
func TestOneCallTriesANodeAfterItsRest(t *testing.T) {
	t.Parallel()
	clock, release := newClock(), make(chan struct{})
	var hangs atomic.Bool
	bad := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		if hangs.Load() {
			<-release
		}
		answer(w, 503, zeros)
	})
	good := scripted(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 404, zeros) })
	c := newClient(t, clock, nil, bad.URL, good.URL)
	wantClass(t, "the first call", c.InvalidateAccess(t.Context(), secret.Of("a")), elastic.Outage)
	clock.move(1100 * time.Millisecond)
	hangs.Store(true)
	var all sync.WaitGroup
	for range 10 {
		asked := bad.requests.Load() + good.requests.Load()
		all.Go(func() { _ = c.InvalidateAccess(t.Context(), secret.Of("a")) })
		for bad.requests.Load()+good.requests.Load() == asked { // one after the other, while one hangs
			runtime.Gosched()
		}
	}
	if n := bad.requests.Load(); n != 2 {
		t.Errorf("%d calls wait for the dead node, want 1", n-1)
	}
	close(release)
	all.Wait()
}

func TestARefusalIsNoOutage(t *testing.T) {
	t.Parallel()
	handle := func(w http.ResponseWriter, _ *http.Request) { answer(w, 401, refusedPerson) }
	first, second := scripted(t, handle), scripted(t, handle)
	c := newClient(t, newClock(), nil, first.URL, second.URL)
	for range 4 {
		_, err := c.SAMLAuthenticate(t.Context(), "saml1", "x", nil)
		wantClass(t, "sign-in", err, elastic.PersonRefused)
	}
	if first.requests.Load() != 2 || second.requests.Load() != 2 {
		t.Errorf("%d and %d requests, want 2 and 2", first.requests.Load(), second.requests.Load())
	}
}

func TestACallerWhoLeavesDecidesNothing(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	handle := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			ping(w, r)
			return
		}
		close(arrived)
		<-release
	}
	first, second := scripted(t, handle), scripted(t, handle)
	t.Cleanup(func() { close(release) })
	c := newClient(t, newClock(), nil, first.URL, second.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := c.Refresh(ctx, secret.Of("r"))
	wantClass(t, "a caller who left", err, elastic.Cancelled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not the context's error", err)
	}
	for range 2 { // no node has been counted out
		if _, err := c.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if first.requests.Load() != 2 || second.requests.Load() != 1 {
		t.Errorf("%d and %d requests, want 2 and 1", first.requests.Load(), second.requests.Load())
	}
	_, err = c.Info(ctx)
	wantClass(t, "a caller who had left before", err, elastic.Cancelled)
}

func TestANodeThatHangsIsAnOutage(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := scripted(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	c := newClient(t, newClock(), func(c *elastic.Config) { c.Timeout, c.ConnectTimeout = 50*time.Millisecond, 50*time.Millisecond }, s.URL)
	_, err := c.Info(t.Context())
	wantClass(t, "no answer in time", err, elastic.Outage)
	if e, _ := errors.AsType[*elastic.Error](err); e.Status != 0 {
		t.Errorf("status %d", e.Status)
	}
}

func TestTheProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	proxy := scripted(t, ping)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	c := newClient(t, newClock(), nil, "http://es.invalid:9200")
	_, err := c.Info(t.Context())
	wantClass(t, "a host that does not exist", err, elastic.Outage)
	if n := proxy.requests.Load(); n != 0 {
		t.Errorf("the proxy was asked %d times", n)
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		clock.move(2 * time.Second)
		if r.Method == http.MethodGet {
			ping(w, r)
			return
		}
		answer(w, 200, `{}`)
	})
	var mu sync.Mutex
	var seen []string
	cfg := elastic.Default()
	cfg.URLs, cfg.Username, cfg.Password = []string{s.URL}, account, secret.Of(password)
	c, err := elastic.New(cfg, elastic.Deps{Now: clock.Now, Observe: func(endpoint string, class elastic.Class, d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprint(endpoint, " ", class, " ", d))
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Info(t.Context())
	_, _ = c.SAMLPrepare(t.Context(), "saml1")
	if got, want := strings.Join(seen, ", "), "info ok 2s, saml/prepare outage 2s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever fails, neither the error nor the log shows what was sent or answered.
func TestNothingSecretIsToldInErrors(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	for _, status := range []int{200, 400, 401, 403, 500, 503} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			answer(w, status, fmt.Sprintf(`{"error":{"type":"security_exception","reason":%q},"access_token":"planted"}`, body))
		}))
		t.Cleanup(s.Close)
		cfg := elastic.Default()
		cfg.URLs, cfg.Username, cfg.Password = []string{s.URL}, account, secret.Of("planted")
		c, err := elastic.New(cfg, elastic.Deps{Now: newClock().Now, Log: slog.New(slog.NewJSONHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		_, err1 := c.Refresh(t.Context(), secret.Of("planted"))
		_, err2 := c.SAMLAuthenticate(t.Context(), "saml1", "planted", nil)
		_, _, err3 := c.SAMLLogout(t.Context(), secret.Of("planted"), secret.Of("planted"))
		err4 := c.InvalidateRefresh(t.Context(), secret.Of("planted"))
		_, err5 := c.Authenticate(t.Context(), secret.Of("planted"))
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				fmt.Fprintln(&log, err.Error())
			}
		}
	}
	if strings.Contains(log.String(), "planted") {
		t.Errorf("a secret was told:\n%s", log.String())
	}
}
