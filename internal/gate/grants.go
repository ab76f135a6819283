package gate

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/secret"
)

const (
	// maxGrants bounds what is kept; the one that was not used for the longest time
	// makes room.
	maxGrants = 10_000
	// refusalLife is how long a refusal is repeated without asking again.
	refusalLife = 5 * time.Second
	// maxAsking bounds the proofs that are asked about at one time: a client that leaves
	// does not end its question.
	maxAsking = 256
	// grantTime bounds one proof: it goes on for the others if who asked first leaves.
	grantTime = 15 * time.Second
)

// proof names what a request proves itself by: a hash, so that no credential is kept.
type proof [sha256.Size]byte

// hashOf hashes a kind and what came.
func hashOf(kind, value string) proof { return sha256.Sum256([]byte(kind + "\x00" + value)) }

// grant is what a proof is worth for a while.
type grant struct {
	identity elastic.Identity
	// authorization is the header that stands for it; empty: what the client has sent.
	authorization secret.Text
	// until is when it ends, renew from when it is better made anew.
	until, renew time.Time
}

// grants keeps what was proven without a session. Of many requests with one proof one
// asks, and the others wait for it; one that is about to end is made anew beside the
// requests that go on with it; a refusal is repeated for some seconds; an outage is not
// kept, and takes nothing away that still holds.
type grants struct {
	now func() time.Time

	mu    sync.Mutex
	of    map[proof]*list.Element // guarded by mu, as what follows
	order *list.List              // of *kept, the one used last in front
	asks  int                     // flights that are under way
}

// kept is what is known of a proof.
type kept struct {
	proof   proof
	grant   grant
	refusal error // instead of grant
	until   time.Time
	flight  *flight // one that asks at the moment; nil: none
}

// flight is one that asks, for all.
type flight struct {
	done  chan struct{}
	grant grant
	err   error
}

func newGrants(now func() time.Time) *grants {
	return &grants{now: now, of: map[proof]*list.Element{}, order: list.New()}
}

// get returns what a proof is worth; ask finds it out. Errors are those of ask.
func (g *grants) get(ctx context.Context, p proof, ask func(context.Context) (grant, error)) (grant, error) {
	g.mu.Lock()
	k := g.entry(p)
	now := g.now()
	known := now.Before(k.until)
	if known && k.refusal != nil {
		defer g.mu.Unlock()
		return grant{}, k.refusal
	}
	if known && now.Before(k.grant.renew) {
		defer g.mu.Unlock()
		return k.grant, nil
	}
	f := k.flight
	if f == nil && g.asks >= maxAsking {
		defer g.mu.Unlock()
		if known {
			return k.grant, nil
		}
		return grant{}, fault.New(fault.ElasticsearchUnavailable, "Too many sign-ins are being looked at. Try again in a moment.")
	}
	if f == nil {
		g.asks++
		f = &flight{done: make(chan struct{})}
		k.flight = f
		go g.fly(context.WithoutCancel(ctx), k, f, ask)
	}
	old := k.grant
	g.mu.Unlock()
	if known {
		return old, nil
	}
	select {
	case <-f.done:
		return f.grant, f.err
	case <-ctx.Done():
		return grant{}, ctx.Err()
	}
}

// entry is what is known of a proof, now the one used last. It makes room.
func (g *grants) entry(p proof) *kept {
	if e, ok := g.of[p]; ok {
		g.order.MoveToFront(e)
		return e.Value.(*kept)
	}
	for g.order.Len() >= maxGrants {
		last := g.order.Back()
		delete(g.of, g.order.Remove(last).(*kept).proof)
	}
	k := &kept{proof: p}
	g.of[p] = g.order.PushFront(k)
	return k
}

func (g *grants) fly(ctx context.Context, k *kept, f *flight, ask func(context.Context) (grant, error)) {
	ctx, cancel := context.WithTimeout(ctx, grantTime)
	defer cancel()
	f.grant, f.err = ask(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	k.flight = nil
	g.asks--
	switch {
	case f.err == nil:
		k.grant, k.refusal, k.until = f.grant, nil, f.grant.until
	case isRefusal(f.err):
		k.grant, k.refusal, k.until = grant{}, f.err, g.now().Add(refusalLife)
	}
	close(f.done)
}

// isRefusal tells a verdict from an outage.
func isRefusal(err error) bool {
	return fault.Is(err, fault.LoginRequired) || fault.Is(err, fault.NoRoles)
}

// drop forgets a grant that ES has refused, unless it was made anew meanwhile.
func (g *grants) drop(p proof, authorization secret.Text) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e, ok := g.of[p]; ok {
		if k := e.Value.(*kept); k.grant.authorization.Equal(authorization) {
			k.grant, k.until = grant{}, time.Time{}
		}
	}
}
