package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// askLogout is GET /logout: a page with one button. A link or an image of
// another site signs nobody out.
func (f *Flow) askLogout(w http.ResponseWriter, r *http.Request) error {
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
	if web.OriginOf(r, f.public) != web.SameOrigin {
		return &fault.Error{Kind: fault.CrossOrigin, Hint: "Open " + f.address("/logout", nil) + " and sign out there."}
	}
	b, known := f.browserOf(r)
	var mine []*session.Session
	if s, err := f.current(r); err == nil {
		mine = append(mine, s)
	} else if !errors.Is(err, session.ErrOver) {
		return err
	}
	if known {
		mine = append(mine, f.sessionsOf(r.Context(), r, b)...)
	}
	redirect, undone, err := f.endAll(r, mine)
	if err != nil {
		return err // not all was deleted: the cookie stays, nobody is told "signed out"
	}
	f.cookies.ClearID(w)
	if known {
		if err := f.setBrowser(w, b.signedOut()); err != nil {
			return err
		}
	}
	if redirect == "" {
		redirect = f.address("/logged-out", undone)
	}
	web.Redirect(w, r, redirect)
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
