package sessiontest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/esgateway/esgateway/internal/session"
)

func races() []testCase {
	return []testCase{
		{name: "50 writers lose no update", test: func(f *fixture) { noLostUpdate(f, f.store) }},
		{name: "of 50 that make a record one does", test: func(f *fixture) { madeOnce(f, f.store) }},
		{name: "of 50 that take a record one gets it", test: func(f *fixture) { takenOnce(f, f.store) }},
		{name: "a delete and a save of one version: one wins", test: func(f *fixture) { deleteOrSave(f, f.store) }},
		{name: "over two nodes no update is lost", twin: true, test: func(f *fixture) { noLostUpdate(f, f.second()) }},
		{name: "over two nodes one makes a record", twin: true, test: func(f *fixture) { madeOnce(f, f.second()) }},
		{name: "over two nodes one takes a record", twin: true, test: func(f *fixture) { takenOnce(f, f.second()) }},
		{name: "over two nodes a delete or a save wins", twin: true, test: func(f *fixture) { deleteOrSave(f, f.second()) }},
		{name: "what one node writes the other one reads", twin: true, test: readByOther},
	}
}

// second opens another node on the same data.
func (f *fixture) second() session.Store {
	twin := f.bench.twin(f.T, f.clock.Now, f.store)
	f.Cleanup(func() { _ = twin.Close() }) // a test may have closed it
	return twin
}

// race has parallel callers do it at once, every other one at the other store.
func (f *fixture) race(other session.Store, do func(s session.Store) error) (won int64) {
	var wg sync.WaitGroup
	var wins atomic.Int64
	start := make(chan struct{})
	for i := range parallel {
		s := []session.Store{f.store, other}[i%2]
		wg.Go(func() {
			<-start
			if do(s) == nil {
				wins.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return wins.Load()
}

func noLostUpdate(f *fixture, other session.Store) {
	f.save("a", f.record(0, "0", "l"))
	won := f.race(other, func(s session.Store) error {
		for {
			rec, err := s.Load(f.Context(), key("a"))
			if err != nil {
				f.Errorf("Load: %v", err)
				return err
			}
			n, _ := strconv.Atoi(string(rec.Sealed))
			_, err = s.Save(f.Context(), key("a"), f.record(rec.Version, strconv.Itoa(n+1), "l"))
			if err == nil || !errors.Is(err, session.ErrConflict) {
				return err
			}
		}
	})
	if won != parallel {
		f.Fatalf("%d of %d writers came through", won, parallel)
	}
	f.wants("a", parallel+1, f.record(0, strconv.Itoa(parallel), "l"))
}

func madeOnce(f *fixture, other session.Store) {
	won := f.race(other, func(s session.Store) error {
		_, err := s.Save(f.Context(), key("a"), f.record(0, "x"))
		if err != nil && !errors.Is(err, session.ErrConflict) {
			f.Errorf("Save: %v", err)
		}
		return err
	})
	if won != 1 {
		f.Errorf("%d made the record, want 1", won)
	}
	f.wants("a", 1, f.record(0, "x"))
}

func takenOnce(f *fixture, other session.Store) {
	for round := range 5 {
		name := fmt.Sprint(round)
		want := f.record(0, name, "l")
		f.save(name, want)
		won := f.race(other, func(s session.Store) error {
			got, err := s.Take(f.Context(), key(name))
			switch {
			case err == nil && (string(got.Sealed) != name || got.Version != 1):
				f.Errorf("Take: %s", brief(got))
			case err != nil && !errors.Is(err, session.ErrNotFound):
				f.Errorf("Take: %v", err)
			}
			return err
		})
		if won != 1 {
			f.Errorf("%d took the record, want 1", won)
		}
	}
	f.finds("l")
}

// deleteOrSave is a logout during a refresh: the late pair must not bring the
// session back.
func deleteOrSave(f *fixture, other session.Store) {
	for round := range 20 {
		name := fmt.Sprint(round)
		f.save(name, f.record(0, "old", "l"))
		var saved, deleted error
		var wg sync.WaitGroup
		wg.Go(func() { _, saved = other.Save(f.Context(), key(name), f.record(1, "new", "l")) })
		wg.Go(func() { deleted = f.store.Delete(f.Context(), key(name), 1) })
		wg.Wait()
		switch {
		case saved == nil && errors.Is(deleted, session.ErrConflict):
			f.wants(name, 2, f.record(0, "new", "l"))
		case deleted == nil && errors.Is(saved, session.ErrConflict):
			f.missing(name)
		default:
			f.Fatalf("Save: %v, Delete: %v; one must win, the other one must learn of it", saved, deleted)
		}
	}
}

func readByOther(f *fixture) {
	other := f.second()
	rec := f.record(0, "x", "l")
	f.save("a", rec)
	got, err := other.Load(f.Context(), key("a"))
	f.is(err, nil, "Load at the other node")
	f.same(got, 1, rec)
	keys, err := other.Find(f.Context(), label("l"))
	if err != nil || len(keys) != 1 || keys[0] != key("a") {
		f.Errorf("Find at the other node: %x, %v", keys, err)
	}
	f.is(other.Delete(f.Context(), key("a"), 1), nil, "Delete at the other node")
	_, err = f.store.Save(f.Context(), key("a"), f.record(1, "late", "l"))
	f.is(err, session.ErrConflict, "Save of what the other node deleted")
}
