package login

import (
	"context"
	"net/http"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// Judge says why a living session may not be used by a request: its method is gone, or
// the certificate that it is bound to does not count any more. strict asks what the
// request itself shows, wherever it goes; on the public host, where certificates begin
// sessions, that is asked in any case. Elsewhere a browser may never have been asked.
//
// Errors: session.ErrOver if the session was ended, or a fault: then it is kept.
func (f *Flow) Judge(r *http.Request, s *session.Session, strict bool) error {
	if !f.Owns(s) {
		return f.over(r.Context(), s, session.MethodGone)
	}
	if len(s.Chain) == 0 {
		return nil
	}
	prover, ok := f.methodNamed(s.Method).Method.(Prover)
	if !ok {
		return f.over(r.Context(), s, session.MethodGone)
	}
	if over, err := prover.Stands(r.Context(), s.Chain); over {
		return f.over(r.Context(), s, session.CertificateEnded)
	} else if err != nil {
		return err
	}
	if !strict && hostOf(r) != f.public.Hostname() {
		return nil
	}
	switch f.compare(r, prover, s.Chain) {
	case ShowsAnother:
		return f.over(r.Context(), s, session.CertificateChanged)
	case ShowsNone:
		return f.over(r.Context(), s, session.CertificateGone)
	case ShowsRefused: // its lists may be overdue, so this ends nothing
		return &fault.Error{
			Kind: fault.LoginRequired, Cause: "certificate_header", Public: "The load balancer could not verify your client certificate.",
			Hint: "Show another one, or sign in in another way. The administrator finds the reason in the load balancer's log.",
		}
	}
	return nil
}

// compare says what a request shows beside the chain of a session. Where its own method
// hears nothing, another one may see another certificate.
func (f *Flow) compare(r *http.Request, own Prover, chain [][]byte) Showing {
	shows := own.Compare(r, chain)
	if shows != ShowsUnknown {
		return shows
	}
	for _, m := range f.methods {
		if other, ok := m.Method.(Prover); ok && other.Compare(r, chain) == ShowsAnother {
			return ShowsAnother
		}
	}
	return ShowsUnknown
}

// over ends a session. A request that was broken off ends nothing: what it would have
// shown is not known.
func (f *Flow) over(ctx context.Context, s *session.Session, reason session.Reason) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.sessions.End(ctx, s, reason); err != nil {
		return storeFault(err)
	}
	return session.ErrOver
}

// Stands reports whether nothing has ended a session that an open stream goes on with.
// A revocation list that nobody can read at the moment ends no stream.
func (f *Flow) Stands(ctx context.Context, s *session.Session) bool {
	m := f.methodNamed(s.Method)
	if m == nil || len(s.Chain) == 0 {
		return true
	}
	prover, ok := m.Method.(Prover)
	if !ok {
		return false
	}
	over, _ := prover.Stands(ctx, s.Chain)
	return !over
}

// beginByProof signs a person in by what the browser shows with this very request.
//
// Threats: another site sends the browser here (startLogin has sent what has no evidence
// of our own page to that page, where a button waits); a program collects sessions that
// it does not need (it gets none).
func (f *Flow) beginByProof(w http.ResponseWriter, r *http.Request, m *Configured, b browser, g wanted) error {
	if web.AudienceOf(r) == web.API {
		return fault.New(fault.BadRequest, "A program needs no session: its certificate counts with each request.")
	}
	proof, ok, err := m.Method.(Prover).Prove(r)
	switch {
	case err != nil:
		return f.notBegun(w, r, m, g, err)
	case !ok:
		return f.notBegun(w, r, m, g, &fault.Error{Kind: fault.SignInFailed, Cause: "certificate_none", Public: nothingShown, Hint: showOne})
	}
	grant, err := f.Delegate(r.Context(), proof)
	if err != nil {
		return f.notBegun(w, r, m, g, err)
	}
	answered := Attempt{Method: m.Name, Realm: m.Realm, Next: g.next, For: g.place, Browser: b.key, Started: f.now()}
	step := Done(grant, answered, session.Provider{Until: proof.Until})
	step.chain = proof.Chain
	return f.finish(w, r, &visit{flow: f, method: m, browser: b, known: true}, step)
}

// notBegun tells why a certificate has begun no session, with a way to try again that leads
// to the page that was wanted.
func (f *Flow) notBegun(w http.ResponseWriter, r *http.Request, m *Configured, g wanted, err error) error {
	if r.Context().Err() != nil {
		return err // the client has gone: nothing is decided
	}
	if refused := *fault.Of(err); refused.Kind == fault.LoginRequired {
		refused.Kind, err = fault.SignInFailed, &refused
	}
	f.failed(r, m, "", err)
	f.pages.Error(w, r, err, web.Reply{Audience: web.AudienceOf(r), SignInURL: f.AgainURL(g.next)})
	return nil
}

// What people read where a certificate is the way in, and none is there.
const (
	nothingShown = "Your browser has shown no client certificate."
	showOne      = "Put in your smart card, if you have one. Then close all windows of this browser, start it again, open this page, and choose your certificate: browsers ask once and remember the answer."
	showAnother  = "Tell your administrator, or show another certificate: close all windows of this browser, start it again, and choose that one."
)

// silent reports whether a certificate may sign in a browser that shows the sign-in page
// without asking: a person of this site is on the way, nobody has signed out here before,
// and no other session is to be replaced. Without the browser's own word it is not known
// who has sent it.
func silent(r *http.Request, b browser) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "none", "same-origin", "same-site":
		return !again(r) && !b.left
	}
	return false
}
