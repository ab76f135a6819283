package standin

import (
	"net/http"
	"time"
)

// cleanupInterval is xpack.security.authc.token.delete.interval.
const cleanupInterval = 30 * time.Minute

// An invalidation says what a call did.
type invalidation struct{ now, before int }

func (i invalidation) object() object {
	return obj("invalidated_tokens", i.now, "previously_invalidated_tokens", i.before, "error_count", 0)
}

func (i *invalidation) end(dead *bool) {
	if *dead {
		i.before++
		return
	}
	*dead = true
	i.now++
}

// errUnknownToken is the 404 of DELETE, which is not in the ES error shape.
type errUnknownToken struct{}

func (errUnknownToken) Error() string { return "unknown token" }

func (errUnknownToken) answer(bool) *answer {
	return jsonAnswer(http.StatusNotFound, invalidation{}.object())
}

// invalidateAccess and invalidateRefresh end one half and leave the other.
func (c *call) invalidateAccess(token string) (invalidation, error) {
	return c.invalidateHalf(token, func(h tokenHalf) *bool {
		if d := c.cluster.accessDocument(h); d != nil {
			return &d.access.invalidated
		}
		return nil
	})
}

func (c *call) invalidateRefresh(token string) (invalidation, error) {
	return c.invalidateHalf(token, func(h tokenHalf) *bool {
		if d := c.cluster.refreshDocument(h); d != nil {
			return &d.refresh.invalidated
		}
		return nil
	})
}

// invalidateHalf does not ask whether the token has expired.
func (c *call) invalidateHalf(token string, find func(tokenHalf) *bool) (invalidation, error) {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	defer c.cleanup()
	c.cluster.counters.Invalidations++
	half, err := decodeToken(token)
	if err != nil {
		return invalidation{}, errUnknownToken{}
	}
	if err := c.indexForInvalidation(); err != nil {
		return invalidation{}, err
	}
	dead := find(half)
	if dead == nil {
		return invalidation{}, errUnknownToken{}
	}
	var done invalidation
	done.end(dead)
	return done, nil
}

// indexForInvalidation is the table of token contract 4.2. The caller holds mu.
func (c *call) indexForInvalidation() error {
	state := c.faults.TokensIndex
	switch {
	case state == IndexPrimaryDown:
		cause := unavailableShards("at least one primary shard for the index [" + tokensIndexName + "] is unavailable")
		return securityException(http.StatusServiceUnavailable, "unable to perform requested action").causedBy(cause)
	case state != "" || !c.cluster.tokensIndex:
		return securityException(http.StatusBadRequest, "failed to invalidate token")
	}
	return nil
}

// invalidateAll ends both halves of all active pairs that match, refresh
// halves first.
func (c *call) invalidateAll(matches func(*tokenDocument) bool) (invalidation, error) {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	defer c.cleanup()
	c.cluster.counters.Invalidations++
	switch c.faults.TokensIndex {
	case IndexClosed:
		return invalidation{}, indexClosed(tokensIndexName)
	case IndexPrimaryDown:
		return invalidation{}, unavailableShards("at least one search shard for the index [" + tokensIndexName + "] is unavailable")
	case IndexMissing:
		return invalidation{}, nil
	}
	var found []*tokenDocument
	for _, d := range c.cluster.tokens {
		if d.active(c.now) && matches(d) {
			found = append(found, d)
		}
	}
	var done invalidation
	for _, d := range found {
		if d.refresh != nil {
			done.end(&d.refresh.invalidated)
		}
	}
	for _, d := range found {
		done.end(&d.access.invalidated)
	}
	return done, nil
}

// cleanup deletes old documents. Only an invalidation starts it, whatever came
// of that, and at most once in an interval: a cluster where nobody logs out
// grows for ever. The caller holds mu.
func (c *call) cleanup() {
	if c.faults.TokensIndex != "" || c.now.Before(c.node.lastCleanup.Add(cleanupInterval)) {
		return
	}
	c.node.lastCleanup = c.now
	for id, d := range c.cluster.tokens {
		if !c.now.Before(d.created.Add(refreshLife)) {
			delete(c.cluster.tokens, id)
		}
	}
}
