package session

import (
	"sync"
	"time"
)

const (
	// maxEvidence bounds the list below. What falls off is the oldest.
	maxEvidence = 256
	// evidenceGrain keeps a busy gateway from filling the list with one moment:
	// two events are kept of so much time, its first and its latest.
	evidenceGrain = time.Second
)

// evidence remembers when ES has accepted a pair and how young that pair was.
// It is what tells "ES has forgotten these tokens" from "ES's tokens index is
// out": in an outage no pair is accepted. Its zero value is ready.
type evidence struct {
	mu     sync.Mutex
	events []acceptance // by time; guarded by mu
}

type acceptance struct{ at, made time.Time }

// accept notes that ES has accepted a pair made at that time.
func (e *evidence) accept(at, made time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.events)
	if n >= 2 && at.Sub(e.events[n-2].at) < evidenceGrain {
		if !made.Before(e.events[n-1].made) {
			e.events[n-1] = acceptance{at, made}
		}
		return
	}
	if n == maxEvidence {
		e.events = append(e.events[:0], e.events[1:]...)
	}
	e.events = append(e.events, acceptance{at, made})
}

// between reports whether a pair younger than made was accepted after since and
// before asked.
func (e *evidence) between(since, asked, made time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.events {
		if a.at.After(since) && a.at.Before(asked) && a.made.After(made) {
			return true
		}
	}
	return false
}
