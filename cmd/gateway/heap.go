package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// heapFloor is how much may be allocated between two collections of garbage at least. A
// gateway keeps little and throws away some 10 kB a request, so that by Go's own rule, a
// collection whenever the heap has doubled, it would collect many times a second.
const heapFloor = 64 << 20

// calm lets the garbage collector wait for heapFloor; the returned function ends that. The
// memory is only set aside: nobody writes to it, so the system never gives it. Whoever
// steers the collector himself (GOGC, GOMEMLIMIT) has his own way.
func calm() (end func()) {
	if os.Getenv("GOGC") != "" || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	aside := make([]byte, heapFloor)
	return func() { runtime.KeepAlive(aside) }
}
