package gate

import (
	"context"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/target"
	"github.com/esgateway/esgateway/internal/web"
)

// CertificateConfig says what a route wants of client certificates. Who somebody is and
// what counts first is the same as everywhere.
type CertificateConfig struct {
	// Require lets nobody in whose request does not show a certificate that a method of
	// type pki accepts, whatever else it brings.
	Require bool `yaml:"require"`
	// Headers hands the certificate that stands for a request, or that its session is
	// bound to, on to the upstream, in Client-Cert and Client-Cert-Chain (RFC 9440).
	Headers bool `yaml:"headers"`
}

// renewBefore is how much of a delegated token's life must be left to go on without a
// new one: a quarter of it, at most a minute.
func renewBefore(life time.Duration) time.Duration { return min(life/4, time.Minute) }

// browser reports whether a request comes from a browser, or brings something that only
// browsers have of us. Its certificate begins sessions and does nothing by itself, else a
// script would go on with it after the person has signed out.
func (g *Gate) browser(r *http.Request, t target.Target) bool {
	if web.AudienceOf(r) != web.API || r.Header.Get("Sec-Fetch-Site") != "" {
		return true
	}
	_, known := g.cookies.BrowserOf(r, t.Host)
	_, found, ambiguous := g.cookies.IDOf(r, t.Host)
	return known || found || ambiguous
}

// alsoProven is a visitor whose request shows a certificate besides. Whoever shows none
// that counts is refused before a sign-in is asked for, since none would help: it would
// lead straight back here.
func (g *Gate) alsoProven(r *http.Request, v Visitor, asked error) (Visitor, error) {
	proof, _, ok, err := g.proofOf(r)
	switch {
	case fault.Is(err, fault.LoginRequired):
		refused := *fault.Of(err)
		refused.Kind = fault.Forbidden
		return Visitor{}, &refused
	case err != nil:
		return Visitor{}, err
	case !ok:
		return Visitor{}, &fault.Error{
			Kind: fault.Forbidden, Cause: "certificate_none", Public: "This address needs a client certificate, and none was shown.",
			Hint: "Show one: put in your smart card, or choose it when the browser asks. Browsers ask once and remember the answer until they are started again.",
		}
	case asked != nil:
		return Visitor{}, asked
	}
	v.Chain = proof.Chain
	before := v.Lives
	v.Lives = func(ctx context.Context) bool {
		_, _, ok, err := g.proofOf(r.WithContext(ctx))
		return stands(ok, err) && (before == nil || before(ctx))
	}
	return v, nil
}

// proofOf is what a request proves by itself, and to which method.
func (g *Gate) proofOf(r *http.Request) (proof login.Proof, method string, ok bool, err error) {
	for i := range g.provers {
		m := &g.provers[i]
		if proof, ok, err = m.Method.(login.Prover).Prove(r); ok || err != nil {
			return proof, m.Name, ok, err
		}
	}
	return login.Proof{}, "", false, nil
}

// proven is the visitor that a request proves by itself, such as by a client
// certificate: no session, no cookie. ok is false if it proves nothing.
//
// Tokens are kept by the hash of the proof; of many first requests one delegates.
func (g *Gate) proven(r *http.Request, p Policy) (v Visitor, ok bool, err error) {
	proof, method, ok, err := g.proofOf(r)
	if err != nil || !ok {
		return Visitor{}, false, err
	}
	v, err = g.byProof(r.Context(), method, proof, p)
	v.Lives = func(ctx context.Context) bool {
		_, ok, err := g.proven(r.WithContext(ctx), p)
		return stands(ok, err)
	}
	return v, err == nil, err
}

// byProof is the visitor of a proof, whom the route's rule lets in.
func (g *Gate) byProof(ctx context.Context, method string, proof login.Proof, p Policy) (Visitor, error) {
	key := hashOf("method "+method, proof.ID)
	got, err := g.grants.get(ctx, key, func(ctx context.Context) (grant, error) { return g.delegate(ctx, proof) })
	if err != nil {
		return Visitor{}, err
	}
	if err := allow(p.Require, got.identity); err != nil {
		return Visitor{}, err
	}
	return Visitor{
		Identity: &got.identity, Proven: true, Chain: proof.Chain, authorization: got.authorization,
		again: func(ctx context.Context) (Visitor, error) {
			g.grants.drop(key, got.authorization)
			return g.byProof(ctx, method, proof, p)
		},
	}, nil
}

// delegate asks ES for a token, and refuses one that is for nothing.
func (g *Gate) delegate(ctx context.Context, proof login.Proof) (grant, error) {
	made, err := g.flow.Delegate(ctx, proof)
	if err != nil {
		return grant{}, err
	}
	if len(made.Identity.Roles) == 0 {
		g.sessions.Discard(ctx, made)
		return grant{}, fault.New(fault.NoRoles, "")
	}
	ends := made.Pair.SentAt.Add(made.Pair.ExpiresIn)
	renew := ends.Add(-renewBefore(made.Pair.ExpiresIn)) // another token would not outlive the proof
	if !proof.Until.IsZero() && proof.Until.Before(ends) {
		ends = proof.Until
	}
	return grant{
		identity: made.Identity, authorization: secret.Of("Bearer " + made.Pair.Access.Reveal()),
		until: ends, renew: renew,
	}, nil
}
