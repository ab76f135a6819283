package boltstore

import (
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

const (
	// smallFile is not worth compacting.
	smallFile = 16 << 20
	// copyStep bounds the memory that a transaction of the copy takes.
	copyStep = 16 << 20
)

// compacted puts a compact copy into the file's place, if more than half of it
// is free: bbolt never gives space back. It returns the copy, open, or nil if
// the file stays as it is. A copy that fails (the disk may be full) costs
// nothing but space, so it stops no start.
func (f *file) compacted(path string) *file {
	if !f.wasteful() {
		return nil
	}
	// A link stays a link: the file it leads to is replaced.
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	aside := path + ".compact"
	_ = os.Remove(aside) // a copy that a crash left; ours by its name
	c, err := openFile(aside, maxFile)
	if err != nil {
		return nil
	}
	// The copy is locked before it gets the name, and the old file is let go
	// after: at no time could a second gateway have either (file.judge sees to
	// one that waited for the old lock).
	if c.guarded(f.copyTo) != nil || c.os.Sync() != nil || os.Rename(aside, path) != nil {
		_ = c.close()
		_ = os.Remove(aside)
		return nil
	}
	_ = syncDirectory(path) // either name after a power failure is a whole file
	_ = f.close()           // only read from
	return c
}

// wasteful reports whether more than half of a large file is free.
func (f *file) wasteful() bool {
	info, err := f.os.Stat()
	if err != nil || info.Size() <= smallFile {
		return false
	}
	var used int64
	err = f.db.View(func(tx *bolt.Tx) error {
		used = tx.Size() - int64(f.db.Stats().FreePageN)*int64(f.db.Info().PageSize)
		return nil
	})
	return err == nil && used < info.Size()/2
}

// copyTo fills the copy, which the caller syncs at the end.
func (f *file) copyTo(db *bolt.DB) error {
	db.NoSync = true
	defer func() { db.NoSync = false }()
	return bolt.Compact(db, f.db, copyStep)
}
