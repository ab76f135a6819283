package session

import (
	"context"
	"log/slog"
	"time"
)

// Section is a store's own part of the configuration file.
type Section interface {
	// Decode reads the section into the struct that the pointer leads to,
	// strictly: an unknown key is an error with its line.
	Decode(into any) error
}

// StoreKind is a type of store: what the configuration calls `store.type`.
type StoreKind struct {
	Type string
	// Parse reads and checks the section without side effects; what it returns
	// opens the store.
	Parse func(s Section) (open func(StoreDeps) (Store, error), err error)
}

// StoreDeps are what every store gets.
type StoreDeps struct {
	// Now is the clock by which records expire.
	Now func() time.Time
	Log *slog.Logger
}

// StoreKindOf makes a StoreKind of a section struct with its defaults, its check
// and the function that opens the store.
func StoreKindOf[C any, S Store](kind string, defaults func() C, check func(C) error, open func(C, StoreDeps) (S, error)) StoreKind {
	return StoreKind{Type: kind, Parse: func(s Section) (func(StoreDeps) (Store, error), error) {
		cfg := defaults()
		if err := s.Decode(&cfg); err != nil {
			return nil, err
		}
		if err := check(cfg); err != nil {
			return nil, err
		}
		return func(d StoreDeps) (Store, error) {
			store, err := open(cfg, d)
			if err != nil {
				return nil, err // not store: a nil pointer in an interface is not nil
			}
			return store, nil
		}, nil
	}}
}

// Diagnoser is a store that can say more of itself to `gateway check`.
type Diagnoser interface {
	// Diagnose returns what there is to say; an error is a store that does not work.
	Diagnose(ctx context.Context) ([]Remark, error)
}

// Remark is a sentence about a store.
type Remark struct {
	// Warning: it works, and could be better.
	Warning bool
	// Text is what was found, Advice what to do.
	Text, Advice string
}
