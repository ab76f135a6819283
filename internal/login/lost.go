package login

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// restartTime is how long a sign-in that started anew by itself keeps the next one
// from doing so: once is help, twice is a loop.
const restartTime = attemptLife

// lostAttempt answers a callback whose attempt cannot be used. It never ends a
// live session. The same browser gets what its first answer got; with a session, or
// a moment after it had one, the person goes on to the wanted page. Otherwise a navigation starts anew once, and
// then sees a page with the cause.
func (f *Flow) lostAttempt(w http.ResponseWriter, r *http.Request, v *visit, u *unusable) error {
	next := u.next.or(f.landing)
	mine := f.mine(r, v)
	if id, ok := f.same(r, mine, u); ok {
		if err := f.cookies.SetID(w, f.public.Hostname(), id); err != nil {
			return err
		}
		return f.goOn(w, r, id, next)
	}
	if len(mine) > 0 || u.session != "" {
		web.Redirect(w, r, next.next) // if its host needs a ticket, it asks for one
		return nil
	}
	if u.restart && v.mayRestart(r, restartTime) {
		return f.restart(w, r, v, next, false)
	}
	cause := &fault.Error{Kind: fault.SignInUnknown, Err: u}
	f.failed(r, v.method, "", cause)
	f.pages.Error(w, r, cause, web.Reply{Audience: web.AudienceOf(r), SignInURL: f.AgainURL(next.next)})
	return nil
}

// mine are the browser's living sessions.
func (f *Flow) mine(r *http.Request, v *visit) []*session.Session {
	if !v.known {
		return nil
	}
	return slices.DeleteFunc(f.knownSessionsOf(r, v.browser), func(s *session.Session) bool { return !f.Owns(s) })
}

// same is the session that came of the same answer a moment ago, as long as the
// browser has no other one.
func (f *Flow) same(r *http.Request, mine []*session.Session, u *unusable) (session.ID, bool) {
	if u.session == "" {
		return session.ID{}, false
	}
	id := session.ReadID(u.session)
	s, err := f.sessions.Current(r.Context(), id)
	if err != nil || slices.ContainsFunc(mine, func(other *session.Session) bool { return other.Key != s.Key }) {
		return session.ID{}, false
	}
	if s.Moved != nil {
		id = *s.Moved
	}
	return id, true
}

// mayRestart reports whether a sign-in may start anew by itself: for a person who
// looks at a page, and not so soon after the last time.
func (v *visit) mayRestart(r *http.Request, within time.Duration) bool {
	recently := v.known && v.flow.now().Sub(v.browser.restarted) < within
	return web.AudienceOf(r) == web.Navigation && !recently
}

// restart starts a sign-in anew, with the same method. It goes by the sign-in page:
// this request has come from another site, which starts nothing by itself.
func (f *Flow) restart(w http.ResponseWriter, r *http.Request, v *visit, next wanted, again bool) error {
	if v.known {
		b := v.browser
		b.restarted = f.now()
		if err := f.setBrowser(w, r, b); err != nil {
			return err
		}
	}
	f.metrics.SignIn(v.method.Name, "restarted")
	q := next.query()
	q.Set("method", v.method.Name)
	if again {
		q.Set("again", "1")
	}
	web.Redirect(w, r, f.address("/login", q))
	return nil
}

// bringBack drops what came and starts an ordinary sign-in at the same identity
// provider, which the person does not notice. A provider that then answers in the
// same way again would go on for ever.
func (f *Flow) bringBack(w http.ResponseWriter, r *http.Request, v *visit, step Step) error {
	if !v.mayRestart(r, loopTime) {
		return &fault.Error{
			Kind:   fault.SignInUnknown,
			Public: "Your identity provider has sent an answer that nobody here asked for.",
			Hint:   "Start at the application that you want to use. If it happens again, tell your administrator: the identity provider does not say which request it answers.",
			Err:    errors.New(step.reason),
		}
	}
	f.log.InfoContext(r.Context(), "a sign-in starts anew", "esgateway.method", v.method.Name, "event.reason", step.reason)
	return f.restart(w, r, v, wanted{next: f.proven(step.next)}, true)
}
