package main

import (
	"runtime"
	"testing"
)

// TestTheCollectorWaitsForTheFloor, unless somebody steers it himself. It looks at the whole
// process, so nothing else runs beside it.
func TestTheCollectorWaitsForTheFloor(t *testing.T) { //nolint:paralleltest // see above
	next := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NextGC
	}
	t.Setenv("GOGC", "")
	before := next()
	end := calm()
	if waits := next(); waits < before+heapFloor {
		t.Errorf("the next collection is at %d MiB, and was at %d MiB", waits>>20, before>>20)
	}
	end()
	t.Setenv("GOGC", "100")
	end = calm()
	if waits := next(); waits >= before+heapFloor {
		t.Errorf("with GOGC the next collection is at %d MiB, and was at %d MiB", waits>>20, before>>20)
	}
	end()
}
