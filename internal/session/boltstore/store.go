package boltstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

var _ session.Store = (*Store)(nil)

// Store is a session.Store of one gateway.
//
// A caller whose context ends gets its error at once. Its write has then either
// not begun, and does not happen, or it goes on to its end as if the caller had
// stayed; it is never done by half. So a Take given up in that moment may have
// consumed the record, and nobody has it.
//
// An error that is none of package session's is an outage. One that the file
// survived (full disk) concerns the write alone, and memory is as before. Where
// the disk did not confirm a write, the store answers this error to all calls
// until the gateway is restarted.
type Store struct {
	path string
	now  func() time.Time
	file *file

	mu     sync.RWMutex
	memory memory // guarded by mu, changed by the goroutine that writes
	down   error  // guarded by mu like memory: why nothing is answered any more

	queueMu  sync.Mutex
	queue    []*change // guarded by queueMu, like the next two
	settling bool      // the goroutine that writes is at work
	shut     bool
	work     sync.WaitGroup
}

// Load implements session.Store.
func (s *Store) Load(ctx context.Context, k session.Key) (session.Record, error) {
	if err := ctx.Err(); err != nil {
		return session.Record{}, err
	}
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.down != nil {
		return session.Record{}, s.down
	}
	e := s.memory.entries[k]
	if e == nil || !living(e.rec, now) {
		return session.Record{}, session.ErrNotFound
	}
	return e.rec, nil
}

// Save implements session.Store.
func (s *Store) Save(ctx context.Context, k session.Key, rec session.Record) (uint64, error) {
	rec, err := owned(rec)
	if err != nil {
		return 0, s.trouble(err)
	}
	var version uint64
	err = s.submit(ctx, func(v *view) (err error) {
		version, err = v.save(k, rec)
		return err
	})
	if err != nil {
		return 0, err // without a look at version, which may yet be written
	}
	return version, nil
}

// Take implements session.Store.
func (s *Store) Take(ctx context.Context, k session.Key) (session.Record, error) {
	var rec session.Record
	err := s.submit(ctx, func(v *view) (err error) {
		rec, err = v.take(k)
		return err
	})
	if err != nil {
		return session.Record{}, err
	}
	return rec, nil
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, k session.Key, version uint64) error {
	return s.submit(ctx, func(v *view) error { return v.remove(k, version) })
}

// Find implements session.Store.
func (s *Store) Find(ctx context.Context, l session.Label) ([]session.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.keysOf(l, func(session.Record) bool { return true })
}

// Due implements session.Store.
func (s *Store) Due(ctx context.Context, l session.Label, until time.Time) ([]session.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.keysOf(l, func(rec session.Record) bool { return !rec.Expires.After(until) })
}

// Count implements session.Store.
func (s *Store) Count(ctx context.Context, l session.Label) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n := 0
	err := s.labelled(l, func(*entry) { n++ })
	return n, err
}

// labelled visits the living records under a label.
func (s *Store) labelled(l session.Label, visit func(*entry)) error {
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.down != nil {
		return s.down
	}
	for _, e := range s.memory.labels[l] {
		if living(e.rec, now) {
			visit(e)
		}
	}
	return nil
}

// found is what labelled has shown: the record may change later.
type found struct {
	key     session.Key
	expires time.Time
}

// keysOf returns the keys of the living records under a label that pick likes, the one
// that expires first in front.
func (s *Store) keysOf(l session.Label, pick func(session.Record) bool) ([]session.Key, error) {
	var all []found
	err := s.labelled(l, func(e *entry) {
		if pick(e.rec) {
			all = append(all, found{e.key, e.rec.Expires})
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b found) int { return a.expires.Compare(b.expires) })
	keys := make([]session.Key, len(all))
	for i, one := range all {
		keys[i] = one.key
	}
	return keys, nil
}

// Each implements session.Store.
func (s *Store) Each(ctx context.Context, visit func(session.Key, session.Record) bool) error {
	keys, err := s.keys(ctx, living)
	if err != nil {
		return err
	}
	for _, k := range keys {
		// No lock is held while visit runs, since visit may call the store.
		rec, err := s.Load(ctx, k)
		switch {
		case errors.Is(err, session.ErrNotFound): // ended meanwhile
		case err != nil:
			return err
		case !visit(k, rec):
			return nil
		}
	}
	return nil
}

// sweepStep bounds how long a sweep keeps other writers waiting.
const sweepStep = 1000

// Sweep implements session.Store.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	keys, err := s.keys(ctx, func(rec session.Record, now time.Time) bool { return !living(rec, now) })
	if err != nil {
		return 0, err
	}
	all := 0
	for len(keys) > 0 {
		step, removed := keys[:min(len(keys), sweepStep)], 0
		keys = keys[len(step):]
		err := s.submit(ctx, func(v *view) error {
			removed = v.forget(step)
			return nil
		})
		if err != nil {
			return all, err
		}
		all += removed
	}
	return all, nil
}

// Close finishes the writes that wait and lets go of the file.
func (s *Store) Close() error {
	if !s.shutDoor() {
		return session.ErrClosed
	}
	s.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.memory = session.ErrClosed, newMemory()
	return s.file.close()
}

// shutDoor lets no further write in; false: it was shut before.
func (s *Store) shutDoor() bool {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	wasOpen := !s.shut
	s.shut = true
	return wasOpen
}

// submit has a write done and waits for it.
func (s *Store) submit(ctx context.Context, judge func(v *view) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := newChange(judge)
	if err := s.enqueue(c); err != nil {
		return err
	}
	return c.wait(ctx)
}

// keys returns the keys of the records that pick likes.
func (s *Store) keys(ctx context.Context, pick func(session.Record, time.Time) bool) ([]session.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.down != nil {
		return nil, s.down
	}
	var keys []session.Key
	for k, e := range s.memory.entries {
		if pick(e.rec, now) {
			keys = append(keys, k)
		}
	}
	return keys, nil
}
