package standin

import "maps"

// Counters are what tests of load and of races look at.
type Counters struct {
	// TokenDocuments is the number of documents in the tokens index now: one for
	// each pair, until cleanup.
	TokenDocuments int
	// BearerReads counts reads of a token document by bearer requests.
	BearerReads int
	// Refreshes counts refresh calls that reached the token service, and
	// RefreshedPairs the new pairs that they made.
	Refreshes, RefreshedPairs int
	// Invalidations counts runs of the token service's invalidation: one for
	// each DELETE, one for each half that a SAML logout ends.
	Invalidations int
	// Calls counts the requests that this node read, by "METHOD path-template";
	// unknown routes count as "METHOD ?". All other counters are the cluster's.
	Calls map[string]int
}

// Counters returns a copy of the counters.
func (es *Elasticsearch) Counters() Counters {
	es.cluster.mu.Lock()
	defer es.cluster.mu.Unlock()
	counters := es.cluster.counters
	counters.TokenDocuments = len(es.cluster.tokens)
	counters.Calls = maps.Clone(es.calls)
	return counters
}

func (es *Elasticsearch) countCall(name string) {
	es.cluster.mu.Lock()
	defer es.cluster.mu.Unlock()
	es.calls[name]++
}
