package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
)

// errCrashed is what a process gets from its store after it was killed: nothing
// it does has any effect any more.
var errCrashed = errors.New("killed")

// mortal is a store of a process that is killed at its n-th write: the write is
// on disk or not, and nothing that follows is.
type mortal struct {
	session.Store
	left   atomic.Int64 // writes until the end
	after  bool         // the last write still reaches the disk
	killed atomic.Bool
}

// write does one write, or dies.
func (m *mortal) write(do func() error) error {
	if m.killed.Load() {
		return errCrashed
	}
	if m.left.Add(-1) > 0 {
		return do()
	}
	m.killed.Store(true)
	if m.after {
		_ = do() // it happened, and nobody heard of it
	}
	return errCrashed
}

func (m *mortal) Save(ctx context.Context, k session.Key, rec session.Record) (v uint64, err error) {
	err = m.write(func() error {
		v, err = m.Store.Save(ctx, k, rec)
		return err
	})
	return v, err
}

func (m *mortal) Take(ctx context.Context, k session.Key) (rec session.Record, err error) {
	err = m.write(func() error {
		rec, err = m.Store.Take(ctx, k)
		return err
	})
	return rec, err
}

func (m *mortal) Delete(ctx context.Context, k session.Key, version uint64) error {
	return m.write(func() error { return m.Store.Delete(ctx, k, version) })
}

func (m *mortal) Load(ctx context.Context, k session.Key) (session.Record, error) {
	if m.killed.Load() {
		return session.Record{}, errCrashed
	}
	return m.Store.Load(ctx, k)
}

// mortalHouse opens a manager whose process is killed at its n-th write. A
// killed process sends nothing to ES either.
func mortalHouse(t *testing.T, h *house, n int64, after bool) (*session.Manager, *mortal) {
	t.Helper()
	store := &mortal{Store: h.store, after: after}
	store.left.Store(n)
	es := h.es.client(t, h.clock, account)
	return session.NewManager(session.Default(), session.Deps{
		Vault: session.NewVault(store, h.keys), Elastic: es, Now: h.clock.now, Log: slog.New(slog.DiscardHandler), Observer: &journal{},
	}), store
}

// TestKilledAtEveryWriteOfASignIn: whoever was signed in still is, and nobody is
// half signed in.
func TestKilledAtEveryWriteOfASignIn(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for n := int64(1); n <= 5; n++ {
			t.Run(fmt.Sprintf("write %d, on disk %v", n, after), func(t *testing.T) {
				t.Parallel()
				h := openHouse(t)
				old := h.signIn("alice", "browser")
				grant := h.es.grant(t, h.clock, "alice")
				m, store := mortalHouse(t, h, n, after)
				begun, err := m.Begin(t.Context(), session.Start{Grant: grant, Method: "corp", Realm: "saml1", Browser: "browser"})
				if err := m.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				_ = err // the process is dead: what it returned reached nobody
				reborn := openHouseOn(t, h.clock, h.es, h.store, h.keys)
				h.clock.advance(20 * time.Second)
				reborn.Recover(t.Context())
				h.clock.advance(2 * time.Minute)
				reborn.Sweep(t.Context())
				if err := reborn.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				// The browser still has the old cookie, unless the answer went out.
				id := old.ID
				if !store.killed.Load() {
					id = begun.ID
				}
				reborn.works(id, old.Session.Key)
			})
		}
	}
}

// works checks that an id opens a session whose tokens ES takes. After a move
// the old id works for a minute only; then the new record must be whole.
func (h *house) works(id session.ID, old session.Key) {
	h.t.Helper()
	s := h.current(id)
	if s == nil {
		live, err := h.OfBrowser(h.t.Context(), "browser")
		if err != nil || len(live) != 1 || live[0].Key == old {
			h.t.Fatalf("nobody is signed in: %v, %v", live, err)
		}
		s = live[0]
	}
	if class := h.es.bearer(h.t, s.Pair.Access); class != elastic.OK {
		h.t.Errorf("half signed in: ES says %s to the session's token", class)
	}
}

// TestKilledAtEveryWriteOfARefresh: the process is killed around the mark and
// around the new pair; a restart within 20 s goes on with the session.
func TestKilledAtEveryWriteOfARefresh(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for n := int64(1); n <= 3; n++ {
			t.Run(fmt.Sprintf("write %d, on disk %v", n, after), func(t *testing.T) {
				t.Parallel()
				h := openHouse(t)
				begun := h.signIn("alice", "browser")
				h.clock.advance(tokenTTL + time.Second)
				m, _ := mortalHouse(t, h, n, after)
				if s, err := m.Current(t.Context(), begun.ID); err == nil {
					_, err = m.Fresh(t.Context(), s)
					_ = err // the process is dead: what it returned reached nobody
				}
				if err := m.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				h.clock.advance(15 * time.Second)
				reborn := openHouseOn(t, h.clock, h.es, h.store, h.keys)
				reborn.Recover(t.Context())
				if err := reborn.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				s := reborn.current(begun.ID)
				if s == nil {
					t.Fatal("the person has to sign in again")
				}
				s, err := reborn.Fresh(t.Context(), s)
				if err != nil {
					t.Fatalf("the session does not go on: %v", err)
				}
				if class := h.es.bearer(t, s.Pair.Access); class != elastic.OK {
					t.Errorf("ES says %s to the token", class)
				}
				if pairs := h.es.Counters().RefreshedPairs; pairs != 1 {
					t.Errorf("ES made %d pairs, want 1", pairs)
				}
			})
		}
	}
}

// TestANodeWhoseClockIsAheadAndThatDiesWhileRenewing delays nobody longer than another one:
// its mark is of a time that is still to come.
func TestANodeWhoseClockIsAheadAndThatDiesWhileRenewing(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(tokenTTL + time.Second)
	ahead := newClock()
	ahead.at.Store(h.clock.at.Load())
	ahead.advance(time.Hour)
	wrong := openHouseOn(t, ahead, h.es, h.store, h.keys)
	m, _ := mortalHouse(t, wrong, 2, true) // the first is the idle time, the second the mark
	if s, err := m.Current(t.Context(), begun.ID); err == nil {
		_, err = m.Fresh(t.Context(), s)
		_ = err // the process is dead: what it returned reached nobody
	}
	if err := m.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := h.Fresh(t.Context(), h.current(begun.ID))
	if err != nil {
		t.Fatalf("the session does not go on: %v", err)
	}
	if class := h.es.bearer(t, s.Pair.Access); class != elastic.OK || s.Pair.Ends.After(h.clock.now().Add(tokenTTL)) {
		t.Errorf("ES says %s to the token, which ends at %s", class, s.Pair.Ends)
	}
}
