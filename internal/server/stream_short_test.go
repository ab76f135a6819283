//go:build !long

package server_test

// The sizes of TestMemoryStaysFlat.
const (
	upload   = 64 << 20
	download = 128 << 20
)
