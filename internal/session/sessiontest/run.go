package sessiontest

import (
	"slices"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// Open makes a new, empty store that knows the time by now. Run closes it; what
// else it needs goes into t.Cleanup.
type Open func(t *testing.T, now func() time.Time) session.Store

// Again opens a store on the data of another one that Open made.
type Again func(t *testing.T, now func() time.Time, other session.Store) session.Store

// Option says what else a store can do.
type Option func(*bench)

// Restarts is for stores that keep their records when they are closed: again
// opens the data of a store that Run has closed.
func Restarts(again Again) Option { return func(b *bench) { b.again = again } }

// Shared is for stores that several gateways use at once: twin opens the data
// of a store that is open.
func Shared(twin Again) Option { return func(b *bench) { b.twin = twin } }

// ForgetsByItself is for stores whose server removes expired records: Sweep may
// then find fewer than have expired.
func ForgetsByItself() Option { return func(b *bench) { b.forgets = true } }

// bench is what a test works at.
type bench struct {
	open        Open
	again, twin Again
	forgets     bool
}

// Run tests a store against the contract of session.Store.
func Run(t *testing.T, open Open, options ...Option) {
	t.Helper()
	b := &bench{open: open}
	for _, set := range options {
		set(b)
	}
	for _, c := range slices.Concat(basics(), labels(), each(), expiry(), races(), callers(), endings()) {
		if (c.again && b.again == nil) || (c.twin && b.twin == nil) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(newFixture(t, b))
		})
	}
}

// testCase is one sentence of the contract.
type testCase struct {
	name        string
	again, twin bool // needs this ability
	test        func(f *fixture)
}
