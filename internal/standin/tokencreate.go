package standin

import (
	"net/http"
)

// A grant is what a new pair is made from.
type grant struct {
	auth     *authentication
	creator  *authentication // who may refresh
	metadata map[string]*string
	refresh  bool
}

// create writes the document of a new pair and returns its strings.
func (c *call) create(g grant) (tokenPair, error) {
	if err := c.tokenService(); err != nil {
		return tokenPair{}, err
	}
	if c.faults.TokensIndex == IndexClosed {
		return tokenPair{}, indexClosed(tokensIndexName)
	}
	if c.faults.CreateFails || c.faults.TokensIndex == IndexPrimaryDown {
		return tokenPair{}, primaryDown()
	}
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	return c.store(g), nil
}

// store writes the document. The caller holds mu.
func (c *call) store(g grant) tokenPair {
	access, refresh := newHalves()
	d := &tokenDocument{
		created:  c.now,
		access:   accessPart{hash: hashOf(access), expires: c.now.Add(c.cluster.config.TokenTimeout)},
		auth:     g.auth.asToken(),
		metadata: g.metadata,
	}
	pair := tokenPair{access: access}
	if g.refresh {
		d.refresh = &refreshPart{hash: hashOf(refresh), creator: g.creator}
		pair.refresh = refresh
	}
	c.cluster.tokens[access.documentID()] = d
	c.cluster.tokensIndex = true
	return pair
}

// tokenService refuses when the service is off. Its licence is asked earlier.
func (c *call) tokenService() error {
	if !c.faults.TokenServiceOff {
		return nil
	}
	e := &exception{status: http.StatusBadRequest, kind: "feature_not_enabled_exception", reason: "security tokens are not enabled"}
	return e.with("disabled.feature", "security_tokens")
}

func (c *call) expiresIn() int64 { return int64(c.cluster.config.TokenTimeout.Seconds()) }

func indexClosed(name string) *exception {
	e := &exception{status: http.StatusBadRequest, kind: "index_closed_exception", reason: "closed"}
	return e.with("index_uuid", "_na_").with("index", name)
}

func primaryDown() *exception {
	return unavailableShards("[" + tokensIndexName + "][0] primary shard is not active Timeout: [1m], request: [index {[" + tokensIndexName + "]}]")
}

func unavailableShards(reason string) *exception {
	return &exception{status: http.StatusServiceUnavailable, kind: "unavailable_shards_exception", reason: reason}
}
