package oidcrealm

import "fmt"

// A Rejection is a sign-in that did not work. Whatever the reason was, a caller of
// Elasticsearch sees one and the same 401; the reason is for the log.
type Rejection struct{ Reason string }

// Error is the reason.
func (r *Rejection) Error() string { return r.Reason }

func refuse(format string, args ...any) error { return &Rejection{fmt.Sprintf(format, args...)} }

// A Fault is a Java exception under the name that Elasticsearch's JSON gives it: it
// is no ordinary refusal, ends the chain of realms and is shown to the caller.
type Fault struct{ Type, Reason string }

// Error is the reason.
func (f *Fault) Error() string { return f.Reason }

func illegalState(format string, args ...any) error {
	return &Fault{"illegal_state_exception", fmt.Sprintf(format, args...)}
}
