package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

const (
	// recoverEvery is how often renewals are looked for that their node has left behind:
	// ES gives the same pair for some seconds only.
	recoverEvery = 5 * time.Second
	// sweepEvery is how many times as often ended sessions are looked for and debts tried.
	sweepEvery = 6
)

// lastWork is how long background work may take to end at a shutdown.
const lastWork = 5 * time.Second

// debtRest is how long a stored debt is left to whoever wrote it.
const debtRest = time.Minute

// Run does what the manager does by itself, until ctx ends: at once, and again and again,
// it finishes the renewals that somebody has left behind; less often it ends sessions
// past their deadlines, settles debts and sweeps the store. Nodes begin that at different
// moments, so that one of them finds what is to be done and the others nothing. At the end
// it waits a little for background work: what is not done by then stands marked
// in the store, and is taken up at the next start.
func (m *Manager) Run(ctx context.Context) {
	m.Recover(ctx)
	_ = pause(ctx, time.Duration(anyOf(uint64(recoverEvery)))) // the loop asks once more
	for turn := anyOf(sweepEvery); pause(ctx, recoverEvery) == nil; turn++ {
		m.Recover(ctx)
		if turn%sweepEvery == 0 {
			m.Sweep(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWork)
	defer cancel()
	if m.Drain(last) != nil {
		m.log.WarnContext(last, "renewals or invalidations were under way; the next start finishes them")
	}
}

// anyOf is any number below n.
func anyOf(n uint64) uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:]) % n
}

// Recover takes up the renewals that are marked in the store and that nobody
// works on: after a crash ES still gives the same pair for some seconds. A mark
// that is fresh may be another node's, and is left until it is not.
func (m *Manager) Recover(ctx context.Context) {
	err := m.vault.Labelled(ctx, purposeSession, renewingLabel(), m.opening(ctx, func(s *Session) {
		if s.interrupted() && !m.othersRenew(s) {
			m.flights.start(context.WithoutCancel(ctx), m, s)
		}
	}))
	if err != nil && ctx.Err() == nil {
		m.log.ErrorContext(ctx, "interrupted renewals were not looked for", "error.message", err.Error())
	}
}

// interrupted reports whether a renewal is marked whose answer ES would repeat. A
// delegation is new each time, and its certificate is judged by requests alone: the next
// one makes it.
func (s *Session) interrupted() bool { return !s.renewing.IsZero() && !s.Pair.Refresh.Empty() }

// Sweep ends what is over and pays what is owed, once. It looks at the sessions whose
// deadline was over when they were last written, and at no others: with shorter deadlines
// than then a session ends at its next use.
func (m *Manager) Sweep(ctx context.Context) {
	err := m.vault.Due(ctx, purposeSession, m.now().Add(sweepGrace), m.opening(ctx, func(s *Session) {
		if reason, over := m.cfg.over(s, m.now()); over {
			if _, err := m.end(ctx, s, reason); err != nil {
				m.log.WarnContext(ctx, "an expired session was not ended; this is tried again", "esgateway.session", s.Hash(), "error.message", err.Error())
			}
		}
	}))
	err = errors.Join(err, m.settleAll(ctx))
	if _, swept := m.vault.store.Sweep(ctx); swept != nil {
		err = errors.Join(err, swept)
	}
	if err != nil && ctx.Err() == nil {
		m.log.WarnContext(ctx, "sweeping was not finished; this is tried again", "error.message", err.Error())
	}
}

// eachSession visits every session, living or over, that is not a mere move.
func (m *Manager) eachSession(ctx context.Context, visit func(*Session)) error {
	return m.vault.Each(ctx, purposeSession, m.opening(ctx, visit))
}

// opening visits what can be opened and is not a mere move, until ctx ends.
func (m *Manager) opening(ctx context.Context, visit func(*Session)) Visit {
	return func(key Key, e Entry, open func(any) error) bool {
		var rec record
		if err := open(&rec); err != nil || rec.MovedTo != "" {
			return ctx.Err() == nil
		}
		visit(rec.session(key, e.Version))
		return ctx.Err() == nil
	}
}

// settleTries is how many debts in a row Elasticsearch may leave without an answer before
// the rest is left for the next time: while it is away each costs its whole limit, and
// renewals that nobody works on must not wait for that.
const settleTries = 3

// settleAll tries the debts that nobody works on, each once.
func (m *Manager) settleAll(ctx context.Context) error {
	unanswered := 0
	return m.vault.Each(ctx, purposeOwed, func(key Key, _ Entry, open func(any) error) bool {
		var rec debtRecord
		if err := open(&rec); err != nil || m.now().Sub(rec.Written) < debtRest {
			return ctx.Err() == nil
		}
		err := m.settleOrForget(ctx, key, rec)
		if err != nil {
			m.log.WarnContext(ctx, "Elasticsearch was not told of a session's end; this is tried again", "error.message", err.Error())
		}
		if elastic.ClassOf(err) == elastic.Outage {
			unanswered++
		} else {
			unanswered = 0
		}
		return ctx.Err() == nil && unanswered < settleTries
	})
}

// settleOrForget settles a debt found in the store, unless its session still
// lives with that pair: then a crash came between debt and end, and nothing is
// owed.
func (m *Manager) settleOrForget(ctx context.Context, key Key, rec debtRecord) error {
	d := rec.debt(key)
	current, version, err := m.read(ctx, rec.Session)
	switch {
	case errors.Is(err, ErrOver):
		return m.Settle(ctx, d)
	case err != nil:
		return err
	case current.MovedTo == "" && current.session(rec.Session, version).descends(d.pair):
		m.forget(ctx, d)
		return nil
	}
	return m.Settle(ctx, d)
}

// Live counts the living sessions, and Owed the debts to ES, for metrics.
func (m *Manager) Live(ctx context.Context) (int, error) { return m.vault.Count(ctx, purposeSession) }

// Owed counts the debts to ES.
func (m *Manager) Owed(ctx context.Context) (int, error) { return m.vault.Count(ctx, purposeOwed) }

// Drain waits until the background work has ended, or ctx.
func (m *Manager) Drain(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		m.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
