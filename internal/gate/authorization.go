package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/access"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/secret"
)

// Handling is what becomes of an Authorization header that a client brings.
type Handling string

// The ways to handle it.
const (
	// Forward sends it on; the upstream judges it.
	Forward Handling = "forward"
	// Verify asks ES whose it is, applies the route's rule to them, and sends it on.
	Verify Handling = "verify"
	// Refuse answers 401.
	Refuse Handling = "refuse"
)

// AuthorizationConfig says what becomes of a client's own Authorization header on a
// route, by its scheme. Empty: forward where the route leads to Elasticsearch, else
// refuse. The header always decides alone: over it no certificate and no cookie counts,
// and a bad one leaves the session as it is.
type AuthorizationConfig struct {
	// APIKey is for "ApiKey ...": forward, verify or refuse.
	APIKey Handling `yaml:"apikey"`
	// Bearer is for "Bearer ...".
	Bearer Handling `yaml:"bearer"`
	// Basic is for "Basic ...", a user name and a password.
	Basic Handling `yaml:"basic"`
}

// Check returns what is wrong, by yaml key.
func (c AuthorizationConfig) Check() map[string]error {
	bad := map[string]error{}
	for key, h := range map[string]Handling{"apikey": c.APIKey, "bearer": c.Bearer, "basic": c.Basic} {
		if !slices.Contains([]Handling{"", Forward, Verify, Refuse}, h) {
			bad[key] = fmt.Errorf("%q is none of forward, verify, refuse", h)
		}
	}
	return bad
}

// schemes are those that a route can take, as challenges and ES write them.
var schemes = []string{"Bearer", "ApiKey", "Basic"} //nolint:gochecknoglobals // a constant

// handling is what becomes of a scheme on the route.
func (p Policy) handling(scheme string) Handling {
	var h Handling
	switch strings.ToLower(scheme) {
	case "bearer":
		h = p.Authorization.Bearer
	case "apikey":
		h = p.Authorization.APIKey
	case "basic":
		h = p.Authorization.Basic
	default:
		return Refuse
	}
	switch {
	case h != "":
		return h
	case p.Elasticsearch:
		return Forward
	}
	return Refuse
}

// Forwards reports whether some scheme goes on without being looked at.
func (p Policy) Forwards() bool {
	return slices.ContainsFunc(schemes, func(scheme string) bool { return p.handling(scheme) == Forward })
}

// Schemes are the schemes of Authorization that the route takes from clients.
func (p Policy) Schemes() []string {
	var taken []string
	for _, scheme := range schemes {
		if p.handling(scheme) != Refuse {
			taken = append(taken, scheme)
		}
	}
	return taken
}

const (
	// verifiedLife is how long ES's word on a client's own header holds: so much later
	// a revoked one is refused.
	verifiedLife = 30 * time.Second
	// verifiedRenew is from when on it is asked for again beside the requests.
	verifiedRenew = 20 * time.Second
)

// ownAuthorization judges by the header alone: it never falls back to a cookie, and
// never harms the session.
func (g *Gate) ownAuthorization(ctx context.Context, values []string, p Policy) (Visitor, error) {
	if len(values) != 1 {
		return Visitor{}, fault.New(fault.BadRequest, "There is more than one Authorization header.")
	}
	scheme, _, _ := strings.Cut(values[0], " ")
	switch p.handling(scheme) {
	case Forward:
		return Visitor{OwnAuthorization: true}, nil
	case Verify:
		return g.verified(ctx, values[0], p)
	}
	return Visitor{}, &fault.Error{
		Kind: fault.LoginRequired, Public: "This address does not take the Authorization header that was sent.",
		Hint: "Leave the header out and sign in in a browser.",
	}
}

// verified asks ES whose header it is, and applies the route's rule to them.
func (g *Gate) verified(ctx context.Context, header string, p Policy) (Visitor, error) {
	got, err := g.headers.get(ctx, hashOf("authorization", header), func(ctx context.Context) (grant, error) {
		identity, err := g.es.AuthenticateAs(ctx, secret.Of(header))
		if err != nil {
			return grant{}, login.ProofFault(err, fault.Error{
				Public: "Elasticsearch does not accept the Authorization header that was sent.",
				Hint:   "Send one that is valid, or leave it out and sign in in a browser.",
			})
		}
		now := g.now()
		return grant{identity: identity, until: now.Add(verifiedLife), renew: now.Add(verifiedRenew)}, nil
	})
	if err != nil {
		return Visitor{}, err
	}
	if err := allow(p.Require, got.identity); err != nil {
		return Visitor{}, err
	}
	return Visitor{
		OwnAuthorization: true, Identity: &got.identity,
		Lives: func(ctx context.Context) bool {
			_, err := g.verified(ctx, header, p)
			return stands(err == nil, err)
		},
	}, nil
}

// allow applies a route's rule.
func allow(rule access.Rule, id elastic.Identity) error {
	missing, ok := rule.Allow(id)
	if ok {
		return nil
	}
	f := &fault.Error{Kind: fault.Forbidden, Err: errors.New("the route's require." + missing + " does not hold")}
	if missing == "roles" && id.Type == elastic.TypeAPIKey {
		f.Public = "An API key has no roles of its own, and this address asks for one."
		f.Hint = "Let Elasticsearch decide by the key's privileges, or use another way to sign in here. Your administrator can require users or realms in the place of roles."
	}
	return f
}
