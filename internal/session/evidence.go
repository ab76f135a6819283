package session

import (
	"sync"
	"time"
)

// maxEvidence bounds the list below. What falls off is the oldest.
const maxEvidence = 256

// evidence remembers when ES has accepted a pair and how young that pair was.
// It is what tells "ES has forgotten these tokens" from "ES's tokens index is
// out": in an outage no pair is accepted. Its zero value is ready.
type evidence struct {
	mu sync.Mutex
	// events are ordered by time; the pairs get older towards the end, since a
	// later event with a younger pair says more than an earlier one. Guarded by mu.
	events []acceptance
}

type acceptance struct{ at, made time.Time }

// accept notes that ES has accepted a pair made at that time.
func (e *evidence) accept(at, made time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	keep := len(e.events)
	for keep > 0 && !e.events[keep-1].made.After(made) && at.Sub(e.events[keep-1].at) < time.Second {
		keep--
	}
	e.events = append(e.events[:keep], acceptance{at, made})
	if len(e.events) > maxEvidence {
		e.events = append(e.events[:0], e.events[len(e.events)-maxEvidence:]...)
	}
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
