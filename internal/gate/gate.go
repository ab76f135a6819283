package gate

import (
	"context"
	"errors"
	"net/http"
	"time"

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
	// OwnAuthorization is true if the client's own Authorization header goes on.
	OwnAuthorization bool
	// Identity is who a header that was verified, or a certificate, stands for.
	Identity *elastic.Identity
	// Chain is the certificate that has proven the request, or that its session is bound
	// to, in DER, the client's own first; empty: none.
	Chain [][]byte
	// Proven is true if the request has proven itself, by a client certificate.
	Proven bool
	// Lives reports whether what has let the visitor in still stands, for requests that
	// last. An outage ends nothing. Nil: nobody here knows.
	Lives func(context.Context) bool

	authorization secret.Text                            // in the place of the session's token
	again         func(context.Context) (Visitor, error) // with another one; nil: there is none
}

// Authorization is the header to send upstream; empty: the client's own, or none.
func (v Visitor) Authorization() secret.Text {
	switch {
	case !v.authorization.Empty():
		return v.authorization
	case v.Session != nil:
		return secret.Of("Bearer " + v.Session.Pair.Access.Reveal())
	}
	return secret.Text{}
}

// BySession reports whether it is the session's own token that goes upstream.
func (v Visitor) BySession() bool { return v.Session != nil && v.authorization.Empty() }

// Again returns the visitor with other credentials, after ES has refused those that
// are no session's. ok is false if there are none.
func (v Visitor) Again(ctx context.Context) (next Visitor, ok bool, err error) {
	if v.again == nil {
		return v, false, nil
	}
	next, err = v.again(ctx)
	return next, true, err
}

// Policy is what a route says about who may come.
type Policy struct {
	// Elasticsearch is true where the upstream is ES itself.
	Elasticsearch bool
	Require       access.Rule
	// Authorization says what becomes of a client's own header.
	Authorization AuthorizationConfig
	// Account is the route's own, in the place of the visitor's credentials.
	Account AccountConfig
	// Certificate is what the route wants of client certificates.
	Certificate CertificateConfig
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
	es       *elastic.Client
	now      func() time.Time
	grants   *grants // of proofs and accounts
	headers  *grants // of headers, which anybody can make up: they make no room for the others
	provers  []login.Configured
}

// Setup is what a Gate is made of.
type Setup struct {
	Sessions *session.Manager
	Cookies  *session.Cookies
	Flow     *login.Flow
	Elastic  *elastic.Client
	Now      func() time.Time
}

// New makes a gate.
func New(s Setup) *Gate {
	return &Gate{sessions: s.Sessions, cookies: s.Cookies, flow: s.Flow, es: s.Elastic, now: s.Now, grants: newGrants(s.Now), headers: newGrants(s.Now), provers: s.Flow.Provers()}
}

// Admit answers who is asking and with which bearer. It may set the session
// cookie anew on w. Errors are faults: login_required, no_roles, forbidden, bad_request
// (several headers), two_sessions, misconfigured, elasticsearch_unavailable,
// store_unavailable.
func (g *Gate) Admit(w http.ResponseWriter, r *http.Request, t target.Target, p Policy) (Visitor, error) {
	v, err := g.visitor(w, r, t, p)
	if p.Certificate.Require && !v.Proven && (err == nil || fault.Is(err, fault.LoginRequired)) {
		v, err = g.alsoProven(r, v, err)
	}
	if err != nil || p.Account.None() {
		return v, err
	}
	return g.account(r.Context(), v, p.Account)
}

func (g *Gate) visitor(w http.ResponseWriter, r *http.Request, t target.Target, p Policy) (Visitor, error) {
	if values := r.Header.Values("Authorization"); len(values) > 0 {
		return g.ownAuthorization(r.Context(), values, p)
	}
	s, err := g.session(w, r, t, p)
	if fault.Is(err, fault.LoginRequired) && !g.browser(r, t) {
		if v, ok, refused := g.proven(r, p); ok || refused != nil {
			return v, refused
		}
	}
	if err != nil {
		return Visitor{}, err
	}
	if err := allow(p.Require, s.Identity); err != nil {
		return Visitor{}, err
	}
	return Visitor{Session: s, Chain: s.Chain, Lives: func(ctx context.Context) bool {
		return g.sessions.Lives(ctx, s.Key) && g.flow.Stands(ctx, s)
	}}, nil
}

// session is the usable session of a request.
func (g *Gate) session(w http.ResponseWriter, r *http.Request, t target.Target, p Policy) (*session.Session, error) {
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
	if err := g.flow.Judge(r, s, p.Certificate.Require); err != nil {
		return nil, g.fault(err)
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

// stands reports whether a later look lets a visitor stay: what it has found, or that it
// could not look.
func stands(ok bool, err error) bool {
	return (ok || err != nil) && !isRefusal(err) && !fault.Is(err, fault.Forbidden)
}

// fault turns a session's state into what people see.
func (g *Gate) fault(err error) error {
	switch {
	case fault.Is(err, fault.LoginRequired):
		return &Unusable{err}
	case fault.Is(err, fault.StoreUnavailable):
		return err
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
