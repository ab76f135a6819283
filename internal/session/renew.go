package session

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

const (
	// takeOver is how old a mark of a renewal must be before somebody else
	// finishes it: a node that dies while renewing delays nobody longer.
	takeOver = 5 * time.Second
	// patience is how long a request waits for a renewal that it needs.
	patience = 10 * time.Second
	// renewCall bounds all calls of one renewal.
	renewCall = renewLimit + 10*time.Second
	// watch is how often a record is read while another node renews it.
	watch = 50 * time.Millisecond
)

// Fresh returns the session with an access token that lives. A token near its
// end is renewed in the background while requests go on with it; only past its
// end do requests wait. Errors: ErrOver, ErrForeign, ErrUnsure, ErrUnavailable.
func (m *Manager) Fresh(ctx context.Context, s *Session) (*Session, error) {
	now := m.now()
	if !s.Pair.due(now) {
		return s, nil
	}
	if s.Pair.past(now) {
		return m.renew(ctx, s, bearing{past: true})
	}
	if m.troubles.mayAsk(s, now) {
		m.flights.start(context.WithoutCancel(ctx), m, s)
	}
	return s, nil
}

// Refused judges a session whose bearer ES has refused with that class (Dead or
// Mute): it returns the session with tokens that live, or says why not, as Fresh.
func (m *Manager) Refused(ctx context.Context, s *Session, class elastic.Class) (*Session, error) {
	b := bearing{dead: class == elastic.Dead, mute: class == elastic.Mute, past: s.Pair.past(m.now())}
	if b.mute {
		m.troubles.mute(s, m.now())
	}
	return m.renew(ctx, s, b)
}

// Accepted notes that ES has taken the session's bearer: evidence that its
// tokens index answers, and the end of any doubt about this session.
func (m *Manager) Accepted(s *Session) {
	if m.troubles.none() {
		return
	}
	m.troubles.accepted(s)
	m.evidence.accept(m.now(), s.Pair.Made)
}

// renew takes part in the one renewal of the session's pair and judges its
// answer by what this caller knows of the bearer.
func (m *Manager) renew(ctx context.Context, s *Session, b bearing) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f := m.flights.start(context.WithoutCancel(ctx), m, s)
	select {
	case <-f.done:
		return m.judge(ctx, s, b, f.answer)
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

// answer is what came of a renewal.
type answer struct {
	// session is the record as it stands after the renewal.
	session *Session
	// class is ES's answer: OK if the record now holds another pair.
	class elastic.Class
	// asked is when the call was sent that decided; zero if ES was not asked.
	asked time.Time
	// err is ErrOver or ErrUnavailable where there is no answer at all.
	err error
}

// renewOnce does one renewal of the judged pair: mark, call, store. It runs at
// most once at a time for a session in this process; the mark in the record
// keeps other nodes from calling meanwhile.
func (m *Manager) renewOnce(ctx context.Context, judged *Session) answer {
	for {
		s, err := m.load(ctx, judged.Key)
		switch {
		case err != nil:
			return answer{err: err}
		case !s.Pair.same(judged.Pair):
			return answer{session: s, class: elastic.OK}
		}
		if known, ok := m.troubles.known(s, m.now()); ok {
			known.session = s
			return known
		}
		if m.othersRenew(s) {
			if err := pause(ctx, watch); err != nil {
				return answer{err: unavailable(err)}
			}
			continue
		}
		marked, err := m.mark(ctx, s)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return answer{err: err}
		}
		return m.call(ctx, marked)
	}
}

// othersRenew reports whether somebody took up the renewal so recently that it
// is theirs. A mark of much later than now comes from a clock that is wrong, and says
// nothing: else all would wait until that time has come.
func (m *Manager) othersRenew(s *Session) bool {
	return !s.renewing.IsZero() && m.now().Sub(s.taken).Abs() < takeOver
}

// mark writes "renewing since t" before ES is called, so that whoever finds the
// record after a crash can finish. A mark that may still be repeated keeps its t.
func (m *Manager) mark(ctx context.Context, s *Session) (*Session, error) {
	now := m.now()
	next := *s
	if s.renewing.IsZero() || now.Sub(s.renewing).Abs() > renewLimit {
		next.renewing = now
	}
	next.taken = now
	return m.save(ctx, &next)
}

// call asks ES and stores what it answers.
func (m *Manager) call(ctx context.Context, s *Session) answer {
	grant, asked, err := m.ask(ctx, s)
	class := elastic.ClassOf(err)
	m.observer.Renewed(string(class))
	if class == elastic.OK {
		m.troubles.clear(s.Key)
		return m.keep(ctx, s, grant)
	}
	m.troubles.refused(s, class, asked, m.now())
	if !lost(err) {
		s = m.unmark(ctx, s)
	}
	return answer{session: s, class: class, asked: asked}
}

