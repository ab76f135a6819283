package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
)

const (
	// probeRest is how long an answer of ES to a probe is good for.
	probeRest = 5 * time.Second
	// probeTime bounds the question to the store: readiness must answer at once.
	probeTime = 2 * time.Second
	// elasticTime bounds the one to ES, which decides nothing: probers often wait no longer
	// than a second, and who is not answered in time takes the node out.
	elasticTime = 800 * time.Millisecond
)

// state is what the operations listener tells of a gateway.
type state struct {
	draining atomic.Bool
	es       *elastic.Client
	lasting  Lasting
	// warnings are what operators should know while all works.
	warnings func() []string

	mu     sync.Mutex // guards what follows
	probed time.Time
	alive  bool
}

func newState(g *Gateway, l Lasting) *state {
	return &state{es: g.Elastic, lasting: l, warnings: g.Warnings}
}

// handler serves the operations listener. profiles adds the memory and CPU
// profiles, which show what is in memory to whoever asks.
func (s *state) handler(profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }) // the prober has gone
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.lasting.Metrics.Handler())
	if profiles {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// readiness is the body of /readyz.
type readiness struct {
	Status        string `json:"status"`
	Store         string `json:"store"`
	Elasticsearch string `json:"elasticsearch"`
	// Warnings are there if ?verbose was asked for.
	Warnings []string `json:"warnings,omitempty"`
}

// ready is 200 while this node can serve. ES being down is only `degraded`: a
// balancer that takes every node out would show its own page instead of ours.
func (s *state) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probeTime)
	defer cancel()
	report, code := readiness{Status: "ready", Store: "ok", Elasticsearch: "ok"}, http.StatusOK
	if _, err := s.lasting.Store.Load(ctx, session.KeyOf("readiness", "")); !errors.Is(err, session.ErrNotFound) {
		report.Status, report.Store, code = "unavailable", "no answer", http.StatusServiceUnavailable
	}
	// Last, and by a limit of its own: an ES that says nothing leaves the store its time.
	if !s.elasticAlive(r.Context()) {
		report.Elasticsearch = "no answer"
		if code == http.StatusOK {
			report.Status = "degraded"
		}
	}
	if s.draining.Load() {
		report.Status, code = "draining", http.StatusServiceUnavailable
	}
	if r.URL.Query().Has("verbose") {
		report.Warnings = s.warnings()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(report) // the prober has gone
}

// elasticAlive asks ES at most every few seconds, whoever asks us.
func (s *state) elasticAlive(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.lasting.Now()
	if !s.probed.IsZero() && now.Sub(s.probed) < probeRest {
		return s.alive
	}
	// A prober that hangs up says nothing of ES to those who ask after it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), elasticTime)
	defer cancel()
	_, err := s.es.Info(ctx)
	class := elastic.ClassOf(err)
	s.probed, s.alive = now, class != elastic.Outage && class != elastic.Cancelled
	return s.alive
}
