package standin

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// Elasticsearch is one node. It is safe for concurrent use.
type Elasticsearch struct {
	cluster     *cluster
	name, id    string
	routes      []route
	faults      atomic.Pointer[Faults]
	started     time.Time
	calls       map[string]int // guarded by cluster.mu
	lastCleanup time.Time      // guarded by cluster.mu
}

// New starts a cluster of one node.
func New(cfg Config) (*Elasticsearch, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	c, err := newCluster(cfg)
	if err != nil {
		return nil, err
	}
	return c.newNode(), nil
}

// Node adds a node to the cluster: it shares all state but has its own faults.
func (es *Elasticsearch) Node() *Elasticsearch { return es.cluster.newNode() }

// SetFaults replaces the faults of this node.
func (es *Elasticsearch) SetFaults(f Faults) { es.faults.Store(&f) }

// Faults returns the faults of this node.
func (es *Elasticsearch) Faults() Faults { return *es.faults.Load() }

func (es *Elasticsearch) now() time.Time {
	return es.cluster.config.Now().Add(es.Faults().ClockSkew)
}

// serverHeaderBytes lets the handler see what is too large, since it is the
// handler that answers in Elasticsearch's words.
const serverHeaderBytes = 1 << 20

// Server returns a server for the API that speaks HTTP/1 only, as Elasticsearch
// does. The caller serves it on a listener, with or without TLS, and closes it.
func (es *Elasticsearch) Server() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           es,
		MaxHeaderBytes:    serverHeaderBytes,
		Protocols:         protocols,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(es.cluster.config.Log.Handler(), slog.LevelDebug),
	}
}

// ServeHTTP is the API.
func (es *Elasticsearch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	faults := es.Faults()
	if faults.Down || !hold(faults.Delay, r) {
		cut()
	}
	c := es.newCall(r)
	a := c.answer()
	if faults.LoseAnswer != nil && faults.LoseAnswer(r) {
		cut()
	}
	c.send(w, a)
}

// cut ends the connection without an answer; it does not return.
func cut() {
	panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut a connection
}

// hold waits as long as the fault says and tells whether the client stayed.
func hold(delay func(*http.Request) <-chan struct{}, r *http.Request) bool {
	if delay == nil {
		return true
	}
	wait := delay(r)
	if wait == nil {
		return true
	}
	// Only a connection whose body was read is watched for its end.
	if err := bufferBody(r); err != nil {
		return false
	}
	select {
	case <-wait:
		return true
	case <-r.Context().Done():
		return false
	}
}
