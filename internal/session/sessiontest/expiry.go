package sessiontest

import (
	"fmt"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

func expiry() []testCase {
	return []testCase{
		{name: "an expired record is not returned by anything", test: expiredIsGone},
		{name: "an expired record is nothing to a save", test: saveOverExpired},
		{name: "a save moves the expiry", test: expiryMoves},
		{name: "sweep removes what has expired and nothing else", test: sweepRemoves},
	}
}

func expiredIsGone(f *fixture) {
	f.save("short", f.record(0, "short", "l"))
	f.clock.Advance(life / 2)
	f.save("long", f.record(0, "long", "l"))
	f.finds("l", "short", "long")
	f.clock.Advance(life / 2)
	f.clock.Advance(time.Second)

	f.missing("short")
	f.finds("l", "long")
	_, err := f.store.Take(f.Context(), key("short"))
	f.is(err, session.ErrNotFound, "Take")
	f.is(f.store.Delete(f.Context(), key("short"), 0), session.ErrNotFound, "Delete")
	f.is(f.store.Delete(f.Context(), key("short"), 7), session.ErrNotFound, "Delete of another version")
	err = f.store.Each(f.Context(), func(k session.Key, _ session.Record) bool {
		if k != key("long") {
			f.Error("Each visits an expired record")
		}
		return true
	})
	f.is(err, nil, "Each")
	f.load("long")
}

func saveOverExpired(f *fixture) {
	f.save("a", f.record(0, "first", "old"))
	f.save("a", f.record(1, "second", "old"))
	f.clock.Advance(life + time.Second)
	_, err := f.store.Save(f.Context(), key("a"), f.record(2, "late", "old"))
	f.is(err, session.ErrConflict, "Save of the expired version")
	rec := f.record(0, "third", "new")
	f.save("a", rec)
	f.wants("a", 1, rec)
	f.finds("old")
	f.finds("new", "a")
	if _, err := f.store.Sweep(f.Context()); err != nil {
		f.Fatalf("Sweep: %v", err)
	}
	f.wants("a", 1, rec)
	f.finds("new", "a")
}

func expiryMoves(f *fixture) {
	f.save("longer", f.record(0, "x", "l"))
	shorter := f.record(0, "x", "l")
	f.save("shorter", shorter)
	f.clock.Advance(life / 2)
	f.save("longer", f.record(1, "x", "l"))
	shorter.Version, shorter.Expires = 1, f.clock.Now().Add(life/4)
	f.save("shorter", shorter)
	f.clock.Advance(life/4 + time.Second)
	f.missing("shorter")
	f.clock.Advance(life / 2)
	f.load("longer")
	f.finds("l", "longer")
}

func sweepRemoves(f *fixture) {
	const old = 25
	for i := range old {
		f.save(fmt.Sprint("old", i), f.record(0, "old", "l"))
	}
	f.clock.Advance(life / 2)
	f.save("young", f.record(0, "young", "l"))
	f.clock.Advance(life/2 + time.Second)
	n, err := f.store.Sweep(f.Context())
	if err != nil || n > old || (n != old && !f.bench.forgets) {
		f.Errorf("Sweep: %d, %v, want %d", n, err, old)
	}
	if n, err = f.store.Sweep(f.Context()); n != 0 || err != nil {
		f.Errorf("second Sweep: %d, %v, want 0", n, err)
	}
	f.load("young")
	f.finds("l", "young")
	f.save("old0", f.record(0, "again"))
}
