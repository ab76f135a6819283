package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// Key names a record in a store: a SHA-256, so that a dump of the store holds
// no value that opens anything.
type Key [sha256.Size]byte

// Label is a hashed name under which records are found besides their key, for
// example "user u in realm r". A record has at most a handful.
type Label [sha256.Size]byte

// Record is what a store moves: sealed bytes that it cannot read.
type Record struct {
	// Version is the record's version as it is stored. The store sets it:
	// 1 for a new record, one more with each Save.
	Version uint64
	// Sealed is the content, encrypted and bound to its key.
	Sealed []byte
	// Labels are the names under which Find returns the record's key.
	Labels []Label
	// Expires is when the record may be forgotten. After it the record is
	// never returned. Never zero.
	Expires time.Time
}

// The answers of a store that callers branch on. Any other error is an outage.
var (
	// ErrNotFound: there is no such record, or it has expired.
	ErrNotFound = errors.New("session store: no such record")
	// ErrConflict: the record has another version than the caller believes.
	ErrConflict = errors.New("session store: the record has changed")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("session store: closed")
	// ErrInUse: the store cannot be opened, since another process has it.
	ErrInUse = errors.New("session store: in use by another process")
)

// Store keeps sealed records. It knows nothing about people, cookies or keys.
// All methods are safe for concurrent use, by several nodes where the store is
// shared. A write has happened for good when its method returns: for a store on
// disk that means synced. sessiontest.Run is this contract as tests.
type Store interface {
	// Load returns the record, or ErrNotFound. The caller must not change the
	// returned slices.
	Load(ctx context.Context, k Key) (Record, error)
	// Save writes the record if the stored version is rec.Version (0: there
	// must be none) and returns the new version; otherwise ErrConflict.
	Save(ctx context.Context, k Key, rec Record) (version uint64, err error)
	// Take loads and deletes; of many callers exactly one gets the record,
	// the others ErrNotFound.
	Take(ctx context.Context, k Key) (Record, error)
	// Delete removes the record if it has that version (0: whatever it is).
	// A record that is not there is ErrNotFound, another version ErrConflict.
	Delete(ctx context.Context, k Key, version uint64) error
	// Find returns the keys of the living records that carry the label, the one that
	// expires first in front.
	Find(ctx context.Context, l Label) ([]Key, error)
	// Due returns those of Find whose records expire until then.
	Due(ctx context.Context, l Label, until time.Time) ([]Key, error)
	// Count returns how many Find would return, as far as that can be told without
	// naming them: a record that is just being written may count twice.
	Count(ctx context.Context, l Label) (int, error)
	// Each calls visit for every living record until visit returns false.
	// Records written meanwhile may or may not be seen. visit may call the store.
	Each(ctx context.Context, visit func(Key, Record) bool) error
	// Sweep forgets expired records and returns how many it removed.
	Sweep(ctx context.Context) (int, error)
	// Close releases the store; later calls return ErrClosed.
	Close() error
}
