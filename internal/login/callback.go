package login

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// maxCallback bounds what is read of a callback: an encrypted SAML response
// with many groups is some hundred KiB.
const maxCallback = 2 << 20

// callback serves an endpoint of a method: the method says what came, the flow
// does what follows, the same for every method.
func (f *Flow) callback(m *Configured, route Route) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		r.Body = http.MaxBytesReader(w, r.Body, maxCallback)
		if !route.CrossSite && route.Verb != http.MethodGet && web.OriginOf(r, f.public) != web.SameOrigin {
			return fault.New(fault.CrossOrigin, "")
		}
		v := &visit{flow: f, method: m}
		if v.browser, v.known = f.browserOf(r); !v.known {
			if route.CrossSite && bounces(r) {
				return f.bounce(w, r)
			}
			v.browser = newBrowser()
		}
		step, err := route.Handle(r, v)
		if err == nil {
			err = f.follow(w, r, v, step)
		}
		v.conclude(r.Context(), err)
		if err == nil {
			return nil
		}
		if u, ok := errors.AsType[*unusable](err); ok {
			return f.lostAttempt(w, r, v, u)
		}
		if route.Aside {
			return err
		}
		return f.tryAgain(w, r, v, err)
	}
}

// follow does what a method's step says. An error means that nothing was written.
func (f *Flow) follow(w http.ResponseWriter, r *http.Request, v *visit, step Step) error {
	switch step.kind {
	case stepDone:
		return f.finish(w, r, v, step)
	case stepRefused:
		f.sessions.Discard(r.Context(), step.grant)
		return step.err
	case stepRestart:
		return f.bringBack(w, r, v, step)
	case stepBegin:
		return f.beginFor(w, r, v, step)
	case stepFragment:
		return f.pages.Page(w, r, http.StatusOK, web.Fragment{Action: r.URL.EscapedPath()})
	case stepLoggedOut:
		web.Redirect(w, r, f.loggedOutURL(step.undone))
		return nil
	case stepDocument:
		f.pages.Document(w, r, step.contentType, step.body)
		return nil
	case stepProviderSignOut:
		return f.providerSignOut(w, r, step)
	default:
		return errors.New("login: a callback ended with a step that cannot follow it")
	}
}

// tryAgain shows why a sign-in did not work, with a way to try again that leads
// to the page that was wanted.
func (f *Flow) tryAgain(w http.ResponseWriter, r *http.Request, v *visit, err error) error {
	f.failed(r, v.method, "", err)
	if v.taken == nil {
		return err
	}
	f.pages.Error(w, r, err, web.Reply{Audience: web.AudienceOf(r), SignInURL: f.AgainURL(v.taken.Next)})
	return nil
}

// failed writes down a sign-in that did not work.
// The user is "" where ES has named none.
func (f *Flow) failed(r *http.Request, m *Configured, user string, err error) {
	f.metrics.SignIn(m.Name, outcomeWord(err))
	cause := fault.Of(err).Cause
	if cause == "" {
		cause = string(fault.Of(err).Kind)
	} else {
		f.metrics.SignInRefused(m.Name, cause)
	}
	f.audit.SignInFailed(r.Context(), audit.SignInFailed{
		Method: m.Name, Realm: m.Realm, User: user, Cause: cause, ClientIP: f.client(r), RequestID: web.RequestID(r.Context()),
	})
}

// outcomeWord is the metric's word for a sign-in that did not work.
func outcomeWord(err error) string {
	switch fault.Of(err).Kind {
	case fault.SignInFailed:
		return "refused"
	case fault.SignInUnknown:
		return "unknown"
	case fault.NoRoles:
		return "no_roles"
	case fault.ElasticsearchUnavailable, fault.StoreUnavailable:
		return "unavailable"
	default:
		return "error"
	}
}

