package sessiontest

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that a test moves. It starts at the present, since a store's
// server may have a clock of its own, and stands still. It is safe for
// concurrent use.
type Clock struct {
	start time.Time
	moved atomic.Int64
}

// NewClock returns a clock that stands at the present.
func NewClock() *Clock { return &Clock{start: time.Now()} }

// Now is the time on the clock.
func (c *Clock) Now() time.Time { return c.start.Add(time.Duration(c.moved.Load())) }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.moved.Add(int64(d)) }
