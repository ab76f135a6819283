package boltstore

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// file is an open bbolt file.
type file struct {
	db *bolt.DB
	os *os.File
	// sick: bbolt has panicked. Its locks may be held for ever, and the file
	// stays mapped and so locked until the process ends.
	sick bool
}

func openFile(path string, limit int) (*file, error) {
	f := &file{}
	options := &bolt.Options{
		Timeout:      lockPatience,
		FreelistType: bolt.FreelistMapType, // the other one is slow where much is free
		MaxSize:      limit,
		OpenFile: func(name string, flag int, mode fs.FileMode) (*os.File, error) {
			var err error
			f.os, err = os.OpenFile(name, flag, mode)
			return f.os, err
		},
	}
	err := f.guarded(func(*bolt.DB) (err error) {
		f.db, err = bolt.Open(path, private, options)
		return err
	})
	if err == nil {
		err = f.judge(path)
	}
	if err != nil {
		_ = f.close() // why it cannot be used is the news
		return nil, err
	}
	return f, nil
}

// judge looks at what bbolt does not look at.
func (f *file) judge(path string) error {
	here, err := f.os.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(here, there) {
		return errElse // the gateway that had the lock has put a compacted file there
	}
	if here.Mode().Perm()&^private != 0 {
		// Best effort: a volume may belong to root and lend by group.
		_ = f.os.Chmod(private)
	}
	return f.guarded(func(db *bolt.DB) error {
		return db.View(func(tx *bolt.Tx) error {
			if tx.Size() > here.Size() {
				return errDamaged // cut off: reading on would end the process
			}
			return nil
		})
	})
}

// guarded runs do, and makes an error of what bbolt does when a file is not as
// it should be: it panics, or reads where the file has no more pages.
func (f *file) guarded(do func(*bolt.DB) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			f.sick = true
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return do(f.db)
}

// before reports whether the file provably shows what was before the numbered
// transaction: then that one was given up before its last step.
func (f *file) before(number int) bool {
	if f.sick {
		return false
	}
	shown := number
	err := f.guarded(func(db *bolt.DB) error {
		return db.View(func(tx *bolt.Tx) error {
			shown = tx.ID()
			return nil
		})
	})
	return err == nil && shown < number
}

// close lets go of the file. Closing twice does no harm.
func (f *file) close() error {
	if f.db != nil && !f.sick {
		return f.db.Close()
	}
	if f.os != nil {
		return f.os.Close()
	}
	return nil
}

// syncDirectory makes the file's name as durable as its content.
func syncDirectory(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