// ask calls ES, and repeats a lost answer on the next node until t + 25 s: ES
// gives the same pair to a repeat. A refusal that may be an outage of the
// tokens index (Mute) is asked once more on another node.
func (m *Manager) ask(ctx context.Context, s *Session) (elastic.Grant, time.Time, error) {
	secondLook := true
	wait := 0 * time.Millisecond
	for {
		asked := m.now()
		grant, err := m.another(ctx, s)
		switch {
		case elastic.ClassOf(err) == elastic.Mute && secondLook:
			secondLook = false
			continue
		case !lost(err) || m.now().Sub(s.renewing) >= renewLimit || pause(ctx, wait) != nil:
			return grant, asked, err
		}
		wait = min(2*wait+100*time.Millisecond, 2*time.Second)
	}
}

// another asks ES for the pair after the session's own: by its refresh token, or, where
// there is none, by the certificate that the session is bound to. Whether that still
// counts is judged at every request (contract opk 4: ES does not look).
func (m *Manager) another(ctx context.Context, s *Session) (elastic.Grant, error) {
	if s.Pair.Refresh.Empty() {
		return m.es.DelegatePKI(ctx, s.Chain)
	}
	return m.es.Refresh(ctx, s.Pair.Refresh)
}

// lost reports whether a call may have reached ES and ended without an answer.
// So it is where a balancer in front of ES has waited in vain (504). Where no connection
// came about, nothing has arrived and nothing is lost: the people who wait hear so at once.
func lost(err error) bool {
	e, ok := errors.AsType[*elastic.Error](err)
	if ok && e.Class == elastic.Outage && e.Status == http.StatusGatewayTimeout {
		return true
	}
	if !ok || e.Status != 0 || (e.Class != elastic.Outage && e.Class != elastic.Cancelled) {
		return false
	}
	op, ok := errors.AsType[*net.OpError](err)
	return !ok || op.Op != "dial"
}

// unmark takes the mark away after an answer that ended the renewal. A write
// that fails leaves a mark that is simply taken up again.
func (m *Manager) unmark(ctx context.Context, s *Session) *Session {
	next := *s
	next.renewing, next.taken = time.Time{}, time.Time{}
	saved, err := m.save(ctx, &next)
	if err != nil {
		return s
	}
	return saved
}

// keep stores the new pair before anybody uses it. A pair that has no place any
// more (session ended, another pair there) is invalidated; one that the record
// already holds, or that was renewed from, is dropped, since ES repeats itself.
func (m *Manager) keep(ctx context.Context, s *Session, grant elastic.Grant) answer {
	fresh := pairOf(grant.Pair, s.renewing, m.es.Account())
	if !s.sameUser(grant.Identity) {
		m.observer.Alarm("renewal_for_another_user")
		m.giveBack(ctx, fresh)
		return m.endInstead(ctx, s, OtherUser)
	}
	if len(s.Chain) > 0 && len(grant.Identity.Roles) == 0 { // no sign-in begins a session for nothing
		m.giveBack(ctx, fresh)
		return m.endInstead(ctx, s, CertificateEnded)
	}
	for range conflictTries {
		saved, err := m.save(ctx, s.renewed(fresh, grant.Identity))
		if err == nil {
			m.evidence.accept(m.now(), fresh.Made)
			return answer{session: saved, class: elastic.OK}
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrOver) {
			return answer{err: err} // the mark is still there: it is finished later
		}
		current, err := m.load(ctx, s.Key)
		switch {
		case errors.Is(err, ErrOver):
			m.giveBack(ctx, fresh)
			return answer{err: ErrOver}
		case err != nil:
			return answer{err: err}
		case current.descends(fresh):
			return answer{session: current, class: elastic.OK}
		case !current.Pair.same(s.Pair):
			m.giveBack(ctx, fresh)
			return answer{session: current, class: elastic.OK}
		}
		s = current // only the mark or the idle time changed
	}
	return answer{err: unavailable(ErrConflict)}
}

// endInstead ends a session whose new pair must not be used.
func (m *Manager) endInstead(ctx context.Context, s *Session, reason Reason) answer {
	if _, err := m.end(ctx, s, reason); err != nil {
		return answer{err: err}
	}
	return answer{err: ErrOver}
}

// pause waits, or returns early with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()
	return ctx.Err()
}
