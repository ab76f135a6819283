package session

import (
	"context"
	"sync"
)

// flights lets everybody who needs the renewal of one session wait for the
// same one. Its zero value is ready.
type flights struct {
	mu  sync.Mutex
	now map[Key]*flight // guarded by mu
}

// flight is a renewal under way. done is closed when answer is there.
type flight struct {
	judged Pair
	done   chan struct{}
	answer answer
}

// start returns the flight for the session's pair, beginning one if there is
// none. The work runs on a context that no waiter can cancel. A flight for an
// older pair of the same session is not joined but followed by a new one: its
// answer would be read from the record anyway.
func (f *flights) start(ctx context.Context, m *Manager, s *Session) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.now[s.Key]; fl != nil && fl.judged.same(s.Pair) {
		return fl
	}
	if f.now == nil {
		f.now = map[Key]*flight{}
	}
	fl := &flight{judged: s.Pair, done: make(chan struct{})}
	f.now[s.Key] = fl
	m.work.Go(func() { f.fly(ctx, m, s, fl) })
	return fl
}

func (f *flights) fly(ctx context.Context, m *Manager, s *Session, fl *flight) {
	ctx, cancel := context.WithTimeout(ctx, renewCall)
	defer cancel()
	fl.answer = m.renewOnce(ctx, s)
	f.mu.Lock()
	if f.now[s.Key] == fl {
		delete(f.now, s.Key)
	}
	f.mu.Unlock()
	close(fl.done)
}
