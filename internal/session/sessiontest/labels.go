package sessiontest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

func labels() []testCase {
	return []testCase{
		{name: "records are found by each of their labels", test: foundByLabels},
		{name: "a save takes the labels that it names and no others", test: labelsChange},
		{name: "a label that is given twice finds once", test: labelTwice},
		{name: "what ends first is found first", test: inOrder},
		{name: "what ends until then is found by its label, and all are counted", test: dueAndCount},
		{name: "labels hold through any order of writes", test: labelsModel},
	}
}

func foundByLabels(f *fixture) {
	f.save("a", f.record(0, "a", "ann", "chrome"))
	f.save("b", f.record(0, "b", "ann", "firefox"))
	f.save("c", f.record(0, "c", "bob", "chrome"))
	f.save("d", f.record(0, "d"))
	f.finds("ann", "a", "b")
	f.finds("bob", "c")
	f.finds("chrome", "a", "c")
	f.finds("firefox", "b")
	f.finds("eve")
}

func labelsChange(f *fixture) {
	f.save("a", f.record(0, "a", "old", "both"))
	f.save("b", f.record(0, "b", "old"))
	f.save("a", f.record(1, "a", "both", "new"))
	f.finds("old", "b")
	f.finds("both", "a")
	f.finds("new", "a")
	f.save("a", f.record(2, "a"))
	f.finds("both")
	f.finds("new")
}

func labelTwice(f *fixture) {
	f.save("a", f.record(0, "a", "l", "l", "m"))
	f.save("b", f.record(0, "b", "l"))
	f.finds("l", "a", "b")
	f.is(f.store.Delete(f.Context(), key("a"), 0), nil, "Delete")
	f.finds("l", "b")
	f.finds("m")
}

func inOrder(f *fixture) {
	want := []session.Key{key("c"), key("a"), key("d"), key("b")}
	for i, name := range []string{"a", "b", "c", "d"} {
		rec := f.record(0, name, "l")
		rec.Expires = rec.Expires.Add(time.Duration([]int{2, 4, 1, 3}[i]) * time.Minute)
		f.save(name, rec)
	}
	if got, err := f.store.Find(f.Context(), label("l")); err != nil || !slices.Equal(got, want) {
		f.Errorf("found %x, want %x (%v)", got, want, err)
	}
	rec := f.record(1, "c", "l") // it is used, and ends later
	rec.Expires = rec.Expires.Add(time.Hour)
	f.save("c", rec)
	if got, err := f.store.Find(f.Context(), label("l")); err != nil || !slices.Equal(got, append(want[1:], want[0])) {
		f.Errorf("later found %x (%v)", got, err)
	}
}

func dueAndCount(f *fixture) {
	due := func(until time.Duration, want ...string) {
		f.Helper()
		got, err := f.store.Due(f.Context(), label("l"), f.clock.Now().Add(until))
		f.is(err, nil, "Due")
		f.keysOf(got, want)
	}
	count := func(name string, want int) {
		f.Helper()
		got, err := f.store.Count(f.Context(), label(name))
		f.is(err, nil, "Count")
		if got != want {
			f.Errorf("Count %q: %d, want %d", name, got, want)
		}
	}
	f.save("early", f.record(0, "early", "l"))
	f.clock.Advance(life / 2)
	f.save("late", f.record(0, "late", "l"))
	f.save("other", f.record(0, "other", "m"))
	due(life/2 - time.Second)
	due(life/2, "early")
	due(life, "early", "late")
	count("l", 2)
	count("m", 1)
	count("none", 0)
	f.save("early", f.record(1, "early", "l")) // it is used, and ends later
	due(life / 2)
	due(life, "early", "late")
	count("l", 2)
	f.is(f.store.Delete(f.Context(), key("late"), 0), nil, "Delete")
	due(life, "early")
	f.clock.Advance(life + time.Second)
	due(life)
	count("l", 0)
}

// labelsModel does what comes, and keeps the books itself.
func labelsModel(f *fixture) {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"l0", "l1", "l2", "l3"}
	stored := map[string][]string{}
	versions := map[string]uint64{}
	for range 400 {
		name := fmt.Sprint(random.IntN(12))
		switch _, there := stored[name]; {
		case there && random.IntN(3) == 0:
			f.is(f.store.Delete(f.Context(), key(name), versions[name]), nil, "Delete %q", name)
			delete(stored, name)
			delete(versions, name)
		default:
			random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			stored[name] = slices.Clone(names[:random.IntN(len(names)+1)])
			versions[name] = f.save(name, f.record(versions[name], name, stored[name]...))
		}
	}
	for _, l := range names {
		var want []string
		for name, its := range stored {
			if slices.Contains(its, l) {
				want = append(want, name)
			}
		}
		f.finds(l, want...)
	}
}
