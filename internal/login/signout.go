package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
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
		also, err := f.sessionsOf(r, b)
		if err != nil {
			return storeFault(err) // nobody is told "signed out" who may have a session left
		}
		mine = append(mine, also...)
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
	if err := f.forgetSession(w, r); err != nil {
		return "", err
	}
	if redirect == "" {
		redirect = f.loggedOutURL(undone)
	}
	return redirect, nil
}

// forgetSession clears what a browser has of a session that is over. That it is
// gone is no loop.
func (f *Flow) forgetSession(w http.ResponseWriter, r *http.Request) error {
	f.cookies.ClearID(w)
	b, known := f.browserOf(r)
	if !known {
		return nil
	}
	return f.setBrowser(w, r, b.signedOut())
}

// loggedOutURL is the page that says that the person is signed out, and what was
// not done.
func (f *Flow) loggedOutURL(undone []Undone) string {
	q := url.Values{}
	for _, u := range undone {
		q.Add("undone", string(u))
	}
	return f.public.Scheme + "://" + f.public.Host + f.address("/logged-out", q)
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
		left, err := f.sessionsOf(r, b)
		if err != nil {
			return storeFault(err)
		}
		also, err := f.signOut(w, r, left)
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
func (f *Flow) endAll(r *http.Request, mine []*session.Session) (redirect string, undone []Undone, err error) {
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
		f.signedOut(r, s, "person")
		debt, err := f.sessions.SignOut(r.Context(), s)
		if err != nil {
			return "", nil, storeFault(err)
		}
		all = append(all, ended{s, debt})
	}
	for _, e := range all {
		to, left := f.tell(r.Context(), e.s, e.d)
		if redirect == "" {
			redirect = to
		}
		undone = append(undone, left...)
	}
	slices.Sort(undone)
	return redirect, slices.Compact(undone), nil
}

// signedOut writes a sign-out down, and who wanted it.
func (f *Flow) signedOut(r *http.Request, s *session.Session, who string) {
	user, realm := s.User()
	f.audit.SignOut(r.Context(), audit.SignOut{
		Session: s.Hash(), User: user, Realm: realm.Name, Method: s.Method, Reason: who,
		ClientIP: f.client(r), RequestID: web.RequestID(r.Context()),
	})
}

// tell ends the session at the identity provider, by ES, and invalidates both
// tokens whatever came of that. If ES is not reached the debt is kept and tried
// again. It returns where to go on to, and what was not done.
func (f *Flow) tell(ctx context.Context, s *session.Session, d session.Debt) (redirect string, undone []Undone) {
	if d.Nothing() {
		return "", nil
	}
	m := f.methodNamed(s.Method)
	leaving, undone := f.leaving(ctx, m, s, d)
	if err := f.sessions.Settle(ctx, d); err != nil {
		f.log.WarnContext(ctx, "Elasticsearch was not told of a sign-out; this is tried again", "esgateway.session", s.Hash(), "error.message", err.Error())
		undone = append(undone, UndoneElasticsearch)
	}
	if leaving.URL != "" && leaving.ID != "" {
		f.keepLeft(ctx, m, Left{ID: leaving.ID, Undone: undone, Browser: s.Browser})
	}
	return leaving.URL, undone
}

// leaving asks the session's method for the way to the identity provider.
func (f *Flow) leaving(ctx context.Context, m *Configured, s *session.Session, d session.Debt) (Leaving, []Undone) {
	if m == nil {
		return Leaving{}, nil
	}
	leaver, ok := m.Method.(Leaver)
	if !ok {
		return Leaving{}, nil
	}
	leaving, err := leaver.Leave(ctx, d.Pair())
	if err != nil {
		f.log.WarnContext(ctx, "the identity provider was not told of a sign-out", "esgateway.session", s.Hash(), "error.message", err.Error())
		return Leaving{}, []Undone{UndoneProvider}
	}
	if leaving.URL == "" {
		return Leaving{}, []Undone{UndoneProvider}
	}
	return leaving, nil
}

// providerSignOut ends what the identity provider has ended, with or without its
// cookie on this request: the message that ES has proven is what counts.
func (f *Flow) providerSignOut(w http.ResponseWriter, r *http.Request, step Step) error {
	if step.anybody {
		f.sessions.AskAll(r.Context(), step.ends.Realm)
	}
	for _, ends := range f.providerEnds(r, step) {
		ended, err := f.sessions.EndOfProvider(r.Context(), ends)
		for _, s := range ended {
			f.signedOut(r, s, "identity provider")
		}
		if err != nil {
			return storeFault(err) // some may live on: the provider hears that it did not work
		}
	}
	if step.quiet {
		f.pages.Done(w, r)
		return nil
	}
	if err := f.forgetIfOver(w, r); err != nil {
		return err
	}
	next := step.url
	if next == "" {
		next = f.loggedOutURL(step.undone)
	}
	web.Redirect(w, r, next)
	return nil
}

// providerEnds are what a message of the provider ends.
func (f *Flow) providerEnds(r *http.Request, step Step) []session.ProviderEnds {
	if step.anybody {
		return nil
	}
	all := []session.ProviderEnds{step.ends}
	if b, known := f.browserOf(r); known && step.subject != "" {
		all = append(all, session.ProviderEnds{Realm: step.ends.Realm, Subject: step.subject, Browser: session.BrowserLabel(b.key)})
	}
	return all
}

// forgetIfOver clears the session cookie of this request if its session has ended.
// One that did not come is left: it may be of another person.
func (f *Flow) forgetIfOver(w http.ResponseWriter, r *http.Request) error {
	id, ok, _ := f.cookies.IDOf(r, hostOf(r))
	if !ok {
		return nil
	}
	if _, err := f.sessions.Current(r.Context(), id); !errors.Is(err, session.ErrOver) {
		return nil
	}
	return f.forgetSession(w, r)
}

// showLoggedOut is the page after a sign-out. It signs nobody in again, and lets no
// certificate do so: the sign-out may have been on another host, where the key of the
// browser is another one, or not known.
func (f *Flow) showLoggedOut(w http.ResponseWriter, r *http.Request) error {
	if b, known := f.browserOf(r); known && !b.left && !f.alive(r) {
		b.left = true
		if err := f.setBrowser(w, r, b); err != nil {
			return err
		}
	}
	page := web.SignedOut{SignInURL: f.address("/login", nil)}
	for _, u := range r.URL.Query()["undone"] {
		if text := sayUndone(Undone(u)); text != "" && !slices.Contains(page.Undone, text) {
			page.Undone = append(page.Undone, text)
		}
	}
	return f.pages.Page(w, r, http.StatusOK, page)
}

// sayUndone is what the page says of it; "" for a word that is not ours.
func sayUndone(u Undone) string {
	switch u {
	case UndoneElasticsearch:
		return "Elasticsearch could not be told yet. You are signed out here; your tokens there are revoked as soon as it answers, and end by themselves within the hour."
	case UndoneProvider:
		return "Your identity provider was not asked to sign you out. You may still be signed in there: sign out there, too."
	case UndoneUnsure:
		return "It is not certain that your identity provider has signed you out: its answer could not be confirmed. Sign out there, too."
	case UndoneRepeated:
		return "This sign-out was asked for before, and counts once. If that did not end well, sign out on this site's own page."
	case UndoneAnswer:
		return "Your identity provider gets no answer from here, so it may say that something went wrong. You are signed out here all the same."
	}
	return ""
}
