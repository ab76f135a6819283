package standin

import (
	"time"
)

// reuseWindow is how long a refresh token answers again with the same pair.
const reuseWindow = 30 * time.Second

// lookupFailed is the text for everything that may pass: unknown tokens and
// outages look the same (token contract 3.1, rows 1 and 7).
const lookupFailed = "could not refresh the requested token"

func invalidGrant(description string) *oauthError {
	return &oauthError{"invalid_grant", description}
}

// refresh exchanges a refresh token. All of it happens under one lock, which
// stands for the optimistic locking of the real thing: of concurrent calls
// exactly one makes a new pair and all get it.
func (c *call) refresh(token string) (tokenPair, *authentication, error) {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	c.cluster.counters.Refreshes++
	if c.faults.RefreshDescription != "" {
		return tokenPair{}, nil, invalidGrant(c.faults.RefreshDescription)
	}
	half, err := decodeToken(token)
	if err != nil || c.faults.TokensIndex != "" {
		return tokenPair{}, nil, invalidGrant(lookupFailed)
	}
	d := c.cluster.refreshDocument(half)
	if d == nil {
		return tokenPair{}, nil, invalidGrant(lookupFailed)
	}
	if err := c.checkRefresh(d); err != nil {
		return tokenPair{}, nil, err
	}
	if d.refresh.refreshed {
		return c.reuse(d)
	}
	return c.supersede(d)
}

// checkRefresh are rows 2 to 6, in this order.
func (c *call) checkRefresh(d *tokenDocument) error {
	part := d.refresh
	switch {
	case c.now.After(d.created.Add(refreshLife)):
		return invalidGrant("token document has expired")
	case part.invalidated:
		return invalidGrant("token has been invalidated")
	case !c.caller.mayRefreshFor(part.creator):
		return invalidGrant("tokens must be refreshed by the creating client")
	case part.refreshed && c.now.After(part.refreshTime.Add(reuseWindow)):
		return invalidGrant("token has already been refreshed more than 30 seconds in the past")
	case part.refreshed && c.now.Before(part.refreshTime.Add(-reuseWindow)):
		return invalidGrant("token has been refreshed more than 30 seconds in the future, clock skew too great")
	}
	return nil
}

// reuse gives the same pair again if its document exists, whatever became of it.
func (c *call) reuse(d *tokenDocument) (tokenPair, *authentication, error) {
	successor := d.refresh.successor
	if successor == nil || c.cluster.tokens[successor.access.documentID()] == nil {
		return tokenPair{}, nil, invalidGrant(lookupFailed)
	}
	return *successor, d.auth, nil
}

// supersede marks the old document first and then writes the new one: between
// the two writes the session can be lost for good. The stored authentication is
// taken over as it is: roles are those of the first sign-in.
func (c *call) supersede(d *tokenDocument) (tokenPair, *authentication, error) {
	d.refresh.refreshed, d.refresh.refreshTime = true, c.now
	if c.faults.RefreshBetweenWrites || c.faults.CreateFails {
		return tokenPair{}, nil, primaryDown()
	}
	pair := c.store(grant{auth: d.auth, creator: c.caller, metadata: d.metadata, refresh: true})
	d.refresh.successor = &pair
	c.cluster.counters.RefreshedPairs++
	return pair, d.auth, nil
}
