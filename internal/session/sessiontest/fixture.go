package sessiontest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// parallel is how many callers race.
const parallel = 50

// life is how long a record lives where it does not matter.
const life = time.Hour

// fixture is a store under test with helpers that end the test when something
// is not as it must be.
type fixture struct {
	*testing.T
	bench *bench
	clock *Clock
	store session.Store
}

func newFixture(t *testing.T, b *bench) *fixture {
	t.Helper()
	clock := NewClock()
	f := &fixture{T: t, bench: b, clock: clock, store: b.open(t, clock.Now)}
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil && !errors.Is(err, session.ErrClosed) {
			t.Errorf("Close: %v", err)
		}
	})
	return f
}

func key(name string) session.Key { return sha256.Sum256([]byte("key " + name)) }

func label(name string) session.Label { return sha256.Sum256([]byte("label " + name)) }

func labelsOf(names ...string) []session.Label {
	var all []session.Label
	for _, name := range names {
		all = append(all, label(name))
	}
	return all
}

// record makes a record of the version that lives for life.
func (f *fixture) record(version uint64, content string, names ...string) session.Record {
	return session.Record{Version: version, Sealed: []byte(content), Labels: labelsOf(names...), Expires: f.clock.Now().Add(life)}
}

// save saves under the name and returns the new version.
func (f *fixture) save(name string, rec session.Record) uint64 {
	f.Helper()
	version, err := f.store.Save(f.Context(), key(name), rec)
	if err != nil {
		f.Fatalf("Save %q with version %d: %v", name, rec.Version, err)
	}
	if version != rec.Version+1 {
		f.Fatalf("Save %q with version %d made version %d, want one more", name, rec.Version, version)
	}
	return version
}

func (f *fixture) load(name string) session.Record {
	f.Helper()
	rec, err := f.store.Load(f.Context(), key(name))
	if err != nil {
		f.Fatalf("Load %q: %v", name, err)
	}
	return rec
}

// wants checks that what is stored under the name is rec, but for its version.
func (f *fixture) wants(name string, version uint64, rec session.Record) {
	f.Helper()
	f.same(f.load(name), version, rec)
}

func (f *fixture) same(got session.Record, version uint64, want session.Record) {
	f.Helper()
	if got.Version != version || !bytes.Equal(got.Sealed, want.Sealed) || !got.Expires.Equal(want.Expires) ||
		!slices.Equal(sorted(got.Labels), sorted(want.Labels)) {
		f.Fatalf("the record is not what was saved\ngot  %v\nwant %v of version %d", brief(got), brief(want), version)
	}
}

// missing checks that nothing is returned under the name.
func (f *fixture) missing(name string) {
	f.Helper()
	_, err := f.store.Load(f.Context(), key(name))
	f.is(err, session.ErrNotFound, "Load %q", name)
}

// finds checks which names Find returns, in any order, each once.
func (f *fixture) finds(name string, want ...string) {
	f.Helper()
	got, err := f.store.Find(f.Context(), label(name))
	if err != nil {
		f.Fatalf("Find %q: %v", name, err)
	}
	f.keysOf(got, want)
}

// keysOf checks that these are the keys of those names, in any order, each once.
func (f *fixture) keysOf(got []session.Key, want []string) {
	f.Helper()
	var keys []session.Key
	for _, name := range want {
		keys = append(keys, key(name))
	}
	if !slices.Equal(sorted(got), sorted(keys)) {
		f.Fatalf("found %d keys %x, want those of %q", len(got), got, want)
	}
}

// is checks an error.
func (f *fixture) is(got, want error, format string, args ...any) {
	f.Helper()
	if !errors.Is(got, want) {
		f.Fatalf("%s: %v, want %v", fmt.Sprintf(format, args...), got, want)
	}
}

// sorted returns keys or labels in an order that can be compared.
func sorted[T ~[32]byte](all []T) []T {
	return slices.SortedFunc(slices.Values(all), func(a, b T) int {
		x, y := [32]byte(a), [32]byte(b)
		return bytes.Compare(x[:], y[:])
	})
}

func brief(r session.Record) string {
	return fmt.Sprintf("version %d, %d bytes %.40q, %d labels, expires %v", r.Version, len(r.Sealed), r.Sealed, len(r.Labels), r.Expires)
}