// finish makes the session of a proven sign-in. The order matters: nothing is
// begun for a user without name or roles; the session is stored before the
// cookie is set; the person hears of another user before going on.
func (f *Flow) finish(w http.ResponseWriter, r *http.Request, v *visit, step Step) error {
	ctx, m, b := r.Context(), v.method, v.browser
	identity := step.grant.Identity
	if identity.Username == "" {
		f.sessions.Discard(ctx, step.grant)
		return &fault.Error{Kind: fault.Misconfigured, Err: errors.New("elasticsearch accepted the sign-in and named no user")}
	}
	if len(identity.Roles) == 0 {
		f.sessions.Discard(ctx, step.grant)
		f.failed(r, m, identity.Username, fault.New(fault.NoRoles, ""))
		return f.noRoles(w, r, step)
	}
	begun, err := f.sessions.Begin(ctx, session.Start{
		Grant: step.grant, Method: m.Name, Realm: m.Realm, Browser: b.key, Provider: step.provider, Chain: step.chain, Old: f.knownSessionsOf(r, b),
	})
	if err != nil {
		return storeFault(err)
	}
	v.begun, v.signed = begun.ID, true
	f.signedIn(r, m, begun.Session)
	if err := f.cookies.SetID(w, f.public.Hostname(), begun.ID); err != nil {
		return err
	}
	if err := f.setBrowser(w, r, b.signedIn(f.now())); err != nil {
		return err
	}
	if begun.Ended != nil {
		return f.pages.Page(w, r, http.StatusOK, f.otherUser(begun.Ended, begun.Session, step.attempt.Next))
	}
	return f.goOn(w, r, begun.ID, step.attempt.wanted())
}

// otherUser tells of another user than before. One of the same name, of another realm, is
// told apart by the way to sign in.
func (f *Flow) otherUser(before, now *session.Session, next string) web.OtherUser {
	old, _ := before.User()
	name, _ := now.User()
	if old == name {
		old, name = old+f.by(before), name+f.by(now)
	}
	return web.OtherUser{Old: old, New: name, Continue: next}
}

// by is how somebody has signed in, behind a name.
func (f *Flow) by(s *session.Session) string {
	if m := f.methodNamed(s.Method); m != nil && m.Title != "" {
		return " (" + m.Title + ")"
	}
	return " (" + s.Realm + ")"
}

func (f *Flow) signedIn(r *http.Request, m *Configured, s *session.Session) {
	f.metrics.SignIn(m.Name, "ok")
	f.audit.SignIn(r.Context(), audit.SignIn{
		Method: m.Name, Realm: s.Identity.Realm.Name, User: s.Identity.Username, Session: s.Hash(),
		Roles: len(s.Identity.Roles), ClientIP: f.client(r), RequestID: web.RequestID(r.Context()),
	})
}

// noRoles tells a person whom ES knows and allows nothing. There is no session:
// ES freezes roles in a token, so waiting would not help.
func (f *Flow) noRoles(w http.ResponseWriter, r *http.Request, step Step) error {
	if web.AudienceOf(r) == web.API {
		// Answered here: it is written down already, with the user's name.
		f.pages.Error(w, r, fault.New(fault.NoRoles, ""), web.Reply{Audience: web.API})
		return nil
	}
	return f.pages.Page(w, r, http.StatusForbidden, web.NoRoles{
		User: step.grant.Identity.Username, Realm: step.grant.Identity.Realm.Name,
		AgainURL: f.address("/login", url.Values{"next": {step.attempt.Next}, "again": {"1"}}),
	})
}

// ElasticFault turns an answer of ES to a sign-in call into what people see.
func ElasticFault(err error) error {
	kind := fault.ElasticsearchUnavailable
	retry := 5 * time.Second
	switch elastic.ClassOf(err) {
	case elastic.PersonRefused, elastic.BadInput:
		kind, retry = fault.SignInFailed, 0
	case elastic.AccountRefused, elastic.SetUp:
		kind, retry = fault.Misconfigured, 0
	}
	return &fault.Error{Kind: kind, RetryAfter: retry, Err: err}
}
