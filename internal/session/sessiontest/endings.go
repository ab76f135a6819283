package sessiontest

import (
	"fmt"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

func endings() []testCase {
	return []testCase{
		{name: "a closed store says so", test: closedSaysSo},
		{name: "closing while others write loses no write that was answered", again: true, test: closeWhileWriting},
		{name: "a restart keeps everything", again: true, test: restartKeeps},
		{name: "what expires while the store is closed is gone", again: true, test: expiresWhileClosed},
	}
}

// restart closes the store and opens its data again.
func (f *fixture) restart() {
	f.Helper()
	f.is(f.store.Close(), nil, "Close")
	f.store = f.bench.again(f.T, f.clock.Now, f.store)
}

func closedSaysSo(f *fixture) {
	f.save("a", f.record(0, "x", "l"))
	f.is(f.store.Close(), nil, "Close")
	ctx := f.Context()
	for name, call := range map[string]func() error{
		"Load":   func() error { _, err := f.store.Load(ctx, key("a")); return err },
		"Save":   func() error { _, err := f.store.Save(ctx, key("a"), f.record(1, "y")); return err },
		"Take":   func() error { _, err := f.store.Take(ctx, key("a")); return err },
		"Delete": func() error { return f.store.Delete(ctx, key("a"), 1) },
		"Find":   func() error { _, err := f.store.Find(ctx, label("l")); return err },
		"Due":    func() error { _, err := f.store.Due(ctx, label("l"), f.clock.Now()); return err },
		"Count":  func() error { _, err := f.store.Count(ctx, label("l")); return err },
		"Each":   func() error { return f.store.Each(ctx, func(session.Key, session.Record) bool { return true }) },
		"Sweep":  func() error { _, err := f.store.Sweep(ctx); return err },
	} {
		f.is(call(), session.ErrClosed, "%s after Close", name)
	}
}

func closeWhileWriting(f *fixture) {
	answered := make([]error, parallel)
	var wg sync.WaitGroup
	for i := range parallel {
		wg.Go(func() {
			_, answered[i] = f.store.Save(f.Context(), key(fmt.Sprint(i)), f.record(0, "x"))
		})
	}
	old := f.store
	f.is(old.Close(), nil, "Close")
	wg.Wait()
	f.store = f.bench.again(f.T, f.clock.Now, old)
	for i, err := range answered {
		if err == nil {
			f.load(fmt.Sprint(i))
		} else {
			f.is(err, session.ErrClosed, "Save while the store is being closed")
		}
	}
}

func restartKeeps(f *fixture) {
	kept := f.record(1, "second", "l", "m")
	f.save("kept", f.record(0, "first", "old"))
	f.save("kept", kept)
	f.save("deleted", f.record(0, "x", "l"))
	f.is(f.store.Delete(f.Context(), key("deleted"), 1), nil, "Delete")
	f.save("taken", f.record(0, "x", "l"))
	if _, err := f.store.Take(f.Context(), key("taken")); err != nil {
		f.Fatalf("Take: %v", err)
	}
	f.restart()
	f.wants("kept", 2, kept)
	f.finds("l", "kept")
	f.finds("m", "kept")
	f.finds("old")
	f.missing("deleted")
	f.missing("taken")
	_, err := f.store.Save(f.Context(), key("kept"), f.record(1, "late"))
	f.is(err, session.ErrConflict, "Save with the version before the last")
	f.save("kept", f.record(2, "third"))
	f.restart()
	f.wants("kept", 3, f.record(0, "third"))
}

func expiresWhileClosed(f *fixture) {
	f.save("a", f.record(0, "x", "l"))
	f.is(f.store.Close(), nil, "Close")
	f.clock.Advance(life + time.Second)
	f.store = f.bench.again(f.T, f.clock.Now, f.store)
	f.missing("a")
	f.finds("l")
	n, err := f.store.Sweep(f.Context())
	if err != nil || (n != 1 && !f.bench.forgets) {
		f.Errorf("Sweep: %d, %v, want 1", n, err)
	}
	f.save("a", f.record(0, "y"))
}
