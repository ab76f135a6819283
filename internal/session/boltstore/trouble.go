package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/esgateway/esgateway/internal/session"
)

var (
	errDamaged = errors.New("the file is damaged")
	errForeign = errors.New("the file belongs to another program")
	errElse    = errors.New("another file took its place")
	errDoubt   = errors.New("the disk did not confirm a write")
)

// trouble says what is wrong with the file in the words of those who must put
// it right, and what they can do.
func (s *Store) trouble(err error) error { return troubleWith(s.path, err) }

func troubleWith(path string, err error) error {
	if errors.Is(err, berrors.ErrTimeout) || errors.Is(err, errElse) {
		err = fmt.Errorf("%w: %w", session.ErrInUse, err)
	}
	if advice := advice(err); advice != "" {
		return fmt.Errorf("session file %s: %s (%w)", path, advice, err)
	}
	return fmt.Errorf("session file %s: %w", path, err)
}

func advice(err error) string {
	const aside = "move it away, and the gateway makes a new one (everybody signs in again), or restore it from a backup"
	switch {
	case errors.Is(err, errDoubt):
		return "the store answers nothing any more, since it cannot know what is on the disk; see to the disk and restart the gateway"
	case errors.Is(err, berrors.ErrTimeout), errors.Is(err, errElse):
		return "another gateway has this file open; an embedded store serves one gateway at a time: stop the other one, or give this one a path of its own"
	case errors.Is(err, errForeign):
		return "this is no session file; correct the path"
	case errors.Is(err, errFormat):
		return "a newer version of the gateway wrote it; go back to that version, or " + aside
	case errors.Is(err, errDamaged), errors.Is(err, errBadRecord), errors.Is(err, berrors.ErrInvalid),
		errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return "it is damaged or no session file; " + aside
	case errors.Is(err, berrors.ErrMaxSizeReached):
		return "it has reached its largest size; fewer or shorter sessions, or the Redis store"
	}
	return adviceOfSystem(err)
}

// adviceOfSystem knows what the operating system says.
func adviceOfSystem(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full; make room"
	case errors.Is(err, syscall.EFBIG):
		return "the system lets files grow no further; see ulimit -f and the file system"
	case errors.Is(err, syscall.EROFS):
		return "the disk is read-only; mount it for writing, or set sessions.store.path to one that is"
	case errors.Is(err, syscall.EISDIR):
		return "this is a directory; sessions.store.path is a file"
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.EOPNOTSUPP):
		return "the file system has no locks; use a local disk"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "its directory does not exist; create it for the gateway's user"
	case errors.Is(err, fs.ErrPermission):
		return "the gateway may not use it; give file and directory to the gateway's user"
	}
	return ""
}
