package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// askLogout is GET /logout: a page with one button. A link or an image of
// another site signs nobody out. With a ticket it is the public host's part of a
// sign-out that was begun elsewhere.
func (f *Flow) askLogout(w http.ResponseWriter, r *http.Request) error {
	if ticket := r.URL.Query().Get("ticket"); ticket != "" && hostOf(r) == f.public.Hostname() {
		return f.leave(w, r, ticket)
	}
	s, err := f.current(r)
	if errors.Is(err, session.ErrOver) {
		return f.showLoggedOut(w, r)
	}
	if err != nil {
		return err
	}
	user, _ := s.User()
	return f.pages.Page(w, r, http.StatusOK, web.SignOut{Action: f.address("/logout", nil), User: user})
}

// logout is POST /logout. Threats: another site signs people out (so evidence
// of our own origin is needed); a refresh under way brings the session back (so
// it ends by compare-and-delete, before ES is asked); ES or the identity
// provider is down (so the person is signed out here first, is told what was
// not done, and what is owed to ES is kept); the old cookie is used again (so
// the record is gone, not just the cookie).
func (f *Flow) logout(w http.ResponseWriter, r *http.Request) error {
	host := hostOf(r)
	if !f.returns.Has(host) || web.OriginOf(r, &url.URL{Scheme: f.public.Scheme, Host: r.Host}) != web.SameOrigin {
		return &fault.Error{Kind: fault.CrossOrigin, Hint: "Open " + f.address("/logout", nil) + " and sign out there."}
	}
	s, err := f.current(r)
	if err != nil && !errors.Is(err, session.ErrOver) {
		return err
	}
	if f.apart(host) {
		return f.logoutApart(w, r, s)
	}
	b, known := f.browserOf(r)
	var mine []*session.Session
	if s != nil {
		mine = append(mine, s)
	}
	if known {
		mine = append(mine, f.sessionsOf(r.Context(), r, b)...)
	}
	next, err := f.signOut(w, r, mine)
	if err != nil {
		return err // not all was deleted: the cookie stays, nobody is told "signed out"
	}
	web.Redirect(w, r, next)
	return nil
}

// signOut ends sessions and clears what the browser has of them on this host. It
// returns where to go on to: the identity provider, or the page that says so.
func (f *Flow) signOut(w http.ResponseWriter, r *http.Request, mine []*session.Session) (next string, err error) {
	redirect, undone, err := f.endAll(r, mine)
	if err != nil {
		return "", err
	}
	f.cookies.ClearID(w)
	if b, known := f.browserOf(r); known {
		if err := f.setBrowser(w, r, b.signedOut()); err != nil {
			return "", err
		}
	}
	if redirect == "" {
		redirect = f.public.Scheme + "://" + f.public.Host + f.address("/logged-out", undone)
	}
	return redirect, nil
}

// logoutApart signs out on a host with cookies of its own: its session ends here and
// now, and the browser goes by the public host, which ends what it has.
func (f *Flow) logoutApart(w http.ResponseWriter, r *http.Request, s *session.Session) error {
	public := f.public.Scheme + "://" + f.public.Host
	if s == nil {
		f.cookies.ClearID(w)
		web.Redirect(w, r, public+f.address("/logout", nil)) // there may be a session there
		return nil
	}
	next, err := f.signOut(w, r, []*session.Session{s})
	if err != nil {
		return err
	}
	ticket, err := f.sessions.LeaveTicket(r.Context(), s, next)
	if err != nil {
		f.log.WarnContext(r.Context(), "the public host is not told of a sign-out", "error.message", err.Error())
		web.Redirect(w, r, next) // the session they share is over all the same
		return nil
	}
	web.Redirect(w, r, public+f.address("/logout", url.Values{"ticket": {ticket}}))
	return nil
}

// leave is the public host's part of a sign-out on another host. Threat: an attacker
// sends a victim here with a ticket of his own; it names his browser, so it ends
// nothing of the victim's.
func (f *Flow) leave(w http.ResponseWriter, r *http.Request, ticket string) error {
	b, known := f.browserOf(r)
	next, mine, err := f.sessions.Leave(r.Context(), ticket, b.key)
	if errors.Is(err, session.ErrOver) {
		web.Redirect(w, r, f.address("/logout", nil))
		return nil
	}
	if err != nil {
		return storeFault(err)
	}
	if known && mine {
		also, err := f.signOut(w, r, f.sessionsOf(r.Context(), r, b))
		if err != nil {
			return err
		}
		if !strings.HasPrefix(also, f.public.Scheme+"://"+f.public.Host+f.prefix+"/") {
			next = also // the identity provider of a session that was left here
		}
	}
	web.Redirect(w, r, next)
	return nil
}

// endAll ends sessions in the store first, all of them, and only then tells ES.
func (f *Flow) endAll(r *http.Request, mine []*session.Session) (redirect string, undone url.Values, err error) {
	seen := map[session.Key]bool{}
	type ended struct {
		s *session.Session
		d session.Debt
	}
	var all []ended
	for _, s := range mine {
		if seen[s.Key] {
			continue
		}
		seen[s.Key] = true
		f.signedOut(r, s)
		debt, err := f.sessions.SignOut(r.Context(), s)
		if err != nil {
			return "", nil, storeFault(err)
		}
		all = append(all, ended{s, debt})
	}
	undone = url.Values{}
	for _, e := range all {
		to, told := f.tell(r.Context(), e.s, e.d)
		if redirect == "" {
			redirect = to
		}
		if !told {
			undone.Set("undone", "elasticsearch")
		}
	}
	return redirect, undone, nil
}

func (f *Flow) signedOut(r *http.Request, s *session.Session) {
	user, realm := s.User()
	f.audit.SignOut(r.Context(), audit.SignOut{
		Session: s.Hash(), User: user, Realm: realm.Name, Method: s.Method,
		ClientIP: f.client(r), RequestID: web.RequestID(r.Context()),
	})
}

// tell ends the session at the identity provider, by ES, and invalidates both
// tokens whatever came of that. told is false if ES was not reached: then the
// debt is kept and tried again.
func (f *Flow) tell(ctx context.Context, s *session.Session, d session.Debt) (redirect string, told bool) {
	if d.Nothing() {
		return "", true
	}
	if m := f.methodNamed(s.Method); m != nil {
		if leaver, ok := m.Method.(Leaver); ok {
			to, err := leaver.Leave(ctx, d.Pair())
			if err != nil {
				f.log.WarnContext(ctx, "the identity provider was not told of a sign-out", "esgateway.session", s.Hash(), "error.message", err.Error())
			}
			redirect = to
		}
	}
	if err := f.sessions.Settle(ctx, d); err != nil {
		f.log.WarnContext(ctx, "Elasticsearch was not told of a sign-out; this is tried again", "esgateway.session", s.Hash(), "error.message", err.Error())
		return redirect, false
	}
	return redirect, true
}

// showLoggedOut is the page after a sign-out. It signs nobody in again.
func (f *Flow) showLoggedOut(w http.ResponseWriter, r *http.Request) error {
	page := web.SignedOut{SignInURL: f.address("/login", nil)}
	if r.URL.Query().Get("undone") == "elasticsearch" {
		page.Undone = append(page.Undone, "Elasticsearch could not be told yet. You are signed out here; your tokens there are revoked as soon as it answers, and end by themselves within the hour.")
	}
	return f.pages.Page(w, r, http.StatusOK, page)
}
