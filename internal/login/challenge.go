package login

import (
	"net/http"
	"net/url"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/web"
)

// SignInURL is the absolute address of the sign-in page that leads back to next.
func (f *Flow) SignInURL(next string) string {
	return f.public.Scheme + "://" + f.public.Host + f.address("/login", url.Values{"next": {next}})
}

// AgainURL is the same over a session that exists but cannot be used.
func (f *Flow) AgainURL(next string) string {
	return f.public.Scheme + "://" + f.public.Host + f.address("/login", url.Values{"next": {next}, "again": {"1"}})
}

// Wanted is the absolute URL of what a request asks for. Its scheme is the
// public one, whatever the hop before us spoke.
func (f *Flow) Wanted(r *http.Request) string {
	return f.public.Scheme + "://" + r.Host + r.URL.RequestURI()
}

// Challenge answers somebody without a usable session, by what asked: a
// navigation is sent to the sign-in page, a form that was posted gets a page (a
// redirect would lose it), a frame gets a link that opens a new tab, and
// everything else gets the fault itself, which is 401 in JSON. over is true
// where a session exists that cannot be used.
func (f *Flow) Challenge(w http.ResponseWriter, r *http.Request, audience web.Audience, over bool) (answered bool, err error) {
	to := f.SignInURL(f.Wanted(r))
	if over {
		to = f.AgainURL(f.Wanted(r))
	}
	switch {
	case audience == web.Embedded:
		return true, f.pages.Page(w, r, http.StatusUnauthorized, web.Framed{SignInURL: to})
	case audience != web.Navigation:
		return false, nil
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		landing := f.public.Scheme + "://" + f.public.Host + f.address("/login", nil)
		return true, f.pages.Page(w, r, http.StatusUnauthorized, web.Lost{SignInURL: landing})
	}
	return f.sendToSignIn(w, r, to, over)
}

// sendToSignIn answers a navigation. It tells the browser its key on a host that
// has cookies of its own, so that a ticket can come back for it, and ends a loop.
func (f *Flow) sendToSignIn(w http.ResponseWriter, r *http.Request, to string, over bool) (answered bool, err error) {
	host := hostOf(r)
	b, known := f.browserOf(r)
	changed, loop := false, false
	if known {
		changed, loop = b.loop(f.now())
	} else if f.apart(host) {
		b, changed = newBrowser(), true
	}
	if changed {
		if err := f.setBrowser(w, r, b); err != nil {
			return false, err
		}
	}
	if f.apart(host) {
		if to, err = f.challengeURL(wantedURL{next: f.Wanted(r), host: host, key: b.key, again: over}); err != nil {
			return false, err
		}
	}
	if loop {
		return true, &fault.Error{
			Kind:   fault.SignInLoop,
			Public: "You were signed in three times in a row, and each time the session was gone at the next page.",
			Hint:   "Your browser may refuse the session cookie of " + r.Host + ", or several gateways with different keys answer under this name. Tell your administrator, then try again.",
		}
	}
	web.Redirect(w, r, to)
	return true, nil
}
