//go:build long

package server_test

// The sizes of TestMemoryStaysFlat.
const (
	upload   = 1 << 30
	download = 2 << 30
)
