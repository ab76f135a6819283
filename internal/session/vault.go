package session

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrStore says that the store did not do what it was asked. It says nothing about any
// session.
var ErrStore = errors.New("session: the store is not available")

// away marks what is neither an answer of the store nor the caller's own end.
func away(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

// Vault keeps values of several purposes sealed in one store. A purpose is part
// of a record's key and of its encryption: an attempt can never be read as a
// session.
type Vault struct {
	store Store
	keys  *Keyring
}

// NewVault stands a vault on a store and a key ring.
func NewVault(store Store, keys *Keyring) *Vault {
	return &Vault{store: store, keys: keys}
}

// KeyOf is where the value with that id is kept: the SHA-256 of purpose and id,
// so that the store never sees an id.
func KeyOf(purpose, id string) Key {
	return sha256.Sum256([]byte(purpose + "\x00" + id))
}

// LabelOf hashes a name for Find. The parts are kept apart.
func LabelOf(kind string, parts ...string) Label {
	h := sha256.New()
	for _, p := range append([]string{kind}, parts...) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash never fails
	}
	return Label(h.Sum(nil))
}

// Entry is where a value stands and until when.
type Entry struct {
	Labels  []Label
	Expires time.Time
	// Version is the stored version the write is based on; 0 for a new record.
	Version uint64
	// Aside keeps the record out of Each and Count: it stands for another one.
	Aside bool
}

// Save seals value and writes it. It returns the new version, or ErrConflict.
func (v *Vault) Save(ctx context.Context, purpose string, key Key, value any, e Entry) (uint64, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("encode %s: %w", purpose, err)
	}
	sealed, err := v.keys.seal(purpose, key, plain)
	if err != nil {
		return 0, fmt.Errorf("seal %s: %w", purpose, err)
	}
	labels := e.Labels
	if !e.Aside {
		labels = append([]Label{purposeLabel(purpose)}, labels...)
	}
	version, err := v.store.Save(ctx, key, Record{Version: e.Version, Sealed: sealed, Labels: labels, Expires: e.Expires})
	return version, away(err)
}

// Load opens the value into the pointer. ErrNotFound, ErrSealed, or an outage.
func (v *Vault) Load(ctx context.Context, purpose string, key Key, into any) (Entry, error) {
	rec, err := v.store.Load(ctx, key)
	if err != nil {
		return Entry{}, away(err)
	}
	return v.decode(purpose, key, rec, into)
}

// Take opens the value and removes it; exactly one caller gets it.
func (v *Vault) Take(ctx context.Context, purpose string, key Key, into any) (Entry, error) {
	rec, err := v.store.Take(ctx, key)
	if err != nil {
		return Entry{}, away(err)
	}
	return v.decode(purpose, key, rec, into)
}

func (v *Vault) decode(purpose string, key Key, rec Record, into any) (Entry, error) {
	plain, err := v.keys.open(purpose, key, rec.Sealed)
	if err != nil {
		return Entry{}, err
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return entryOf(rec), nil
}

// Delete removes the record if it has that version (0: whatever it is).
func (v *Vault) Delete(ctx context.Context, key Key, version uint64) error {
	return away(v.store.Delete(ctx, key, version))
}

// Find returns the keys that carry the label.
func (v *Vault) Find(ctx context.Context, l Label) ([]Key, error) {
	keys, err := v.store.Find(ctx, l)
	return keys, away(err)
}

// Visit is called with a value's key, where it stands, and a function that opens it. It
// returns false to stop.
type Visit func(k Key, e Entry, open func(into any) error) bool

// Each visits the living values of one purpose, with a function that opens the
// value. It stops when visit returns false.
func (v *Vault) Each(ctx context.Context, purpose string, visit Visit) error {
	keys, err := v.Find(ctx, purposeLabel(purpose))
	if err != nil {
		return err
	}
	return v.visit(ctx, purpose, keys, visit)
}

// Due visits those of Each that expire until then.
func (v *Vault) Due(ctx context.Context, purpose string, until time.Time, visit Visit) error {
	keys, err := v.store.Due(ctx, purposeLabel(purpose), until)
	if err != nil {
		return away(err)
	}
	return v.visit(ctx, purpose, keys, visit)
}

// Labelled visits those of Each that carry the label.
func (v *Vault) Labelled(ctx context.Context, purpose string, l Label, visit Visit) error {
	keys, err := v.Find(ctx, l)
	if err != nil {
		return err
	}
	return v.visit(ctx, purpose, keys, visit)
}

func (v *Vault) visit(ctx context.Context, purpose string, keys []Key, visit Visit) error {
	for _, key := range keys {
		rec, err := v.store.Load(ctx, key)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return away(err)
		}
		open := func(into any) error {
			_, err := v.decode(purpose, key, rec, into)
			return err
		}
		if !visit(key, entryOf(rec), open) {
			return nil
		}
	}
	return nil
}

func entryOf(rec Record) Entry {
	return Entry{Labels: rec.Labels, Expires: rec.Expires, Version: rec.Version}
}

// Count returns how many living records of that purpose there are.
func (v *Vault) Count(ctx context.Context, purpose string) (int, error) {
	n, err := v.store.Count(ctx, purposeLabel(purpose))
	return n, away(err)
}

// purposeLabel marks every record of a purpose, so that they can be enumerated.
func purposeLabel(purpose string) Label { return LabelOf("purpose", purpose) }
