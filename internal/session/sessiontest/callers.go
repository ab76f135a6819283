package sessiontest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
)

func callers() []testCase {
	return []testCase{
		{name: "what the caller does with its slices changes nothing", test: callerKeepsSlices},
		{name: "a loaded record stays as it was when others write", test: loadedStays},
		{name: "a caller who left before it began writes nothing", test: leftBefore},
		{name: "a caller who leaves meanwhile leaves no half write", test: leavesMeanwhile},
	}
}

func callerKeepsSlices(f *fixture) {
	rec, want := f.record(0, "content", "l", "m"), f.record(0, "content", "l", "m")
	f.save("a", rec)
	copy(rec.Sealed, "CHANGED")
	rec.Labels[0] = label("other")
	f.wants("a", 1, want)
	f.finds("l", "a")
	f.finds("other")
	f.is(f.store.Delete(f.Context(), key("a"), 1), nil, "Delete")
	f.finds("l")
}

func loadedStays(f *fixture) {
	want := f.record(0, "content", "l", "m")
	f.save("a", want)
	loaded := f.load("a")
	keys, err := f.store.Find(f.Context(), label("l"))
	f.is(err, nil, "Find")
	f.save("a", f.record(1, "CHANGED", "n"))
	f.save("b", f.record(0, "another", "l"))
	f.is(f.store.Delete(f.Context(), key("a"), 2), nil, "Delete")
	f.same(loaded, 1, want)
	if len(keys) != 1 || keys[0] != key("a") {
		f.Errorf("what Find returned has changed: %x", keys)
	}
}

func leftBefore(f *fixture) {
	want := f.record(0, "content", "l")
	f.save("a", want)
	gone, leave := context.WithCancel(f.Context())
	leave()
	_, err := f.store.Save(gone, key("a"), f.record(1, "x", "other"))
	f.is(err, context.Canceled, "Save")
	_, err = f.store.Save(gone, key("b"), f.record(0, "x", "other"))
	f.is(err, context.Canceled, "Save of a new record")
	_, err = f.store.Take(gone, key("a"))
	f.is(err, context.Canceled, "Take")
	f.is(f.store.Delete(gone, key("a"), 1), context.Canceled, "Delete")
	f.wants("a", 1, want)
	f.finds("l", "a")
	f.missing("b")
	f.finds("other")
}

// leavesMeanwhile has callers leave at any moment of their write. Whether it
// happened is open; that it is whole is not.
func leavesMeanwhile(f *fixture) {
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			name := fmt.Sprint(i)
			for range 20 {
				f.leaveOnce(name)
			}
		})
	}
	wg.Wait()
	// Nothing is left behind that would keep others from writing.
	for i := range 10 {
		name := fmt.Sprint(i)
		for saved := false; !saved; {
			version := uint64(0)
			if rec, err := f.store.Load(f.Context(), key(name)); err == nil {
				version = rec.Version
			}
			// A write that goes on without its caller may still come between.
			_, err := f.store.Save(f.Context(), key(name), f.record(version, fmt.Sprint(version+1)))
			saved = err == nil
		}
	}
}

// leaveOnce writes a record whose content is its version, and leaves.
func (f *fixture) leaveOnce(name string) {
	var version uint64
	if rec, err := f.store.Load(f.Context(), key(name)); err == nil {
		version = rec.Version
		if !bytes.Equal(rec.Sealed, fmt.Append(nil, version)) {
			f.Errorf("half a write: %s", brief(rec))
		}
	}
	ctx, leave := context.WithCancel(f.Context())
	var wg sync.WaitGroup
	wg.Go(leave)
	got, err := f.store.Save(ctx, key(name), f.record(version, fmt.Sprint(version+1), name))
	wg.Wait()
	if err == nil && got != version+1 {
		f.Errorf("Save made version %d of %d", got, version)
	}
	if keys, err := f.store.Find(f.Context(), label(name)); err != nil || len(keys) > 1 {
		f.Errorf("Find: %x, %v", keys, err)
	}
}
