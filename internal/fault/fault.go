package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure this is. The words are public: they stand in
// the header X-Gateway-Response, in JSON answers, in logs and in metrics.
type Kind string

// The kinds of failures.
const (
	// BadRequest: the request cannot be understood or is refused for its form.
	BadRequest Kind = "bad_request"
	// LoginRequired: nobody is signed in, or no longer.
	LoginRequired Kind = "login_required"
	// Forbidden: somebody is signed in and may not do this.
	Forbidden Kind = "forbidden"
	// NoRoles: the sign-in worked, but Elasticsearch gave the user no role.
	NoRoles Kind = "no_roles"
	// NotFound: there is no such page or route.
	NotFound Kind = "not_found"
	// MethodNotAllowed: the method is not served here.
	MethodNotAllowed Kind = "method_not_allowed"
	// TooLarge: the request is bigger than what is read here.
	TooLarge Kind = "too_large"
	// SignInFailed: an identity provider or Elasticsearch refused the sign-in.
	SignInFailed Kind = "sign_in_failed"
	// SignInUnknown: an answer came back for a sign-in that this browser has
	// not started, or that is over.
	SignInUnknown Kind = "sign_in_unknown"
	// SignOutRefused: somebody else's wish to sign a person out is not proven, so nobody
	// was signed out.
	SignOutRefused Kind = "sign_out_refused"
	// CookiesBlocked: the browser did not send back a cookie it was just given.
	CookiesBlocked Kind = "cookies_blocked"
	// TwoSessions: two different session cookies came, so nobody is signed in:
	// somebody else may have planted one.
	TwoSessions Kind = "two_sessions"
	// SignInLoop: signing in works but does not last; going on would be a loop.
	SignInLoop Kind = "sign_in_loop"
	// CrossOrigin: an unsafe request came without evidence of its own origin.
	CrossOrigin Kind = "cross_origin"
	// Misconfigured: Elasticsearch refuses the gateway itself; an operator must act.
	Misconfigured Kind = "misconfigured"
	// UpstreamUnreachable: the application behind the gateway did not answer.
	UpstreamUnreachable Kind = "upstream_unavailable"
	// UpstreamFailed: the application broke off before its answer began.
	UpstreamFailed Kind = "upstream_failed"
	// UpstreamTimeout: the application did not begin its answer in time.
	UpstreamTimeout Kind = "upstream_timeout"
	// ElasticsearchUnavailable: Elasticsearch did not give an answer that decides.
	ElasticsearchUnavailable Kind = "elasticsearch_unavailable"
	// StoreUnavailable: sessions can be neither read nor written at the moment.
	StoreUnavailable Kind = "store_unavailable"
	// Internal: a bug or a broken machine.
	Internal Kind = "internal"
)

// Error is a failure as people see it, with its cause for the operator.
type Error struct {
	Kind Kind
	// Public says what happened, in a sentence for the person. It is never
	// built from the text of another error. Empty: the kind's own sentence.
	Public string
	// Hint says what the person can do. Empty: the kind's own hint.
	Hint string
	// RetryAfter asks clients to come back then. Zero: the kind's own rule.
	RetryAfter time.Duration
	// Cause narrows the kind by a word of a short list of whoever made the fault. It
	// is public as the kind is. Empty: the kind says it all.
	Cause string
	// Facts are for the administrator: shown, copied and in JSON. They are never
	// secret. What came from a stranger is shown only to that stranger, else anybody
	// could have us show their text to others.
	Facts []Fact
	// Err is the cause; it is logged and never shown.
	Err error
}

// Fact is something that an administrator wants to know of a failure.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// New makes a fault of that kind with a public sentence.
func New(kind Kind, public string) *Error {
	return &Error{Kind: kind, Public: public}
}

// Because makes a fault of that kind, with the kind's own sentence, caused by err.
func Because(kind Kind, err error) *Error {
	return &Error{Kind: kind, Err: err}
}

// Error is the operator's text: kind, public sentence and cause.
func (e *Error) Error() string {
	switch {
	case e.Err != nil && e.Public != "":
		return fmt.Sprintf("%s: %s: %v", e.Kind, e.Public, e.Err)
	case e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Kind, e.Err)
	case e.Public != "":
		return fmt.Sprintf("%s: %s", e.Kind, e.Public)
	default:
		return string(e.Kind)
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Of returns err as a fault. An error that is none becomes Internal.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Err: err}
}

// Is reports whether err is a fault of that kind.
func Is(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}
