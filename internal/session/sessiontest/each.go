package sessiontest

import (
	"fmt"
	"sync"

	"github.com/esgateway/esgateway/internal/session"
)

func each() []testCase {
	return []testCase{
		{name: "each visits every record once", test: eachVisitsAll},
		{name: "each stops when it is told", test: eachStops},
		{name: "what each visits may call the store", test: eachReenters},
		{name: "each sees whole records while others write", test: eachWhileWriting},
	}
}

func eachVisitsAll(f *fixture) {
	want := map[session.Key]session.Record{}
	for i := range 30 {
		name := fmt.Sprint(i)
		want[key(name)] = f.record(0, name, "l", name)
		f.save(name, want[key(name)])
	}
	err := f.store.Each(f.Context(), func(k session.Key, got session.Record) bool {
		rec, expected := want[k]
		if !expected {
			f.Errorf("Each visits %x, which is unknown or was visited before", k)
			return true
		}
		f.same(got, 1, rec)
		delete(want, k)
		return true
	})
	f.is(err, nil, "Each")
	if len(want) != 0 {
		f.Errorf("Each did not visit %d records", len(want))
	}
}

func eachStops(f *fixture) {
	for i := range 5 {
		f.save(fmt.Sprint(i), f.record(0, "x"))
	}
	visits := 0
	err := f.store.Each(f.Context(), func(session.Key, session.Record) bool {
		visits++
		return visits < 2
	})
	f.is(err, nil, "Each")
	if visits != 2 {
		f.Errorf("%d visits, want 2", visits)
	}
}

func eachReenters(f *fixture) {
	for i := range 10 {
		f.save(fmt.Sprint(i), f.record(0, "x", "l"))
	}
	err := f.store.Each(f.Context(), func(k session.Key, rec session.Record) bool {
		if _, err := f.store.Load(f.Context(), k); err != nil {
			f.Errorf("Load in Each: %v", err)
		}
		if _, err := f.store.Save(f.Context(), k, rec); err != nil {
			f.Errorf("Save in Each: %v", err)
		}
		f.is(f.store.Delete(f.Context(), k, 2), nil, "Delete in Each")
		return true
	})
	f.is(err, nil, "Each")
	f.finds("l")
}

func eachWhileWriting(f *fixture) {
	const staying = 20
	for i := range staying {
		f.save(fmt.Sprint("staying", i), f.record(0, "staying", "staying"))
	}
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for round := range 10 {
				name := fmt.Sprint("passing", i, " ", round)
				if _, err := f.store.Save(f.Context(), key(name), f.record(0, "passing")); err != nil {
					f.Errorf("Save: %v", err)
				}
				if err := f.store.Delete(f.Context(), key(name), 1); err != nil {
					f.Errorf("Delete: %v", err)
				}
			}
		})
	}
	for range 10 {
		visits := map[session.Key]int{}
		err := f.store.Each(f.Context(), func(k session.Key, rec session.Record) bool {
			if content := string(rec.Sealed); content == "staying" {
				visits[k]++
			} else if content != "passing" || rec.Version != 1 {
				f.Errorf("Each visits %s", brief(rec))
			}
			return true
		})
		f.is(err, nil, "Each")
		for k, n := range visits {
			if n != 1 {
				f.Errorf("Each visits %x %d times", k, n)
			}
		}
		if len(visits) != staying {
			f.Errorf("Each visits %d of %d records that were there all the time", len(visits), staying)
		}
	}
	writers.Wait()
}
