package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const actionSearch = "indices:data/read/search"

const (
	defaultHits = 10
	maxHits     = 10000 // index.max_result_window
)

// A searchRequest is what a search asks for.
type searchRequest struct {
	expression  string
	query       query
	size, from  int
	sort        string // a field; "" is the order of creation
	descending  bool
	after       string
	source      bool
	totalAsInt  bool
	scroll      time.Duration
	pit         string
	bodyHasSort bool
}

func searchParams() []string {
	return []string{
		"index", "q", "size", "from", "sort", "scroll", "source", "source_content_type", "track_total_hits", "_source",
		"rest_total_hits_as_int", "typed_keys", "ignore_unavailable", "allow_no_indices", "expand_wildcards", "preference",
		"routing", "search_type", "request_cache", "timeout", "allow_partial_search_results",
		"ccs_minimize_roundtrips", //nolint:misspell // the wire's spelling
		"batched_reduce_size", "max_concurrent_shard_requests", "pre_filter_shard_size", "default_operator", "df",
		"_source_includes", "_source_excludes", "ignore_throttled", "force_synthetic_source",
	}
}

// searchRoute is GET and POST /_search and /{index}/_search; GET takes a body.
func searchRoute(c *call) (action, error) {
	s, err := c.parseSearch(c.body, c.params["index"])
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		o, err := c.search(s)
		if err != nil {
			return nil, err
		}
		return ok(o)
	}, nil
}

func (c *call) parseSearch(body []byte, expression string) (searchRequest, error) {
	s := searchRequest{expression: expression, query: everything, size: defaultHits, source: true}
	body, err := c.bodyOrSource(body)
	if err != nil {
		return s, err
	}
	if err := s.readBody(body); err != nil {
		return s, err
	}
	return s, s.readParams(c.params)
}

// bodyOrSource lets the parameter "source" stand in for the body.
func (c *call) bodyOrSource(body []byte) ([]byte, error) {
	source, given := c.params["source"]
	if len(body) > 0 || !given {
		return body, nil
	}
	if c.params["source_content_type"] == "" {
		var v validation
		v.require(false, "source and source_content_type parameters are required")
		e := &exception{status: http.StatusBadRequest, kind: "validation_exception", reason: v.String(), java: true}
		return nil, e
	}
	return []byte(source), nil
}

func (s *searchRequest) readBody(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	var b struct {
		Query       json.RawMessage `json:"query"`
		Size, From  *int
		Sort        json.RawMessage `json:"sort"`
		Source      json.RawMessage `json:"_source"`
		SearchAfter []any           `json:"search_after"`
		PIT         *struct {
			ID string `json:"id"`
		} `json:"pit"`
	}
	if err := parseObject("search", body, nil); isSyntax(err) {
		return err
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return parsingException("Unknown key for a VALUE_STRING: " + err.Error())
	}
	q, err := parseQueryDSL(b.Query)
	if err != nil {
		return err
	}
	s.query = q
	if b.Size != nil {
		s.size = *b.Size
	}
	if b.From != nil {
		s.from = *b.From
	}
	s.source = string(b.Source) != "false"
	if b.PIT != nil {
		s.pit = b.PIT.ID
	}
	if len(b.SearchAfter) > 0 {
		s.after = fmt.Sprint(b.SearchAfter[0])
	}
	s.readSort(b.Sort)
	return nil
}

// readSort keeps the first key of whatever form the sort has.
func (s *searchRequest) readSort(text json.RawMessage) {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return
	}
	if list, is := value.([]any); is && len(list) > 0 {
		value = list[0]
	}
	switch v := value.(type) {
	case string:
		s.sort = v
	case map[string]any:
		for field, order := range v {
			s.sort = field
			if inner, is := order.(map[string]any); is {
				order = inner["order"]
			}
			s.descending = order == "desc"
		}
	}
	s.bodyHasSort = s.sort != ""
}

func (s *searchRequest) readParams(p params) error {
	if q, given := p["q"]; given {
		s.query = queryString(q)
	}
	for name, into := range map[string]*int{"size": &s.size, "from": &s.from} {
		if p[name] == "" {
			continue
		}
		n, err := strconv.Atoi(p[name])
		if err != nil {
			return illegalArgument("Failed to parse int parameter [" + name + "] with value [" + p[name] + "]")
		}
		*into = n
	}
	if field, order, _ := strings.Cut(p["sort"], ":"); field != "" {
		s.sort, s.descending, s.bodyHasSort = field, order == "desc", true
	}
	if p["_source"] == "false" {
		s.source = false
	}
	s.totalAsInt = p.flag("rest_total_hits_as_int")
	if p["scroll"] != "" {
		life, err := timeValue("scroll", p["scroll"])
		if err != nil {
			return err
		}
		s.scroll = life
	}
	return s.check()
}

func (s *searchRequest) check() error {
	var v validation
	v.require(s.from >= 0, "[from] parameter cannot be negative but was ["+itoa(s.from)+"]")
	v.require(s.size >= 0, "[size] parameter cannot be negative, found ["+itoa(s.size)+"]")
	v.require(s.pit == "" || s.expression == "", "[indices] cannot be used with point in time. Do not specify any index with point in time.")
	if s.from+s.size > maxHits {
		return illegalArgument("Result window is too large, from + size must be less than or equal to: [10000] but was [" + itoa(s.from+s.size) + "]")
	}
	return v.err()
}

// search resolves, matches and prints. A point in time and a scroll look at the
// documents as they were.
func (c *call) search(s searchRequest) (object, error) {
	docs, shards, err := c.searched(s)
	if err != nil {
		return nil, err
	}
	found := s.matching(docs)
	page := window(found, s.from, s.size)
	o := object{}
	if s.scroll > 0 {
		o = o.with("_scroll_id", c.openContext(&searchContext{search: s, rest: found[min(s.size, len(found)):], total: len(found), shards: shards}, s.scroll))
	}
	if s.pit != "" {
		o = o.with("pit_id", s.pit)
	}
	return append(o, s.print(page, len(found), shards)...), nil
}

func (c *call) searched(s searchRequest) ([]*document, int, error) {
	if s.pit != "" {
		if err := c.authorizeRunAs(actionSearch); err != nil {
			return nil, 0, err
		}
		open := c.context(s.pit)
		if open == nil {
			return nil, 0, missingContext(s.pit)
		}
		return open.rest, open.shards, nil
	}
	names, err := c.resolve(actionSearch, s.expression)
	if err != nil {
		return nil, 0, err
	}
	return c.cluster.documents(names), len(names), nil
}

func (c *cluster) documents(names []string) []*document {
	c.mu.Lock()
	defer c.mu.Unlock()
	var docs []*document
	for _, name := range names {
		if i := c.indices[name]; i != nil {
			docs = append(docs, i.docs...)
		}
	}
	return docs
}

func (s searchRequest) matching(docs []*document) []*document {
	var found []*document
	for _, d := range docs {
		if s.query(d) {
			found = append(found, d)
		}
	}
	if s.bodyHasSort {
		slices.SortStableFunc(found, func(a, b *document) int {
			if s.descending {
				a, b = b, a
			}
			return compareValues(a.sortValue(s.sort), b.sortValue(s.sort))
		})
	}
	if s.after != "" && s.bodyHasSort {
		found = slices.DeleteFunc(found, func(d *document) bool {
			order := compareValues(d.sortValue(s.sort), s.after)
			return s.descending && order >= 0 || !s.descending && order <= 0
		})
	}
	return found
}

func (d *document) sortValue(field string) string {
	switch field {
	case "_id":
		return d.id
	case "_doc", "_shard_doc":
		return fmt.Sprintf("%s/%010d", d.index, d.sequence)
	}
	if values := d.values(field); len(values) > 0 {
		return values[0]
	}
	return ""
}

// compareValues compares numbers as numbers.
func compareValues(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func window[T any](docs []T, from, size int) []T {
	from = min(from, len(docs))
	return docs[from : from+min(size, len(docs)-from)]
}

func (s searchRequest) print(page []*document, count, shards int) object {
	hits := []object{}
	var score any
	if len(page) > 0 && !s.bodyHasSort {
		score = json.RawMessage("1.0")
	}
	for _, d := range page {
		hit := obj("_index", d.index, "_id", d.id, "_score", score)
		if s.source {
			hit = hit.with("_source", d.source)
		}
		if s.bodyHasSort {
			hit = hit.with("sort", []string{d.sortValue(s.sort)})
		}
		hits = append(hits, hit)
	}
	var total any = obj("value", count, "relation", "eq")
	if s.totalAsInt {
		total = count
	}
	return obj("took", 1, "timed_out", false, "_shards", shardsObject(shards),
		"hits", obj("total", total, "max_score", score, "hits", hits))
}

func shardsObject(n int) object {
	return obj("total", n, "successful", n, "skipped", 0, "failed", 0)
}

// countRoute is GET and POST /_count and /{index}/_count.
func countRoute(c *call) (action, error) {
	s, err := c.parseSearch(c.body, c.params["index"])
	if err != nil {
		return nil, err
	}
	return func() (*answer, error) {
		names, err := c.resolve(actionSearch, s.expression)
		if err != nil {
			return nil, err
		}
		count := len(s.matching(c.cluster.documents(names)))
		return ok(obj("count", count, "_shards", shardsObject(len(names))))
	}, nil
}

// multiSearchRoute is GET and POST /_msearch and /{index}/_msearch.
func multiSearchRoute(c *call) (action, error) {
	if len(c.body) == 0 {
		return nil, parseException("request body is required")
	}
	lines := strings.Split(strings.TrimSuffix(string(c.body), "\n"), "\n")
	var searches []searchRequest
	for n := 0; n+1 < len(lines); n += 2 {
		var head struct {
			Index oneOrList `json:"index"`
		}
		if err := json.Unmarshal([]byte(lines[n]), &head); err != nil && strings.TrimSpace(lines[n]) != "" {
			return nil, contentException("[1:1] " + err.Error())
		}
		expression := c.params["index"]
		if len(head.Index) > 0 {
			expression = strings.Join(head.Index, ",")
		}
		s, err := c.parseSearch([]byte(lines[n+1]), expression)
		if err != nil {
			return nil, err
		}
		searches = append(searches, s)
	}
	return func() (*answer, error) {
		responses := []object{}
		for _, s := range searches {
			responses = append(responses, c.oneOfMany(s))
		}
		return ok(obj("took", 1, "responses", responses))
	}, nil
}

func (c *call) oneOfMany(s searchRequest) object {
	o, err := c.search(s)
	if err == nil {
		return o.with("status", http.StatusOK)
	}
	e, is := errors.AsType[*exception](err)
	if !is {
		e = &exception{status: http.StatusInternalServerError, kind: "exception", reason: err.Error()}
	}
	body := append(obj("root_cause", []object{e.object(false, false)}), e.object(true, false)...)
	return obj("error", body, "status", e.status)
}
