package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Reason is why a chain was refused: a word for logs and metrics.
type Reason string

// The reasons.
const (
	Expired      Reason = "expired"
	NotYet       Reason = "not_yet_valid"
	Untrusted    Reason = "untrusted" // no way to an authority, or a broken one
	WrongUse     Reason = "wrong_use" // made for something else than clients
	TooLong      Reason = "too_long"
	WasRevoked   Reason = "revoked"
	ListStale    Reason = "list_stale"
	ListMissing  Reason = "list_missing"
	NothingShown Reason = "none"
)

// Refusal is a chain that does not count.
type Refusal struct {
	Reason Reason
	Err    error // nil: the reason says it all
}

// Error holds nothing of the certificate but what crypto/x509 says.
func (r *Refusal) Error() string {
	if r.Err == nil {
		return "client certificate: " + string(r.Reason)
	}
	return fmt.Sprintf("client certificate: %s: %v", r.Reason, r.Err)
}

// Unwrap is the error of crypto/x509.
func (r *Refusal) Unwrap() error { return r.Err }

// Verifier judges chains of clients. Its fields must not change while it is used.
type Verifier struct {
	// Authorities are the anchors of trust. Required.
	Authorities *Source[*Bundle]
	// Between are certificates that clients need not send. May be nil.
	Between *Source[*Bundle]
	// Lists are the revocation lists. nil: nobody asks for revocation.
	Lists *Source[*Lists]
	// AllowStaleLists takes a list for good whose next one is due. Whoever was revoked
	// since then is let in: MUST NOT be set where revocation has to take effect.
	AllowStaleLists bool
}

// Version is another number whenever any of the sources has changed: a chain that was
// verified before must then be verified again.
func (v *Verifier) Version() uint64 {
	n := v.Authorities.Version()
	if v.Between != nil {
		n += v.Between.Version()
	}
	if v.Lists != nil {
		n += v.Lists.Version()
	}
	return n
}

// Verify judges what a client has shown, its own certificate first, and gives the whole
// chain up to the authority. Errors are of type *Refusal.
func (v *Verifier) Verify(presented []*x509.Certificate, at time.Time) ([]*x509.Certificate, error) {
	if len(presented) == 0 {
		return nil, &Refusal{Reason: NothingShown}
	}
	if len(presented) > MaxChain || slices.ContainsFunc(presented, func(c *x509.Certificate) bool { return !affordable(c) }) {
		return nil, &Refusal{Reason: TooLong}
	}
	return v.verify(presented, at)
}

// Again verifies a chain that Verify has given, after another Version. It has its authority
// at its end, so it may be longer than what a client may show.
func (v *Verifier) Again(chain []*x509.Certificate, at time.Time) ([]*x509.Certificate, error) {
	if len(chain) == 0 {
		return nil, &Refusal{Reason: NothingShown}
	}
	return v.verify(chain, at)
}

func (v *Verifier) verify(presented []*x509.Certificate, at time.Time) ([]*x509.Certificate, error) {
	leaf := presented[0]
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, &Refusal{Reason: WrongUse} // as Elasticsearch will see it
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: v.Authorities.Value().Pool(), Intermediates: v.between(presented[1:]), CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, refusal(err, at)
	}
	// A certificate may have several ways to an authority, and one that stands is enough.
	slices.SortStableFunc(chains, func(a, b []*x509.Certificate) int { return len(a) - len(b) })
	for _, chain := range chains {
		if err = v.revocation(chain, at); err == nil {
			return chain, nil
		}
	}
	return nil, err
}

// between are the intermediates of the client and of the operator.
func (v *Verifier) between(presented []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	if v.Between != nil {
		pool = v.Between.Value().Pool().Clone()
	}
	for _, c := range presented {
		pool.AddCert(c)
	}
	return pool
}

// Still judges a chain that Verify has given once more, by the time and by the lists
// alone: cheap enough for every request. After another Version it is not enough.
func (v *Verifier) Still(chain []*x509.Certificate, at time.Time) error {
	if len(chain) == 0 {
		return &Refusal{Reason: NothingShown}
	}
	for _, c := range chain {
		switch {
		case at.After(c.NotAfter):
			return &Refusal{Reason: Expired}
		case at.Before(c.NotBefore):
			return &Refusal{Reason: NotYet}
		}
	}
	return v.revocation(chain, at)
}

// revocation asks the list of each issuer.
func (v *Verifier) revocation(chain []*x509.Certificate, at time.Time) error {
	if v.Lists == nil {
		return nil
	}
	lists := v.Lists.Value()
	if len(chain) == 1 { // the certificate is itself an authority of ours
		chain = append(chain[:1:1], chain[0])
	}
	for i, c := range chain[:len(chain)-1] {
		switch lists.Look(chain[i+1], c, at) {
		case Revoked:
			return &Refusal{Reason: WasRevoked}
		case Stale:
			if !v.AllowStaleLists {
				return &Refusal{Reason: ListStale}
			}
		case Unlisted:
			// For the authorities above, no list is no obstacle: many never publish one.
			if i == 0 {
				return &Refusal{Reason: ListMissing}
			}
		}
	}
	return nil
}

// refusal names what crypto/x509 says.
func refusal(err error, at time.Time) error {
	r := &Refusal{Reason: Untrusted, Err: err}
	invalid, is := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case is && invalid.Reason == x509.Expired && at.Before(invalid.Cert.NotBefore):
		r.Reason = NotYet
	case is && invalid.Reason == x509.Expired:
		r.Reason = Expired
	case is && invalid.Reason == x509.IncompatibleUsage:
		r.Reason = WrongUse
	}
	return r
}
