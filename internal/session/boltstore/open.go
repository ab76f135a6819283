package boltstore

import (
	"io/fs"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/esgateway/esgateway/internal/session"
)

const (
	// bucket holds the records.
	bucket = "records"
	// lockPatience is how long another gateway may take to let go of the file,
	// as at a restart.
	lockPatience = time.Second
	// maxFile bounds the file: over half a million sessions.
	maxFile = min(4<<30, math.MaxInt)
	// private: the content is sealed, but nobody else has business here.
	private fs.FileMode = 0o600
)

// Open opens the file, makes it if there is none, and reads all of it. The
// error names the file, what is wrong and what can be done. The caller closes the store.
func Open(cfg Config, d session.StoreDeps) (*Store, error) {
	s := &Store{path: cfg.Path, now: d.Now, memory: newMemory()}
	if err := s.open(); err != nil {
		return nil, s.trouble(err)
	}
	return s, nil
}

func (s *Store) open() error {
	f, err := openFile(s.path, maxFile)
	if err != nil {
		return err
	}
	s.file = f
	if err := f.guarded(s.read); err != nil {
		_ = f.close() // that it cannot be read is the news
		return err
	}
	if compacted := f.compacted(s.path); compacted != nil {
		s.file = compacted
	}
	return nil
}

// read takes the records into memory; a file without any becomes ours.
func (s *Store) read(db *bolt.DB) error {
	isNew := false
	err := db.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket([]byte(bucket)); b != nil {
			return b.ForEach(s.readRecord)
		}
		isNew = true
		return tx.ForEach(func([]byte, *bolt.Bucket) error { return errForeign })
	})
	if err != nil || !isNew {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte(bucket))
		return err
	})
	if err != nil {
		return err
	}
	// Without this the file may be gone after a power failure, with all that
	// was synced into it.
	return syncDirectory(s.path)
}

func (s *Store) readRecord(k, v []byte) error {
	if len(k) != len(session.Key{}) || v == nil {
		return errBadRecord
	}
	key := session.Key(k)
	rec, err := decode(key, v)
	if err != nil {
		return err
	}
	s.memory.put(key, rec)
	return nil
}
