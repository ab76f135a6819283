package elastic_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
)

const (
	account  = "esgateway"
	password = "pass-of-the-gateway"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// script is a node that says what the test wants.
type script struct {
	*httptest.Server
	requests atomic.Int32
}

func scripted(t testing.TB, handle http.HandlerFunc) *script {
	t.Helper()
	s := &script{}
	s.Server = httptest.NewServer(s.count(handle))
	t.Cleanup(s.Close)
	return s
}

func (s *script) count(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		handle(w, r)
	}
}

func (s *script) client(t testing.TB) *elastic.Client {
	t.Helper()
	return newClient(t, newClock(), nil, s.URL)
}

// newClient has the fixture's account; change may change its configuration.
func newClient(t testing.TB, c *clock, change func(*elastic.Config), urls ...string) *elastic.Client {
	t.Helper()
	cfg := elastic.Default()
	cfg.URLs, cfg.Username, cfg.Password = urls, account, secret.Of(password)
	if change != nil {
		change(&cfg)
	}
	es, err := elastic.New(cfg, elastic.Deps{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(es.Close)
	return es
}

// answer speaks as Elasticsearch: no product header on 401 and 403.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	if status != http.StatusUnauthorized && status != http.StatusForbidden {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func ping(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, `{"name":"n1","cluster_name":"c1","version":{"number":"9.2.3"}}`)
}

// hang breaks the connection after the request was read.
func hang(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		panic(err)
	}
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	conn.Close()
}
