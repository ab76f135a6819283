package login

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
)

// Prover is a method whose proof, a client certificate, comes with each request: of
// programs it proves every one, without session and cookie; of browsers it begins a
// session that stays bound to it. It has no page of its own and no way to an identity
// provider.
type Prover interface {
	// Prove returns what a request proves. ok is false if it brings nothing of the
	// kind. It is asked about every request, so what it looks at by itself (the end of
	// a certificate, a revocation list) holds at once. Errors are faults.
	Prove(r *http.Request) (p Proof, ok bool, err error)
	// Compare says what a request shows beside the chain of a session. It judges
	// nothing, and a request that cannot be read shows nothing.
	Compare(r *http.Request, chain [][]byte) Showing
	// Stands looks at the chain of a session by itself, as Prove does: the error is a
	// fault, and over says that waiting would not help.
	Stands(ctx context.Context, chain [][]byte) (over bool, err error)
	// Claims are the request headers that speak for a client where the method believes
	// them. They never go upstream.
	Claims() []string
	// Authorities are those whose certificates may be shown in our own handshake, for
	// clients that choose among several. None: whatever they have may be right.
	Authorities() []*x509.Certificate
	// Browsers reports whether a browser may begin a session with it.
	Browsers() bool
}

// Proof is what a request proves, before Elasticsearch is asked.
type Proof struct {
	// ID names it: what it is worth is kept under its hash.
	ID string
	// Chain is what proves it, in DER, the client's own certificate first.
	Chain [][]byte
	// Holder is what the certificate calls its holder, for people to read: nothing may
	// be decided by it.
	Holder string
	// Until is when it ends by itself.
	Until time.Time
	// Realm is the ES realm that must answer; empty: any.
	Realm string
	// Delegate asks Elasticsearch for a token.
	Delegate func(ctx context.Context) (elastic.Grant, error)
}

// Showing is what a request shows beside the certificate of a session.
type Showing int

// What a request can show.
const (
	// ShowsUnknown: nobody has said anything. The client may not have been asked.
	ShowsUnknown Showing = iota
	// ShowsSame: the session's certificate.
	ShowsSame
	// ShowsAnother: another one.
	ShowsAnother
	// ShowsNone: the client was asked for one, and has sent none.
	ShowsNone
	// ShowsRefused: one that who has looked at it did not verify.
	ShowsRefused
)

// Provers are the methods that prove each request by themselves.
func (f *Flow) Provers() []Configured {
	var all []Configured
	for _, m := range f.methods {
		if _, ok := m.Method.(Prover); ok {
			all = append(all, m)
		}
	}
	return all
}

// Delegate asks Elasticsearch for the token of a proof, and refuses one of another realm
// than was meant. Errors are faults, but for a client that has left.
func (f *Flow) Delegate(ctx context.Context, proof Proof) (elastic.Grant, error) {
	made, err := proof.Delegate(ctx)
	if err != nil {
		return elastic.Grant{}, ProofFault(err, fault.Error{
			Cause: "certificate", Public: "Elasticsearch does not accept the certificate that was shown.",
			Hint: "Show another one, or sign in in another way. The administrator finds the reason in Elasticsearch's log.",
		})
	}
	if realm := made.Identity.Realm.Name; proof.Realm != "" && realm != proof.Realm {
		f.sessions.Discard(ctx, made)
		return elastic.Grant{}, &fault.Error{
			Kind: fault.LoginRequired, Cause: "realm", Public: "Elasticsearch does not accept this certificate here.",
			Err: fmt.Errorf("the realm %q answered, and the method names %q", realm, proof.Realm),
		}
	}
	return made, nil
}

// ProofFault turns an answer of ES to what a request brings by itself into what clients
// see; refused are the words for what ES does not accept.
func ProofFault(err error, refused fault.Error) error {
	switch elastic.ClassOf(err) {
	case elastic.PersonRefused, elastic.BadInput:
		refused.Kind, refused.Err = fault.LoginRequired, err
		return &refused
	case elastic.Cancelled:
		return err
	case elastic.AccountRefused, elastic.SetUp:
		return fault.Because(fault.Misconfigured, err)
	}
	return fault.Because(fault.ElasticsearchUnavailable, err)
}
