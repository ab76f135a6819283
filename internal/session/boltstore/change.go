package boltstore

import (
	"context"
	"sync/atomic"
)

// change is a write that waits for the next transaction.
type change struct {
	// judge decides what happens and writes it into the view. It may be asked
	// again, with a new view, when a shared transaction failed.
	judge func(v *view) error
	// done gets the outcome once it is on the disk.
	done  chan error
	state atomic.Int32
}

// The states of a change. It leaves waiting once: either the transaction takes
// it along or its caller leaves.
const (
	waiting int32 = iota
	taken
	left
)

func newChange(judge func(v *view) error) *change {
	return &change{judge: judge, done: make(chan error, 1)}
}

// wait returns the outcome, or the context's error when that ends first.
func (c *change) wait(ctx context.Context) error {
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
	}
	if c.state.CompareAndSwap(waiting, left) {
		return ctx.Err()
	}
	select {
	case err := <-c.done: // it was both; the caller may as well know
		return err
	default:
		return ctx.Err()
	}
}
