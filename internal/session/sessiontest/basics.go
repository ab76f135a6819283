package sessiontest

import (
	"bytes"
	"fmt"

	"github.com/esgateway/esgateway/internal/session"
)

func basics() []testCase {
	return []testCase{
		{name: "what is saved is loaded", test: roundTrip},
		{name: "a record without content or labels is a record", test: emptyRecord},
		{name: "a large record of any bytes is a record", test: largeRecord},
		{name: "versions count from one", test: versionsCount},
		{name: "a wrong version is a conflict and changes nothing", test: wrongVersion},
		{name: "take returns the record and removes it", test: takeRemoves},
		{name: "delete heeds the version", test: deleteHeedsVersion},
		{name: "a key can be used again", test: keyUsedAgain},
		{name: "an empty store has nothing", test: emptyStore},
	}
}

func roundTrip(f *fixture) {
	rec := f.record(0, "sealed", "user", "browser")
	f.save("a", rec)
	f.wants("a", 1, rec)
	f.missing("b")
}

func emptyRecord(f *fixture) {
	rec := f.record(0, "")
	f.save("a", rec)
	f.wants("a", 1, rec)
}

func largeRecord(f *fixture) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	rec := f.record(0, string(bytes.Repeat(every, 256)), "l")
	f.save("a", rec)
	f.wants("a", 1, rec)
}

func versionsCount(f *fixture) {
	for version := range uint64(5) {
		rec := f.record(version, fmt.Sprint("content ", version))
		f.save("a", rec)
		f.wants("a", version+1, rec)
	}
}

func wrongVersion(f *fixture) {
	first, second := f.record(0, "first", "l"), f.record(1, "second", "l")
	f.save("a", first)
	f.save("a", second)
	for _, version := range []uint64{0, 1, 3, 1 << 63} {
		_, err := f.store.Save(f.Context(), key("a"), f.record(version, "wrong", "other"))
		f.is(err, session.ErrConflict, "Save with version %d over version 2", version)
	}
	f.wants("a", 2, second)
	f.finds("other")
	_, err := f.store.Save(f.Context(), key("none"), f.record(1, "wrong"))
	f.is(err, session.ErrConflict, "Save with version 1 over nothing")
	f.missing("none")
}

func takeRemoves(f *fixture) {
	rec := f.record(0, "once", "l")
	f.save("a", rec)
	got, err := f.store.Take(f.Context(), key("a"))
	if err != nil {
		f.Fatalf("Take: %v", err)
	}
	f.same(got, 1, rec)
	f.missing("a")
	f.finds("l")
	_, err = f.store.Take(f.Context(), key("a"))
	f.is(err, session.ErrNotFound, "second Take")
	_, err = f.store.Save(f.Context(), key("a"), f.record(1, "late"))
	f.is(err, session.ErrConflict, "Save of what was taken")
}

func deleteHeedsVersion(f *fixture) {
	rec := f.record(1, "two", "l")
	f.save("a", f.record(0, "one", "l"))
	f.save("a", rec)
	f.is(f.store.Delete(f.Context(), key("a"), 1), session.ErrConflict, "Delete of version 1, stored is 2")
	f.is(f.store.Delete(f.Context(), key("a"), 3), session.ErrConflict, "Delete of version 3, stored is 2")
	f.wants("a", 2, rec)
	f.finds("l", "a")
	f.is(f.store.Delete(f.Context(), key("a"), 2), nil, "Delete of version 2, stored is 2")
	f.missing("a")
	f.finds("l")
	for _, version := range []uint64{0, 2} {
		f.is(f.store.Delete(f.Context(), key("a"), version), session.ErrNotFound, "Delete of nothing with version %d", version)
	}
	f.save("b", f.record(0, "one"))
	f.is(f.store.Delete(f.Context(), key("b"), 0), nil, "Delete of whatever version")
	f.missing("b")
}

func keyUsedAgain(f *fixture) {
	f.save("a", f.record(0, "first", "old"))
	f.is(f.store.Delete(f.Context(), key("a"), 0), nil, "Delete")
	rec := f.record(0, "second", "new")
	f.save("a", rec)
	f.wants("a", 1, rec)
	f.finds("old")
	f.finds("new", "a")
}

func emptyStore(f *fixture) {
	f.missing("a")
	f.finds("l")
	if n, err := f.store.Sweep(f.Context()); n != 0 || err != nil {
		f.Errorf("Sweep: %d, %v", n, err)
	}
	err := f.store.Each(f.Context(), func(session.Key, session.Record) bool {
		f.Error("Each visits something")
		return true
	})
	f.is(err, nil, "Each")
}
