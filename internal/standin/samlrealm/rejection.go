package samlrealm

import "fmt"

// A Rejection is a realm's refusal. Elasticsearch calls it a SAML exception.
type Rejection struct {
	// Reason is Elasticsearch's text, to the letter.
	Reason string
	// Unsolicited is the message's InResponseTo when exactly that check of the
	// Response (or LogoutResponse) failed; otherwise it is empty.
	Unsolicited string
	// Cause is what caused_by shows, usually a *Fault; or nil.
	Cause error
	// Generic is set when Elasticsearch gives its generic 401 whether or not
	// the request named the realm: no principal, metadata unresolved.
	Generic bool
	// NotSAML is set for Elasticsearch's plain exception: type exception, 500.
	NotSAML bool
}

// Error is the reason.
func (r *Rejection) Error() string { return r.Reason }

// Unwrap is the cause.
func (r *Rejection) Unwrap() error { return r.Cause }

// A Fault is a Java exception under the name that Elasticsearch's JSON gives
// it. As a Rejection's cause it is caused_by. Returned by itself it is not a
// SAML exception: illegal_argument_exception (400) for a query string with a
// bad escape, null_pointer_exception (500) for a CompleteLogout without ids.
type Fault struct{ Type, Reason string }

// Error is the reason.
func (f *Fault) Error() string { return f.Reason }

// refuse makes a rejection without a cause.
func refuse(format string, args ...any) *Rejection {
	return &Rejection{Reason: fmt.Sprintf(format, args...)}
}
