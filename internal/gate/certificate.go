package gate

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/secret"
)

// renewBefore is how much of a delegated token's life must be left to go on without a
// new one: a quarter of it, at most a minute.
func renewBefore(life time.Duration) time.Duration { return min(life/4, time.Minute) }

// proven is the visitor that a request proves by itself, such as by a client
// certificate: no session, no cookie. ok is false if it proves nothing.
//
// Tokens are kept by the hash of the proof; of many first requests one delegates.
func (g *Gate) proven(r *http.Request, p Policy) (v Visitor, ok bool, err error) {
	for i := range g.provers {
		m := &g.provers[i]
		proof, ok, err := m.Method.(login.Prover).Prove(r)
		if err != nil {
			return Visitor{}, false, err
		}
		if !ok {
			continue
		}
		v, err := g.byProof(r.Context(), m.Name, proof, p)
		v.Lives = func(ctx context.Context) bool {
			_, ok, err := g.proven(r.WithContext(ctx), p)
			return stands(err) && (ok || err != nil)
		}
		return v, err == nil, err
	}
	return Visitor{}, false, nil
}

// byProof is the visitor of a proof, whom the route's rule lets in.
func (g *Gate) byProof(ctx context.Context, method string, proof login.Proof, p Policy) (Visitor, error) {
	key := proofOf("method "+method, proof.ID)
	got, err := g.grants.get(ctx, key, func(ctx context.Context) (grant, error) { return g.delegate(ctx, proof) })
	if err != nil {
		return Visitor{}, err
	}
	if err := allow(p.Require, got.identity); err != nil {
		return Visitor{}, err
	}
	return Visitor{
		Identity: &got.identity, Proven: true, authorization: got.authorization,
		again: func(ctx context.Context) (Visitor, error) {
			g.grants.drop(key, got.authorization)
			return g.byProof(ctx, method, proof, p)
		},
	}, nil
}

// delegate asks ES for a token, and refuses one that is not what was meant.
func (g *Gate) delegate(ctx context.Context, proof login.Proof) (grant, error) {
	made, err := proof.Delegate(ctx)
	if err != nil {
		return grant{}, delegateFault(err)
	}
	switch realm := made.Identity.Realm.Name; {
	case proof.Realm != "" && realm != proof.Realm:
		g.sessions.Discard(ctx, made)
		return grant{}, &fault.Error{
			Kind: fault.LoginRequired, Cause: "realm", Public: "Elasticsearch does not accept this certificate here.",
			Err: fmt.Errorf("the realm %q answered, and the method names %q", realm, proof.Realm),
		}
	case len(made.Identity.Roles) == 0:
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

func delegateFault(err error) error {
	switch elastic.ClassOf(err) {
	case elastic.PersonRefused, elastic.BadInput:
		return &fault.Error{
			Kind: fault.LoginRequired, Cause: "certificate", Public: "Elasticsearch does not accept the certificate that was shown.",
			Hint: "Show another one, or sign in in another way. The administrator finds the reason in Elasticsearch's log.", Err: err,
		}
	case elastic.Cancelled:
		return err
	case elastic.AccountRefused, elastic.SetUp:
		return fault.Because(fault.Misconfigured, err)
	}
	return fault.Because(fault.ElasticsearchUnavailable, err)
}
