package session

import (
	"context"
	"errors"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

// moveTime is how long an old id leads to the session that replaced it, so that
// other tabs and open streams go on.
const moveTime = 60 * time.Second

// Start is a proven sign-in that becomes a session.
type Start struct {
	Grant  elastic.Grant
	Method string
	Realm  string
	// Browser is the browser key of the sign-in. The sessions that this browser
	// has are replaced (same user) or ended (another user).
	Browser string
	// Provider is how the identity provider knows the person, if it has said.
	Provider Provider
	// Chain is the certificate that has proven it, if one has.
	Chain [][]byte
	// Old are further sessions of the browser, found by their cookie.
	Old []*Session
}

// Begun is a session that has just begun.
type Begun struct {
	Session *Session
	ID      ID
	// Ended is the session of another user that this sign-in ended, or nil.
	Ended *Session
}

// Begin stores a new session under a new id, and only then lets go of the
// browser's older ones: nobody is ever half signed in. Error: ErrUnavailable;
// then there is no new session, and the grant's tokens are owed back to ES.
func (m *Manager) Begin(ctx context.Context, start Start) (Begun, error) {
	now := m.now()
	id := NewID()
	s := &Session{
		Key: id.Key(), Identity: start.Grant.Identity, Method: start.Method, Realm: start.Realm,
		Pair:    pairOf(start.Grant.Pair, start.Grant.Pair.SentAt, m.es.Account()),
		Started: now, Seen: now, Browser: BrowserLabel(start.Browser), Provider: start.Provider, Chain: start.Chain,
	}
	older := m.older(ctx, start)
	saved, err := m.save(ctx, s)
	if err != nil {
		m.giveBack(ctx, s.Pair)
		return Begun{}, err
	}
	m.evidence.accept(now, saved.Pair.Made)
	begun := Begun{Session: saved, ID: id}
	for _, old := range older {
		if old.sameUser(saved.Identity) {
			m.move(ctx, old, id)
			continue
		}
		if ended, err := m.end(ctx, old, OtherUser); err == nil && ended {
			begun.Ended = old
		}
	}
	return begun, nil
}

// older are the browser's sessions before this sign-in, each once. They are looked up
// before its own is stored: so of two sign-ins at the same time at most one sees the
// other, and they cannot replace each other in a circle.
func (m *Manager) older(ctx context.Context, start Start) []*Session {
	found, err := m.OfBrowser(ctx, start.Browser)
	if err != nil {
		m.log.WarnContext(ctx, "the browser's older sessions were not looked up; they end by their own deadlines", "error.message", err.Error())
	}
	seen := map[Key]bool{}
	var out []*Session
	for _, s := range append(found, start.Old...) {
		if !seen[s.Key] {
			seen[s.Key] = true
			out = append(out, s)
		}
	}
	return out
}

// move makes the old id lead to the new session for a minute and revokes the
// old pair.
func (m *Manager) move(ctx context.Context, old *Session, to ID) {
	for range conflictTries {
		debt, err := m.owe(ctx, old)
		if err != nil {
			m.log.WarnContext(ctx, "an older session of this sign-in was not replaced", "esgateway.session", old.Hash(), "error.message", err.Error())
			return
		}
		entry := Entry{Labels: []Label{old.Browser}, Expires: m.now().Add(moveTime), Version: old.version, Aside: true}
		_, err = m.vault.Save(ctx, purposeSession, old.Key, record{MovedTo: to.value.Reveal()}, entry)
		if err == nil {
			m.observer.SessionEnded(ctx, old, Replaced)
			m.settleLater(ctx, debt)
			return
		}
		if !errors.Is(err, ErrConflict) {
			// It may have happened: the debt stays, and the sweeper sees which.
			m.log.WarnContext(ctx, "it is not known whether an older session of this sign-in was replaced", "esgateway.session", old.Hash(), "error.message", err.Error())
			return
		}
		m.forget(ctx, debt)
		again, err := m.load(ctx, old.Key)
		if err != nil || again.Key != old.Key {
			return // it is over, or another sign-in has replaced it
		}
		old = again
	}
}

// giveBack revokes a pair that came to belong to no session.
func (m *Manager) giveBack(ctx context.Context, p Pair) {
	debt, err := m.oweDebt(ctx, debtRecord{Pair: p.record()})
	if err != nil {
		debt = Debt{pair: p} // the store is away: try once, from memory
	}
	m.settleLater(ctx, debt)
}

// Discard revokes the tokens of a sign-in that must not become a session.
func (m *Manager) Discard(ctx context.Context, g elastic.Grant) {
	m.giveBack(ctx, pairOf(g.Pair, g.Pair.SentAt, m.es.Account()))
}
