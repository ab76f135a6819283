package proxy

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// The rules by which an address is left out.
const (
	failuresAllowed = 2 // in a row; the next one is too many
	firstPause      = 10 * time.Second
	longestPause    = 5 * time.Minute
	// trialTime is how long the one request that tries an address keeps all others
	// away. An answer that takes longer says nothing against the address.
	trialTime = 5 * time.Second
	// checksAllowed are the health checks that may fail in a row.
	checksAllowed = 1
)

// upstream is one address of a route: its connections, and how it has done lately.
type upstream struct {
	address
	connections http.RoundTripper
	now         func() time.Time
	// tell hears that the address is left out, with the reason and for how long,
	// or with nil that it is back.
	tell func(u *upstream, why error, pause time.Duration)
	// alone: the route has no other address.
	alone bool

	// troubled is false while nothing has to be remembered. It spares well
	// addresses the lock.
	troubled atomic.Bool

	mu       sync.Mutex // guards the fields below
	failures int        // requests that failed in a row
	lost     bool       // the last one failed to connect, so a connection heals
	pause    time.Duration
	until    time.Time // the end of the pause
	trial    time.Time // when the request began that tries the address; zero: none does
	checks   int       // health checks that failed in a row
}

// outcome is what a request says about an address.
type outcome int

const (
	answered  outcome = iota
	unreached         // no connection came about
	broken            // the connection broke before an answer
	late              // the answer did not begin in time
	abandoned         // the client has left, which says nothing
)

// take reports whether a request may go to the address. After its pause, one
// request at a time tries it; early asks for that before its end.
func (u *upstream) take(early bool) bool {
	if !u.troubled.Load() {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	switch {
	case u.checks > checksAllowed:
		return false
	case u.pause == 0:
		return true
	case !early && now.Before(u.until):
		return false
	case !u.trial.IsZero() && now.Sub(u.trial) < trialTime:
		return false
	}
	u.trial = now
	return true
}

// settle notes how a request went.
func (u *upstream) settle(o outcome, err error) {
	if o == answered && !u.troubled.Load() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.trial = time.Time{}
	switch {
	case o == answered:
		u.heal()
	case o == abandoned:
	// One slow or crashing page must not close an application that has nowhere
	// else to be: where there is no other address, only connecting counts.
	case o == unreached || !u.alone:
		u.fail(o, err)
	}
}

// connected notes that a connection stands.
func (u *upstream) connected() {
	if !u.troubled.Load() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.lost {
		u.heal()
	}
}

// checked notes what a health check has said.
func (u *upstream) checked(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	was := u.checks > checksAllowed
	if err == nil {
		u.checks = 0
	} else {
		u.checks++
	}
	is := u.checks > checksAllowed
	u.troubled.Store(u.checks > 0 || u.failures > 0)
	switch {
	case is && !was:
		u.tell(u, err, 0)
	case was && !is && u.pause == 0:
		u.tell(u, nil, 0)
	}
}

// heal forgets the failures. The lock is held.
func (u *upstream) heal() {
	out := u.pause > 0
	u.failures, u.lost, u.pause, u.until = 0, false, 0, time.Time{}
	u.troubled.Store(u.checks > 0)
	if out && u.checks <= checksAllowed {
		u.tell(u, nil, 0)
	}
}

// fail counts a failure. Those during the pause, of requests that were under way
// or came early, do not make it longer. The lock is held.
func (u *upstream) fail(o outcome, err error) {
	u.failures++
	u.lost = o == unreached
	u.troubled.Store(true)
	now := u.now()
	switch {
	case u.pause == 0 && u.failures > failuresAllowed:
		u.pause = firstPause
		u.tell(u, err, u.pause)
	case u.pause > 0 && !now.Before(u.until):
		u.pause = min(2*u.pause, longestPause)
	default:
		return
	}
	u.until = now.Add(u.pause)
}

// wait is how long the address is left out from now on; 0 if it is not.
func (u *upstream) wait() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	return max(u.until.Sub(u.now()), 0)
}
