package session

import (
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

const (
	// maxTroubles bounds what this node remembers of sessions in trouble. The
	// oldest are forgotten: they are asked about a little more often.
	maxTroubles = 100_000
	// firstWait and lastWait are the back-off between renewals that fail.
	firstWait = 500 * time.Millisecond
	lastWait  = 5 * time.Second
)

// troubles remembers, on this node, which sessions ES would not renew: when to
// ask again, and since when ES is silent about them. Its zero value is ready.
type troubles struct {
	mu sync.Mutex
	of map[Key]*trouble // guarded by mu
}

type trouble struct {
	pair  Pair
	class elastic.Class // the last answer to a renewal; empty if none was asked
	asked time.Time
	next  time.Time // not before this is ES asked again
	wait  time.Duration
	muted time.Time // first silence; zero: none
}

// final reports whether ES will say the same for ever.
func (t *trouble) final() bool {
	switch t.class {
	case elastic.RefreshExpired, elastic.RefreshInvalidated, elastic.RefreshUsed, elastic.RefreshForeign:
		return true
	}
	return false
}

// at returns the trouble of the session's very pair, or nil. mu is held.
func (ts *troubles) at(s *Session) *trouble {
	if t := ts.of[s.Key]; t != nil && t.pair.same(s.Pair) {
		return t
	}
	return nil
}

// put returns the trouble of the session's pair, new if need be. mu is held.
func (ts *troubles) put(s *Session) *trouble {
	if t := ts.at(s); t != nil {
		return t
	}
	if ts.of == nil || len(ts.of) >= maxTroubles {
		ts.of = map[Key]*trouble{}
	}
	t := &trouble{pair: s.Pair}
	ts.of[s.Key] = t
	return t
}

// mute notes that ES was silent about the session's tokens.
func (ts *troubles) mute(s *Session, now time.Time) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.put(s); t.muted.IsZero() {
		t.muted = now
	}
}

// refused notes ES's answer to a renewal.
func (ts *troubles) refused(s *Session, class elastic.Class, asked, now time.Time) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.put(s)
	t.class, t.asked = class, asked
	if class == elastic.Mute && t.muted.IsZero() {
		t.muted = asked
	}
	t.wait = min(max(2*t.wait, firstWait), lastWait)
	t.next = now.Add(t.wait)
}

// known returns the last answer while ES is not to be asked again.
func (ts *troubles) known(s *Session, now time.Time) (answer, bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.at(s)
	if t == nil || t.class == "" || (!t.final() && !now.Before(t.next)) {
		return answer{}, false
	}
	return answer{class: t.class, asked: t.asked}, true
}

// mayAsk reports whether a renewal ahead of the end makes sense now.
func (ts *troubles) mayAsk(s *Session, now time.Time) bool {
	_, known := ts.known(s, now)
	return !known
}

// since returns when ES was first silent about the session's pair.
func (ts *troubles) since(s *Session) (time.Time, bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.at(s)
	if t == nil || t.muted.IsZero() {
		return time.Time{}, false
	}
	return t.muted, true
}

// accepted ends the doubt about a bearer that ES has taken. What ES said about
// the refresh token stands.
func (ts *troubles) accepted(s *Session) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.at(s)
	switch {
	case t == nil:
	case t.final():
		t.muted = time.Time{}
	default:
		delete(ts.of, s.Key)
	}
}

// clear forgets a session.
func (ts *troubles) clear(k Key) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.of, k)
}

// none reports whether no session is in trouble.
func (ts *troubles) none() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.of) == 0
}
