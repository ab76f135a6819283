package gate

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/esgateway/esgateway/internal/access"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/target"
)

// Visitor is who a request is.
type Visitor struct {
	// Session is the person's session; nil for a client that brought its own
	// Authorization, and for anybody on a public path.
	Session *session.Session
	// OwnAuthorization is true if the client's own Authorization header goes to
	// ES, which judges it.
	OwnAuthorization bool
}

// Bearer is the token to send upstream; empty without a session.
func (v Visitor) Bearer() secret.Text {
	if v.Session == nil {
		return secret.Text{}
	}
	return v.Session.Pair.Access
}

// Policy is what a route says about who may come.
type Policy struct {
	// Elasticsearch is true where the upstream is ES itself: it takes Bearer,
	// ApiKey and Basic of clients and judges them. Other routes take none.
	Elasticsearch bool
	Require       access.Rule
}

// Schemes are the schemes of Authorization that the route takes from clients.
func (p Policy) Schemes() []string {
	if p.Elasticsearch {
		return []string{"Bearer", "ApiKey", "Basic"}
	}
	return nil
}

// Unusable wraps a fault over a session that exists and is kept: a new sign-in
// replaces it.
type Unusable struct{ Err error }

func (u *Unusable) Error() string { return u.Err.Error() }

// Unwrap returns the fault.
func (u *Unusable) Unwrap() error { return u.Err }

// Gate admits requests. It is safe for concurrent use.
type Gate struct {
	sessions *session.Manager
	cookies  *session.Cookies
	flow     *login.Flow
}

// New makes a gate.
func New(sessions *session.Manager, cookies *session.Cookies, flow *login.Flow) *Gate {
	return &Gate{sessions: sessions, cookies: cookies, flow: flow}
}

// Admit answers who is asking and with which bearer. It may set the session
// cookie anew on w. Errors are faults: login_required, forbidden, bad_request
// (two session cookies), elasticsearch_unavailable, store_unavailable.
func (g *Gate) Admit(w http.ResponseWriter, r *http.Request, t target.Target, p Policy) (Visitor, error) {
	if values := r.Header.Values("Authorization"); len(values) > 0 {
		return g.ownAuthorization(values, p)
	}
	s, err := g.session(w, r, t)
	if err != nil {
		return Visitor{}, err
	}
	if missing, ok := p.Require.Allow(s.Identity); !ok {
		return Visitor{}, &fault.Error{Kind: fault.Forbidden, Err: errors.New("the route's require." + missing + " does not hold")}
	}
	return Visitor{Session: s}, nil
}

// ownAuthorization judges by the header alone: it never falls back to a cookie,
// and never harms the session.
func (g *Gate) ownAuthorization(values []string, p Policy) (Visitor, error) {
	if len(values) != 1 {
		return Visitor{}, fault.New(fault.BadRequest, "There is more than one Authorization header.")
	}
	scheme, _, _ := strings.Cut(values[0], " ")
	for _, taken := range p.Schemes() {
		if strings.EqualFold(scheme, taken) {
			return Visitor{OwnAuthorization: true}, nil
		}
	}
	return Visitor{}, &fault.Error{
		Kind: fault.LoginRequired, Public: "This address does not take the Authorization header that was sent.",
		Hint: "Leave the header out and sign in in a browser.",
	}
}

// session is the usable session of a request.
func (g *Gate) session(w http.ResponseWriter, r *http.Request, t target.Target) (*session.Session, error) {
	id, found, ambiguous := g.cookies.IDOf(r, t.Host)
	switch {
	case ambiguous:
		g.cookies.ClearID(w)
		return nil, fault.New(fault.TwoSessions, "")
	case !found:
		return nil, fault.New(fault.LoginRequired, "")
	}
	s, err := g.sessions.Current(r.Context(), id)
	if err != nil {
		return nil, g.fault(err)
	}
	if !g.flow.Owns(s) {
		if err := g.sessions.End(r.Context(), s, session.MethodGone); err != nil {
			return nil, g.fault(err)
		}
		return nil, fault.New(fault.LoginRequired, "")
	}
	if s, err = g.sessions.Fresh(r.Context(), s); err != nil {
		return nil, g.fault(err)
	}
	if s.Moved != nil {
		return s, g.cookies.SetID(w, t.Host, *s.Moved)
	}
	return s, nil
}

// Refused judges a session whose bearer ES has refused, and returns one whose
// bearer lives, or a fault.
func (g *Gate) Refused(ctx context.Context, s *session.Session, class elastic.Class) (*session.Session, error) {
	next, err := g.sessions.Refused(ctx, s, class)
	if err != nil {
		return nil, g.fault(err)
	}
	return next, nil
}

// Accepted notes that ES has taken the session's bearer.
func (g *Gate) Accepted(s *session.Session) { g.sessions.Accepted(s) }

// Lives reports whether the session of an open stream still lives.
func (g *Gate) Lives(ctx context.Context, key session.Key) bool { return g.sessions.Lives(ctx, key) }

// fault turns a session's state into what people see.
func (g *Gate) fault(err error) error {
	switch {
	case errors.Is(err, session.ErrOver):
		return fault.Because(fault.LoginRequired, err)
	case errors.Is(err, session.ErrForeign):
		return &Unusable{fault.Because(fault.LoginRequired, err)}
	case errors.Is(err, session.ErrUnsure):
		return &Unusable{&fault.Error{
			Kind: fault.ElasticsearchUnavailable, Err: err,
			Public: "Elasticsearch does not recognise your sign-in at the moment. That is usually a disturbance that passes.",
			Hint:   "Wait a moment and try again, or sign in again.",
		}}
	case errors.Is(err, context.Canceled):
		return err // the client has gone: nothing is decided and nobody reads it
	}
	if errors.Is(err, session.ErrStore) {
		return fault.Because(fault.StoreUnavailable, err)
	}
	return fault.Because(fault.ElasticsearchUnavailable, err)
}
