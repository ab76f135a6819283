package session

import (
	"context"
	"errors"
)

// conflictTries bounds how often a write is tried anew when others write the
// same record at the same time.
const conflictTries = 20

// end ends a session by a compare-and-delete on the judged pair: if the record
// meanwhile holds another pair, the judgement does not stand and ended is
// false. Exactly one caller ends a session.
func (m *Manager) end(ctx context.Context, s *Session, reason Reason) (ended bool, err error) {
	debt, ended, err := m.endOwing(ctx, s, reason, false)
	if ended {
		m.settleLater(ctx, debt)
	}
	return ended, err
}

// SignOut ends a session whatever pair it holds by now. The debt is what ES must
// still be told; Settle tells it. A session that is gone already is no error.
func (m *Manager) SignOut(ctx context.Context, s *Session) (Debt, error) {
	debt, _, err := m.endOwing(ctx, s, SignedOut, true)
	return debt, err
}

// End ends a session for a reason that others have judged.
func (m *Manager) End(ctx context.Context, s *Session, reason Reason) error {
	debt, ended, err := m.endOwing(ctx, s, reason, true)
	if ended {
		m.settleLater(ctx, debt)
	}
	return err
}

// endOwing writes the debt first and deletes then: whatever happens between,
// the tokens are revoked and no late refresh can bring the session back.
func (m *Manager) endOwing(ctx context.Context, s *Session, reason Reason, anyPair bool) (Debt, bool, error) {
	for range conflictTries {
		debt, err := m.owe(ctx, s)
		if err != nil {
			return Debt{}, false, err
		}
		err = m.vault.Delete(ctx, s.Key, s.version)
		if err == nil {
			m.troubles.clear(s.Key)
			m.opened.Forget(s.Key)
			m.observer.SessionEnded(ctx, s, reason)
			return debt, true, nil
		}
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict) {
			// It may have happened: the debt stays, and the sweeper sees which.
			return Debt{}, false, unavailable(err)
		}
		m.forget(ctx, debt)
		if errors.Is(err, ErrNotFound) {
			return Debt{}, false, nil
		}
		current, err := m.load(ctx, s.Key)
		if errors.Is(err, ErrOver) {
			return Debt{}, false, nil
		}
		if err != nil {
			return Debt{}, false, err
		}
		if !anyPair && !current.Pair.same(s.Pair) {
			return Debt{}, false, nil
		}
		s = current
	}
	return Debt{}, false, unavailable(ErrConflict)
}
