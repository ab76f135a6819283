package pki

import (
	"crypto/x509"
	"fmt"
)

// State is what a front says of the client's certificate.
type State string

// The states.
const (
	// Unknown: nothing. Without a chain, the front may not have asked for a
	// certificate at all; with one, it may not have verified it.
	Unknown State = "unknown"
	// None: the front asked, and the client has sent no certificate.
	None State = "none"
	// Verified: the front has verified the chain.
	Verified State = "verified"
)

// Presented is a client certificate as a front hands it on. The zero value is none
// that anybody has spoken of.
type Presented struct {
	// Chain is the client's certificate and what was handed on of its issuers, in
	// the order of the front. Empty: there is no certificate.
	Chain []*x509.Certificate
	// State is what the front says; see None for when the absence counts.
	State State
}

// Reason is why a header was refused: a word for logs and metrics.
type Reason string

// The reasons.
const (
	// Twice: a header that must be there once came in several lines.
	Twice Reason = "twice"
	// Placeholder: the name of a variable, or what fronts write for an empty one.
	Placeholder Reason = "placeholder"
	// TooLong: more octets or more certificates than anybody needs.
	TooLong Reason = "too_long"
	// Broken: not in the format.
	Broken Reason = "broken"
	// Contradiction: headers that do not belong together.
	Contradiction Reason = "contradiction"
	// NotVerified: the front says that the verification failed.
	NotVerified Reason = "not_verified"
)

// Refusal is a header that does not count. It never holds anything of the value.
type Refusal struct {
	Header string
	Reason Reason
	Detail string // what was expected
}

// Error names the header, the reason and what was expected.
func (r *Refusal) Error() string {
	return fmt.Sprintf("header %s: %s: %s", r.Header, r.Reason, r.Detail)
}
