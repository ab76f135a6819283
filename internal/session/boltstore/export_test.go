package boltstore

import (
	"os"
	"testing"
)

// WithFile shows a test the file below, so that it can take it away.
func (s *Store) WithFile(do func(f *os.File)) { do(s.file.os) }

// Trouble shows a test the words for what a system says that no test can make
// it say.
func Trouble(path string, err error) error { return troubleWith(path, err) }

// Limit sets the largest size of the file.
func (s *Store) Limit(size int) { s.file.db.MaxSize = size }

// Break takes bbolt away, so that nobody can say what the file holds.
func (s *Store) Break(t *testing.T) {
	t.Helper()
	if err := s.file.db.Close(); err != nil {
		t.Fatal(err)
	}
}
