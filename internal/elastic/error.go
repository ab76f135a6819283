package elastic

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Error is a call that did not succeed. It is the only error of a Client's calls.
type Error struct {
	Class    Class
	Endpoint string // "saml/authenticate": bounded, fit for a metric
	Status   int    // 0: no answer
	// Type and Reason are Elasticsearch's own words: "security_exception", or the code
	// and the description of an OAuth error. The reason names users, certificates and
	// times, and sometimes repeats what was sent: for the operator's eyes, never for a
	// person's, and see Error.
	Type, Reason string
	// Hint says what the operator can do. Empty: nothing better than the rest.
	Hint string
	// Err is why there was no answer, or none that could be read.
	Err error
}

// Error is the operator's text. It leaves out Reason: for some endpoints
// Elasticsearch repeats the credential in it (contract tokens 1.5).
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "elasticsearch %s: %s", e.Endpoint, e.Class)
	if e.Status != 0 {
		b.WriteString(" (HTTP " + strconv.Itoa(e.Status))
		if e.Type != "" {
			b.WriteString(" " + e.Type)
		}
		b.WriteString(")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap returns why there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf is the class of err: OK for nil, the class of an *Error, and Outage for
// anything else, since what is not understood must never end a session.
func ClassOf(err error) Class {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Outage
}
