package login

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
)

// loopTime is how soon after a finished sign-in a navigation without a session
// counts as a loop; loopLimit is the count that ends it.
const (
	loopTime  = 30 * time.Second
	loopLimit = 3
)

// browser is what a host's browser cookie says: the browser key, which
// knows a browser before and between sign-ins and signs nobody in, and what tells
// a loop.
type browser struct {
	key string
	// loops counts sign-ins in a row that did not last; counted is when the last
	// one was.
	loops   int
	counted time.Time
	// finished is the last sign-in that nobody has judged yet; zero: none.
	finished time.Time
	// restarted is when a sign-in last started anew by itself.
	restarted time.Time
	// left: somebody has signed out here, and not in again.
	left bool
}

func newBrowser() browser { return browser{key: rand.Text()} }

// signedIn is the browser after a sign-in. What was counted long ago has nothing
// to do with it.
func (b browser) signedIn(now time.Time) browser {
	if now.Sub(b.counted) > loopTime {
		b.loops = 0
	}
	b.finished, b.restarted, b.left = now, time.Time{}, false
	return b
}

// signedOut is the browser after a sign-out: that a session is gone is no loop.
func (b browser) signedOut() browser { return browser{key: b.key, left: true} }

// String is the cookie's value.
func (b browser) String() string {
	parts := []string{b.key, strconv.Itoa(b.loops)}
	for _, t := range [...]time.Time{b.counted, b.finished, b.restarted} {
		parts = append(parts, strconv.FormatInt(max(t.Unix(), 0), 10))
	}
	return strings.Join(append(parts, strconv.FormatBool(b.left)), ".")
}

func parseBrowser(value string) (browser, bool) {
	parts := strings.Split(value, ".")
	if len(parts) != 6 || parts[0] == "" {
		return browser{}, false
	}
	var n [4]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(parts[i+1], 10, 64); err != nil {
			return browser{}, false
		}
	}
	left, err := strconv.ParseBool(parts[5])
	if err != nil {
		return browser{}, false
	}
	return browser{
		left: left, key: parts[0], loops: int(n[0]), counted: time.Unix(n[1], 0), finished: time.Unix(n[2], 0), restarted: time.Unix(n[3], 0),
	}, true
}

// browserOf returns the browser that a request comes from, as its host knows it.
func (f *Flow) browserOf(r *http.Request) (browser, bool) {
	value, ok := f.cookies.BrowserOf(r, hostOf(r))
	if !ok {
		return browser{}, false
	}
	return parseBrowser(value)
}

// setBrowser tells the browser what the host of the request knows of it.
func (f *Flow) setBrowser(w http.ResponseWriter, r *http.Request, b browser) error {
	host := hostOf(r)
	return f.cookies.SetBrowser(w, host, b.String(), host == f.public.Hostname())
}

// needBrowser returns the browser, or the fault that names why its cookie did
// not come back: clients without cookies create no records.
func (f *Flow) needBrowser(r *http.Request) (browser, error) {
	if b, ok := f.browserOf(r); ok {
		return b, nil
	}
	return browser{}, &fault.Error{
		Kind:   fault.CookiesBlocked,
		Public: "Your browser did not send back the cookie that this page had just given it, so signing in cannot go on.",
		Hint: "Allow cookies for " + r.Host + ", and open the page at " + f.public.Scheme + "://" + r.Host +
			" exactly. If cookies are allowed, tell your administrator: the gateway may be reached under another scheme or name than it is configured for.",
	}
}

// loop counts, in b, a sign-in that a navigation without a session
// follows at once. Each sign-in is counted once: reloads and further tabs do not
// count. It returns true when going on would be a loop.
func (b *browser) loop(now time.Time) (counted, loop bool) {
	if now.Sub(b.finished) > loopTime {
		return false, false
	}
	b.loops, b.counted, b.finished = b.loops+1, now, time.Time{}
	if b.loops < loopLimit {
		return true, false
	}
	*b = browser{key: b.key, left: b.left} // the page's button may try again
	return true, true
}

// sessionsOf are the living sessions of a browser: by its key, and by the session cookie
// where that came too. An error means that there may be more.
func (f *Flow) sessionsOf(r *http.Request, b browser) ([]*session.Session, error) {
	found, err := f.sessions.OfBrowser(r.Context(), b.key)
	if id, ok, _ := f.cookies.IDOf(r, hostOf(r)); ok {
		s, lost := f.sessions.Current(r.Context(), id)
		switch {
		case lost == nil:
			found = append(found, s)
		case !errors.Is(lost, session.ErrOver):
			err = errors.Join(err, lost)
		}
	}
	return found, err
}

// knownSessionsOf is sessionsOf for whoever goes on without those that could not be
// looked up.
func (f *Flow) knownSessionsOf(r *http.Request, b browser) []*session.Session {
	found, err := f.sessionsOf(r, b)
	if err != nil {
		f.log.WarnContext(r.Context(), "the browser's sessions were not looked up", "error.message", err.Error())
	}
	return found
}
