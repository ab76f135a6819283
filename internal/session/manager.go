package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/kept"
	"github.com/esgateway/esgateway/internal/secret"
)

// What a caller branches on when it asks for a session. Everything else is a bug.
var (
	// ErrOver: the session has ended; the person must sign in.
	ErrOver = errors.New("session: over")
	// ErrForeign: our own account at ES has changed, and the pair cannot be
	// renewed by the new one. The session is kept; a new sign-in replaces it.
	ErrForeign = errors.New("session: the tokens belong to another account of the gateway")
	// ErrUnsure: ES does not know the tokens, which is what an outage of its
	// tokens index looks like too. The session is kept; answer 503, and offer
	// to sign in again.
	ErrUnsure = errors.New("session: Elasticsearch does not know the tokens at the moment")
	// ErrUnavailable: ES or the store did not decide. The session is kept; 503.
	ErrUnavailable = errors.New("session: no answer that decides")
)

// Observer hears what happens to sessions: metrics and audit. Its methods are
// called by many goroutines and must not block.
type Observer interface {
	// SessionEnded is called exactly once for each session, by the node that
	// ended it.
	SessionEnded(ctx context.Context, s *Session, reason Reason)
	// Renewed is called once for each call of ES that tried to renew a pair.
	Renewed(outcome string)
	// Alarm is called for what an operator must look at.
	Alarm(kind string)
}

// Deps are what a Manager needs.
type Deps struct {
	Vault    *Vault
	Elastic  *elastic.Client
	Now      func() time.Time
	Log      *slog.Logger
	Observer Observer
}

// Manager owns all sessions of a gateway. Several managers, on several nodes,
// may share one store. It is safe for concurrent use.
type Manager struct {
	cfg      Config
	vault    *Vault
	es       *elastic.Client
	now      func() time.Time
	log      *slog.Logger
	observer Observer

	opened   *kept.Table[Key, openedRecord]
	flights  flights
	troubles troubles
	evidence evidence
	work     sync.WaitGroup // background renewals and debts
}

// maxOpened bounds the records that are kept open.
const maxOpened = 20_000

// openedRecord is a record that was unsealed, which costs more than all the rest of a
// request's look-up. Whether it still stands, and at which version, is asked of the store
// each time.
type openedRecord struct {
	version uint64
	record  record
}

// NewManager makes a manager. Run must be called for what it does by itself.
func NewManager(cfg Config, d Deps) *Manager {
	return &Manager{
		cfg: cfg, vault: d.Vault, es: d.Elastic, now: d.Now, log: d.Log, observer: d.Observer,
		opened: kept.New[Key, openedRecord](maxOpened),
	}
}

// Config returns the rules that the manager applies.
func (m *Manager) Config() Config { return m.cfg }

// Current returns the living session of an id. It follows an id that was
// replaced in the last minute (Session.Moved), applies the deadlines, and
// slides the idle time. Errors: ErrOver (also for an id that never was),
// ErrUnavailable.
func (m *Manager) Current(ctx context.Context, id ID) (*Session, error) {
	s, err := m.load(ctx, id.Key())
	if err != nil {
		return nil, err
	}
	if reason, over := m.cfg.over(s, m.now()); over {
		if _, err := m.end(ctx, s, reason); err != nil {
			return nil, err
		}
		return nil, ErrOver
	}
	return m.touch(ctx, s), nil
}

// Lives reports whether the session of that key still lives, for streams that
// are open. A session that moved lives on; while the store is away nothing is
// known against it.
func (m *Manager) Lives(ctx context.Context, key Key) bool {
	s, err := m.load(ctx, key)
	if errors.Is(err, ErrOver) {
		return false
	}
	if err != nil {
		return true
	}
	_, over := m.cfg.over(s, m.now())
	return !over
}

// OfBrowser returns the living sessions of a browser.
func (m *Manager) OfBrowser(ctx context.Context, browser string) ([]*Session, error) {
	keys, err := m.vault.Find(ctx, BrowserLabel(browser))
	if err != nil {
		return nil, unavailable(err)
	}
	var found []*Session
	for _, key := range keys {
		s, err := m.load(ctx, key)
		if errors.Is(err, ErrOver) {
			continue // an attempt, or a session that ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		if _, over := m.cfg.over(s, m.now()); !over && s.Key == key {
			found = append(found, s)
		}
	}
	return found, nil
}

// maxMoves bounds how many replacements are followed: so many sign-ins of one browser
// within a minute.
const maxMoves = 100

// load reads a session, following the sessions that have replaced it to the newest.
// ErrOver if there is none.
func (m *Manager) load(ctx context.Context, key Key) (*Session, error) {
	var moved *ID
	for range maxMoves {
		rec, version, err := m.read(ctx, key)
		if err != nil {
			return nil, err
		}
		if rec.MovedTo == "" {
			s := rec.session(key, version)
			s.Moved = moved
			return s, nil
		}
		moved = &ID{secret.Of(rec.MovedTo)}
		key = moved.Key()
	}
	return nil, ErrOver
}

// read returns a record of this purpose and its version. ErrOver if there is none.
func (m *Manager) read(ctx context.Context, key Key) (record, uint64, error) {
	stored, err := m.vault.store.Load(ctx, key)
	switch {
	case errors.Is(err, ErrNotFound):
		m.opened.Forget(key)
		return record{}, 0, ErrOver
	case err != nil:
		return record{}, 0, unavailable(away(err))
	}
	if known, ok := m.opened.Get(key); ok && known.version == stored.Version {
		return known.record, stored.Version, nil
	}
	var rec record
	if _, err := m.vault.decode(purposeSession, key, stored, &rec); err != nil {
		return record{}, 0, ErrOver // not ours to read: another purpose, or a key that has left the ring
	}
	m.opened.Put(key, openedRecord{stored.Version, rec})
	return rec, stored.Version, nil
}

// touch slides the idle time, written at most every tenth of it. A write that
// fails changes nothing: the next request tries again.
func (m *Manager) touch(ctx context.Context, s *Session) *Session {
	now := m.now()
	if now.Sub(s.Seen) < m.cfg.Idle/10 {
		return s
	}
	next := *s
	next.Seen = now
	saved, err := m.save(ctx, &next)
	if err != nil {
		return s
	}
	return saved
}

// save writes a session over the version it was read at. ErrConflict if it has
// changed, ErrOver if it is gone.
func (m *Manager) save(ctx context.Context, s *Session) (*Session, error) {
	entry := Entry{Labels: s.labels(), Expires: m.cfg.expires(s), Version: s.version}
	version, err := m.vault.Save(ctx, purposeSession, s.Key, s.record(), entry)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, ErrOver
	case errors.Is(err, ErrConflict):
		return nil, err
	case err != nil:
		return nil, unavailable(err)
	}
	next := *s
	next.version = version
	return &next, nil
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }
