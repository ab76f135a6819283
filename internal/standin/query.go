package standin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A query tells whether a document matches.
type query func(*document) bool

func everything(*document) bool { return true }

// parseQueryDSL reads the small part of the query language that tests need;
// anything else is refused as an unknown query is.
func parseQueryDSL(text json.RawMessage) (query, error) {
	if len(text) == 0 {
		return everything, nil
	}
	var clause map[string]json.RawMessage
	if err := json.Unmarshal(text, &clause); err != nil || len(clause) != 1 {
		return nil, parsingException("[_na] query malformed, no start_object after query name")
	}
	for name, body := range clause {
		return parseClause(name, body)
	}
	return everything, nil
}

func parsingException(reason string) *exception {
	return &exception{status: http.StatusBadRequest, kind: "parsing_exception", reason: reason}
}

func parseClause(name string, body json.RawMessage) (query, error) {
	switch name {
	case "match_all":
		return everything, nil
	case "match_none":
		return func(*document) bool { return false }, nil
	case "match", "match_phrase", "term", "terms":
		return parseField(name, body)
	case "prefix", "wildcard":
		return parsePattern(name, body)
	case "range":
		return parseRange(body)
	case "query_string", "simple_query_string", "multi_match":
		var q struct {
			Query string `json:"query"`
		}
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, parsingException("[" + name + "] query malformed")
		}
		return queryString(q.Query), nil
	case "ids":
		var q struct {
			Values []string `json:"values"`
		}
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, parsingException("[ids] query malformed")
		}
		return func(d *document) bool { return slices.Contains(q.Values, d.id) }, nil
	case "exists":
		var q struct {
			Field string `json:"field"`
		}
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, parsingException("[exists] query malformed")
		}
		return func(d *document) bool { return len(d.values(q.Field)) > 0 }, nil
	case "bool":
		return parseBool(body, parseQueryDSL)
	}
	return nil, parsingException("unknown query [" + name + "]")
}

// parseField reads {field: value}, {field: {query|value: value}} and {field: [..]}.
func parseField(name string, body json.RawMessage) (query, error) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil || len(fields) != 1 {
		return nil, parsingException("[" + name + "] query malformed, no start_object after query name")
	}
	for field, asked := range fields {
		if inner, is := asked.(map[string]any); is {
			asked = inner["value"]
			if asked == nil {
				asked = inner["query"]
			}
		}
		options, is := asked.([]any)
		if !is {
			options = []any{asked}
		}
		byWord := strings.HasPrefix(name, "match")
		return func(d *document) bool {
			return slices.ContainsFunc(options, func(o any) bool { return d.has(field, fmt.Sprint(o), byWord) })
		}, nil
	}
	return everything, nil
}

// parseBool reads a bool query whose clauses parse reads.
func parseBool(body json.RawMessage, parse func(json.RawMessage) (query, error)) (query, error) {
	var parts struct {
		Must, Filter, Should json.RawMessage
		MustNot              json.RawMessage `json:"must_not"`
	}
	if err := json.Unmarshal(body, &parts); err != nil {
		return nil, parsingException("[bool] query malformed")
	}
	lists := make([][]query, 0, 4)
	for _, text := range []json.RawMessage{parts.Must, parts.Filter, parts.Should, parts.MustNot} {
		list, err := parseClauses(text, parse)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	must, should, mustNot := append(lists[0], lists[1]...), lists[2], lists[3]
	return func(d *document) bool {
		matches := func(q query) bool { return q(d) }
		if slices.ContainsFunc(mustNot, matches) || slices.ContainsFunc(must, func(q query) bool { return !q(d) }) {
			return false
		}
		return len(should) == 0 || len(must) > 0 || slices.ContainsFunc(should, matches)
	}, nil
}

// parseClauses reads one clause or an array of them.
func parseClauses(text json.RawMessage, parse func(json.RawMessage) (query, error)) ([]query, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var many []json.RawMessage
	if json.Unmarshal(text, &many) != nil {
		many = []json.RawMessage{text}
	}
	var list []query
	for _, one := range many {
		q, err := parse(one)
		if err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, nil
}

// queryString reads "field:value" and bare words; any word is enough.
func queryString(s string) query {
	words := strings.Fields(s)
	return func(d *document) bool {
		return len(words) == 0 || slices.ContainsFunc(words, func(w string) bool {
			field, value, named := strings.Cut(w, ":")
			switch {
			case w == "*" || w == "*:*":
				return true
			case named:
				return d.has(field, strings.Trim(value, `"`), true)
			}
			return slices.ContainsFunc(d.allFields(), func(f string) bool { return d.has(f, w, true) })
		})
	}
}

func (d *document) allFields() []string {
	var names []string
	for name := range d.fields {
		names = append(names, name)
	}
	return names
}

// values are those of a field; dots lead into objects, ".keyword" is the field.
func (d *document) values(field string) []string {
	var value any = d.fields
	for part := range strings.SplitSeq(strings.TrimSuffix(field, ".keyword"), ".") {
		inner, is := value.(map[string]any)
		if !is {
			return nil
		}
		value = inner[part]
	}
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var list []string
		for _, one := range v {
			list = append(list, fmt.Sprint(one))
		}
		return list
	}
	return []string{fmt.Sprint(value)}
}

// has compares whole values or, by word, any common word in any case.
func (d *document) has(field, asked string, byWord bool) bool {
	values := d.values(field)
	if field == "_id" {
		values = []string{d.id}
	}
	if !byWord {
		return slices.Contains(values, asked)
	}
	words := strings.Fields(strings.ToLower(asked))
	return slices.ContainsFunc(values, func(v string) bool {
		own := strings.Fields(strings.ToLower(v))
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(own, w) })
	})
}
