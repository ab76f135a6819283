package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// current is the session of a request to our own pages. ErrOver if there is
// none; a fault if that cannot be said.
func (f *Flow) current(r *http.Request) (*session.Session, error) {
	id, ok, _ := f.cookies.IDOf(r, hostOf(r))
	if !ok {
		return nil, session.ErrOver
	}
	s, err := f.sessions.Current(r.Context(), id)
	if err != nil && !errors.Is(err, session.ErrOver) {
		return nil, storeFault(err)
	}
	return s, err
}

// sessionReport is the session as scripts read it: who, through what, until
// when. It holds no token.
type sessionReport struct {
	User      string    `json:"user"`
	FullName  string    `json:"full_name,omitempty"`
	Email     string    `json:"email,omitempty"`
	Realm     string    `json:"realm"`
	RealmType string    `json:"realm_type"`
	Method    string    `json:"method"`
	Roles     []string  `json:"roles"`
	Since     time.Time `json:"signed_in_since"`
	IdleUntil time.Time `json:"idle_until"`
	Until     time.Time `json:"until"`
}

// showSession is GET /session: a page for people, JSON for scripts.
func (f *Flow) showSession(w http.ResponseWriter, r *http.Request) error {
	api := web.AudienceOf(r) == web.API
	s, err := f.current(r)
	if err == nil {
		err = f.Judge(r, s, false)
	}
	if errors.Is(err, session.ErrOver) && !api {
		web.Redirect(w, r, f.SignInURL(f.public.String()+f.address("/session", nil)))
		return nil
	}
	if errors.Is(err, session.ErrOver) {
		return fault.New(fault.LoginRequired, "")
	}
	if err != nil {
		return err
	}
	latest, idle := f.sessions.Config().Until(s)
	report := sessionReport{
		User: s.Identity.Username, FullName: s.Identity.FullName, Email: s.Identity.Email,
		Realm: s.Identity.Realm.Name, RealmType: s.Identity.Realm.Type, Method: s.Method,
		Roles: s.Identity.Roles, Since: s.Started.UTC(), IdleUntil: idle.UTC(), Until: latest.UTC(),
	}
	if api {
		return f.pages.JSON(w, r, http.StatusOK, report)
	}
	return f.pages.Page(w, r, http.StatusOK, f.sessionPage(report))
}

func (f *Flow) sessionPage(s sessionReport) web.Session {
	page := web.Session{
		User: s.User, FullName: s.FullName, Email: s.Email, Realm: s.Realm, RealmType: s.RealmType,
		Method: s.Method, Roles: s.Roles, Since: s.Since, IdleUntil: s.IdleUntil, Until: s.Until,
		SignOutURL: f.address("/logout", nil),
	}
	if m := f.methodNamed(s.Method); m != nil {
		page.Method = m.Title
	}
	for _, a := range f.apps {
		page.Applications = append(page.Applications, web.Application(a))
	}
	return page
}
