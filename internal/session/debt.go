package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

// renewLimit is how long after its first call a renewal may be repeated: ES
// gives the same pair to a repeat within 30 s; 5 s are left for clocks.
const renewLimit = 25 * time.Second

// Debt is what is owed to ES after a session's end: both halves of its pair are
// to be invalidated. It is kept sealed and tried until ES answers or the pair
// is dead.
type Debt struct {
	key  Key
	pair Pair
	// renewing is set if the session ended while a renewal was under way: its
	// answer must still be learned, to be invalidated too.
	renewing time.Time
	stored   bool
}

// Nothing reports whether there is nothing to settle.
func (d Debt) Nothing() bool { return d.pair.Refresh.Empty() && d.pair.Access.Empty() }

// Pair are the newest tokens of the session that ended.
func (d Debt) Pair() Pair { return d.pair }

// debtRecord is a debt as it is sealed. It is written before its session is
// deleted, so it stands only once the session is really gone.
type debtRecord struct {
	Pair     pairRecord `json:"pair"`
	Renewing time.Time  `json:"renewing,omitzero"`
	Session  Key        `json:"session"`
	Written  time.Time  `json:"written"`
}

func (r debtRecord) debt(key Key) Debt {
	return Debt{key: key, pair: r.Pair.pair(), renewing: r.Renewing, stored: true}
}

func (m *Manager) owe(ctx context.Context, s *Session) (Debt, error) {
	return m.oweDebt(ctx, debtRecord{Pair: s.Pair.record(), Renewing: s.renewing, Session: s.Key})
}

func (m *Manager) oweDebt(ctx context.Context, rec debtRecord) (Debt, error) {
	rec.Written = m.now()
	d := rec.debt(KeyOf(purposeOwed, NewID().value.Reveal()))
	_, err := m.vault.Save(ctx, purposeOwed, d.key, rec, Entry{Expires: d.pair.Made.Add(24 * time.Hour)})
	if err != nil {
		return Debt{}, unavailable(err)
	}
	return d, nil
}

// forget removes a debt that did not come to be owed. If that fails the sweeper
// removes it, since the session still holds the pair.
func (m *Manager) forget(ctx context.Context, d Debt) {
	if err := m.vault.Delete(ctx, d.key, 0); err != nil && !errors.Is(err, ErrNotFound) {
		m.log.WarnContext(ctx, "a debt to Elasticsearch was written and could not be taken back; the sweeper will", "error.message", err.Error())
	}
}

// Settle tells ES to invalidate what is owed: the refresh token first, so that
// nobody renews, then the access token, whatever became of the first. An error
// means that it will be tried again.
func (m *Manager) Settle(ctx context.Context, d Debt) error {
	if d.Nothing() {
		return nil
	}
	if err := m.learnLate(ctx, d); err != nil {
		return err
	}
	if err := m.invalidate(ctx, d.pair); err != nil {
		return err
	}
	if !d.stored {
		return nil
	}
	if err := m.vault.Delete(ctx, d.key, 0); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("forget a settled debt: %w", err)
	}
	return nil
}

// learnLate repeats a renewal that was under way when the session ended, to
// learn the pair that ES may have made, and invalidates it.
func (m *Manager) learnLate(ctx context.Context, d Debt) error {
	if d.pair.Refresh.Empty() || d.renewing.IsZero() || m.now().Sub(d.renewing) > renewLimit {
		return nil // a delegation is never repeated by ES: what was lost ends by itself
	}
	grant, err := m.es.Refresh(ctx, d.pair.Refresh)
	if err == nil {
		return m.invalidate(ctx, pairOf(grant.Pair, d.renewing, m.es.Account()))
	}
	if class := elastic.ClassOf(err); class == elastic.Outage || class == elastic.Cancelled {
		return fmt.Errorf("learn a late pair: %w", err)
	}
	return nil // ES has made none, or will not say: nothing more to learn
}

func (m *Manager) invalidate(ctx context.Context, p Pair) error {
	var first, second error
	if !p.Refresh.Empty() {
		first = m.es.InvalidateRefresh(ctx, p.Refresh)
	}
	if !p.Access.Empty() {
		second = m.es.InvalidateAccess(ctx, p.Access)
	}
	return errors.Join(first, second)
}

// settleTime bounds one try to settle a debt in the background.
const settleTime = 30 * time.Second

// settleLater settles in the background; what fails is left to the sweeper.
func (m *Manager) settleLater(ctx context.Context, d Debt) {
	m.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		defer cancel()
		if err := m.Settle(ctx, d); err != nil {
			m.log.WarnContext(ctx, "Elasticsearch was not told of a session's end; this is tried again", "error.message", err.Error())
		}
	})
}
