package login

import (
	"context"
	"crypto/rand"
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

// browser is what the public host's browser cookie says: the browser key, which
// knows a browser before and between sign-ins and signs nobody in, and the
// count of sign-ins that did not last.
type browser struct {
	key      string
	loops    int
	finished time.Time
}

func newBrowser() browser { return browser{key: rand.Text()} }

// String is the cookie's value.
func (b browser) String() string {
	return b.key + "." + strconv.Itoa(b.loops) + "." + strconv.FormatInt(b.finished.Unix(), 10)
}

func parseBrowser(value string) (browser, bool) {
	parts := strings.Split(value, ".")
	if len(parts) != 3 || parts[0] == "" {
		return browser{}, false
	}
	loops, err := strconv.Atoi(parts[1])
	if err != nil {
		return browser{}, false
	}
	finished, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return browser{}, false
	}
	return browser{key: parts[0], loops: loops, finished: time.Unix(finished, 0)}, true
}

// browserOf returns the browser that a request comes from.
func (f *Flow) browserOf(r *http.Request) (browser, bool) {
	value, ok := f.cookies.BrowserOf(r, f.public.Hostname())
	if !ok {
		return browser{}, false
	}
	return parseBrowser(value)
}

func (f *Flow) setBrowser(w http.ResponseWriter, b browser) error {
	return f.cookies.SetBrowser(w, f.public.Hostname(), b.String())
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
		Hint: "Allow cookies for " + f.public.Host + ", and open the page at " + f.public.Scheme + "://" + f.public.Host +
			" exactly. If cookies are allowed, tell your administrator: the gateway may be reached under another scheme or name than it is configured for.",
	}
}

// loops counts a navigation that comes without a session right after a finished
// sign-in, in the cookie. It returns true when going on would be a loop.
func (f *Flow) loops(w http.ResponseWriter, r *http.Request) (bool, error) {
	b, ok := f.browserOf(r)
	if !ok || f.now().Sub(b.finished) > loopTime {
		return false, nil
	}
	b.loops++
	b.finished = f.now()
	if b.loops >= loopLimit {
		b.loops, b.finished = 0, time.Unix(0, 0) // the page's button may try again
		return true, f.setBrowser(w, b)
	}
	return false, f.setBrowser(w, b)
}

// sessionsOf are the living sessions of a browser: by its key, and by the
// session cookie where that came too.
func (f *Flow) sessionsOf(ctx context.Context, r *http.Request, b browser) []*session.Session {
	found, err := f.sessions.OfBrowser(ctx, b.key)
	if err != nil {
		f.log.WarnContext(ctx, "the browser's sessions were not looked up", "error.message", err.Error())
	}
	if id, ok, _ := f.cookies.IDOf(r, f.public.Hostname()); ok {
		if s, err := f.sessions.Current(ctx, id); err == nil {
			found = append(found, s)
		}
	}
	return found
}
