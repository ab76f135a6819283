package certs

import (
	"sync/atomic"
	"time"
)

// pollEvery is how often files are looked at, while somebody asks.
const pollEvery = 5 * time.Second

// Turn says whose turn it is to look at files again: one caller's at a time, and not too
// often. It is safe for concurrent use.
type Turn struct {
	last atomic.Int64 // when, in nanoseconds
}

// NewTurn makes one for files that were just read.
func NewTurn(now time.Time) *Turn {
	t := &Turn{}
	t.last.Store(now.UnixNano())
	return t
}

// Mine reports whether the caller is to look now.
func (t *Turn) Mine(now time.Time) bool {
	last := t.last.Load()
	return now.UnixNano()-last >= int64(pollEvery) && t.last.CompareAndSwap(last, now.UnixNano())
}
