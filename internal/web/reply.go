package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
)

// Reply is how an error is answered, beyond the error itself.
type Reply struct {
	// Audience is who waits; empty: AudienceOf the request.
	Audience Audience
	// Elasticsearch says that the route leads to Elasticsearch, so that API
	// calls get errors in its shape.
	Elasticsearch bool
	// Challenges are the WWW-Authenticate values of a 401. Without any there is
	// no such header: Basic and Negotiate make browsers ask for passwords, and
	// only a route whose clients wait for them may say so.
	Challenges []string
	// SignInURL is where to sign in: "login" in JSON, a button on pages. Empty:
	// nothing in JSON, our own sign-in page where a page cannot do without.
	SignInURL string
	// Header has further headers, such as those of CORS. They replace ours.
	Header http.Header
}

// defaultRetry is when clients may come back after a 503: long enough for an
// election of Elasticsearch's master to be on its way, short enough to wait for.
const defaultRetry = 5 * time.Second

// Error answers with an error: a page for people, JSON for API calls. It logs
// the error, once, and shows nothing of its cause. Whatever the handler has
// said of a body is taken back; cookies stay. It cannot fail.
func (rn *Renderer) Error(w http.ResponseWriter, r *http.Request, err error, reply Reply) {
	if reply.Audience == "" {
		reply.Audience = AudienceOf(r)
	}
	f, cause := understood(err)
	rn.report(r, f, cause)
	h := w.Header()
	clean(h)
	h.Set("X-Gateway-Response", string(f.Kind))
	status := Status(f.Kind)
	if status == http.StatusUnauthorized && len(reply.Challenges) > 0 {
		h["Www-Authenticate"] = reply.Challenges
	}
	if seconds := retryAfter(status, f.RetryAfter); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	if reply.Audience == API {
		rn.sendJSON(w, r, f, reply)
		return
	}
	rn.sendPage(w, r, f, reply)
}

// retryAfter is in whole seconds, rounded up; 0 means not at all.
func retryAfter(status int, wanted time.Duration) int {
	if wanted <= 0 && status == http.StatusServiceUnavailable {
		wanted = defaultRetry
	}
	return int((wanted + time.Second - 1) / time.Second)
}

// sendPage shows an error to a person. Should the template fail, a page that was
// drawn at the start takes its place.
func (rn *Renderer) sendPage(w http.ResponseWriter, r *http.Request, f *fault.Error, reply Reply) {
	page := rn.messageFor(r, f, reply)
	body, err := rn.draw(page, RequestID(r.Context()))
	if err != nil {
		body = rn.plain
	}
	rn.secure(w.Header(), page.look())
	extend(w.Header(), reply.Header)
	send(w, r, Status(f.Kind), "text/html; charset=utf-8", body)
}

// messageFor is the page for an error. In a frame somebody who must sign in
// gets a link that opens outside of it.
func (rn *Renderer) messageFor(r *http.Request, f *fault.Error, reply Reply) Page {
	if reply.SignInURL == "" && asksToSignIn(f.Kind) {
		reply.SignInURL = rn.prefix + "/login"
	}
	if f.Kind == fault.SignOutRefused {
		reply.SignInURL = rn.prefix + "/logout" // the way on
	}
	if f.Kind == fault.LoginRequired && reply.Audience == Embedded {
		return Framed{SignInURL: reply.SignInURL}
	}
	said := public(f, false)
	return Message{
		Kind: f.Kind, Heading: said.title, Text: said.text, Hint: said.hint, Cause: f.Cause, Facts: f.Facts,
		TryAgain:  helpsToRepeat(f.Kind) && (r.Method == http.MethodGet || r.Method == http.MethodHead),
		SignInURL: reply.SignInURL, SignInLabel: signInLabel(f.Kind), Framed: reply.Audience == Embedded,
	}
}

// extend adds the caller's own headers.
func extend(h, extra http.Header) {
	for name, values := range extra {
		h[http.CanonicalHeaderKey(name)] = values
	}
}

// asksToSignIn: these pages lead nowhere without a way to sign in.
func asksToSignIn(kind fault.Kind) bool {
	switch kind {
	case fault.LoginRequired, fault.NoRoles, fault.SignInFailed, fault.SignInUnknown, fault.CookiesBlocked, fault.SignInLoop:
		return true
	default:
		return false
	}
}

// helpsToRepeat: asking again may have another outcome by itself.
func helpsToRepeat(kind fault.Kind) bool {
	return Status(kind) == http.StatusServiceUnavailable || Status(kind) == http.StatusInternalServerError
}

func signInLabel(kind fault.Kind) string {
	switch kind {
	case fault.LoginRequired:
		return "Sign in"
	case fault.Forbidden, fault.NoRoles:
		return "Sign in as someone else"
	case fault.SignOutRefused:
		return "Sign out here"
	default:
		return "Sign in again"
	}
}
