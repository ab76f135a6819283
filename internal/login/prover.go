package login

import (
	"context"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

// Prover is a method that proves each request by itself: no page, no redirect, no
// session and no cookie. It is not offered on the sign-in page.
type Prover interface {
	// Prove returns what a request proves. ok is false if it brings nothing of the
	// kind. It is asked about every request, so what it looks at by itself (the end of
	// a certificate, a revocation list) holds at once. Errors are faults.
	Prove(r *http.Request) (p Proof, ok bool, err error)
	// Claims are the request headers that speak for a client where the method believes
	// them. They never go upstream.
	Claims() []string
}

// Proof is what a request proves, before Elasticsearch is asked.
type Proof struct {
	// ID names it: what it is worth is kept under its hash.
	ID string
	// Until is when it ends by itself.
	Until time.Time
	// Realm is the ES realm that must answer; empty: any.
	Realm string
	// Delegate asks Elasticsearch for a token.
	Delegate func(ctx context.Context) (elastic.Grant, error)
}

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
