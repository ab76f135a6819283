package kept_test

import (
	"sync"
	"testing"

	"github.com/esgateway/esgateway/internal/kept"
)

func TestATableKeepsSoManyAndIsThenEmptied(t *testing.T) {
	t.Parallel()
	table := kept.New[int, string](3)
	for i, value := range []string{"a", "b", "c"} {
		table.Put(i, value)
	}
	if got, ok := table.Get(1); !ok || got != "b" {
		t.Errorf("kept: %q %v", got, ok)
	}
	table.Put(3, "d")
	if _, ok := table.Get(1); ok {
		t.Error("a full table was not emptied")
	}
	if got, ok := table.Get(3); !ok || got != "d" {
		t.Errorf("the newest: %q %v", got, ok)
	}
	table.Forget(3)
	if _, ok := table.Get(3); ok {
		t.Error("what was to be forgotten is there")
	}
}

func TestATableIsForManyAtOnce(t *testing.T) {
	t.Parallel()
	table := kept.New[int, int](8)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			table.Put(i%16, i%16)
			if got, ok := table.Get(i % 16); ok && got != i%16 {
				t.Errorf("%d is %d", i%16, got)
			}
			table.Forget(i % 5)
		})
	}
	all.Wait()
}
