package standin

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// A keySearch is the body of POST /_security/_query/api_key. Aggregations are not
// known here: they are refused as an unknown field is.
type keySearch struct {
	query, sort, after json.RawMessage
	from, size         *int
}

// apiKeyQueryRoute is GET and POST /_security/_query/api_key.
func apiKeyQueryRoute(c *call) (action, error) {
	var s keySearch
	body, err := c.bodyOrSource(c.body)
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		if err := s.parse(body); err != nil {
			return nil, err
		}
	}
	return func() (*answer, error) {
		if err := s.validate(); err != nil {
			return nil, err
		}
		own, err := c.authorizeKeyQuery()
		if err != nil {
			return nil, err
		}
		return c.queryKeys(s, own)
	}, nil
}

func (s *keySearch) parse(body []byte) error {
	err := parseObject("query_api_key_request_payload", body, []field{
		raw("query", &s.query), integer("from", &s.from), integer("size", &s.size),
		rawOf("sort", &s.sort, "START_ARRAY", "START_OBJECT"), rawOf("search_after", &s.after, "START_ARRAY"),
	})
	if err != nil {
		return err
	}
	_, err = parseQueryDSL(s.query) // what is no query at all is found before privileges are asked
	return err
}

func (s *keySearch) validate() error {
	var v validation
	for _, n := range []struct {
		name  string
		value *int
	}{{"from", s.from}, {"size", s.size}} {
		if n.value != nil {
			v.require(*n.value >= 0, "["+n.name+"] parameter cannot be negative but was ["+itoa(*n.value)+"]")
		}
	}
	return v.err()
}

// authorizeKeyQuery tells whether the caller sees his own keys only: the privilege for
// these filters instead of refusing (AuthorizationService.authorizeAction).
func (c *call) authorizeKeyQuery() (own bool, err error) {
	const query = security + "api_key/query"
	if err := c.authorizeRunAs(query); err != nil {
		return false, err
	}
	if c.authorizeForeignKeys(query) == nil {
		return false, nil
	}
	return true, c.authorize(query)
}

func (c *call) queryKeys(s keySearch, own bool) (*answer, error) {
	matches, err := parseKeyQuery(s.query)
	if err != nil {
		return nil, err
	}
	order, err := parseKeySort(s.sort)
	if err != nil {
		return nil, err
	}
	found := order.sorted(c.findKeys(matches, own))
	rest := order.after(found, s.after)
	items := []object{}
	for _, k := range window(rest, orElse(s.from, 0), orElse(s.size, defaultHits)) {
		item := k.shown
		if len(order) > 0 {
			item = item.with("_sort", order.values(k))
		}
		items = append(items, item)
	}
	return ok(obj("total", len(found), "count", len(items), "api_keys", items))
}

// A foundKey is a key as it was while the cluster was locked.
type foundKey struct {
	*document
	shown object
}

func (c *call) findKeys(matches query, own bool) []foundKey {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	var found []foundKey
	for _, k := range c.cluster.keys {
		if d := k.document(); matches(d) && (!own || owns(k, c.caller)) {
			found = append(found, foundKey{d, k.object()})
		}
	}
	slices.SortFunc(found, func(a, b foundKey) int { // the map has none, and answers should have an order
		return cmp.Or(compareValues(a.sortValue("creation"), b.sortValue("creation")), strings.Compare(a.id, b.id))
	})
	for i, k := range found {
		k.sequence = i // its place by _doc
	}
	return found
}

func orElse(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
