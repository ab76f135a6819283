package standin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// document is the key as queries see it, by the names that they use.
func (k *apiKey) document() *document {
	fields := map[string]any{
		"username": k.owner.name, "realm_name": k.owner.realm.name, "name": k.name, "type": "rest",
		"creation": millis(k.created), "invalidated": k.dead,
	}
	if !k.expires.IsZero() {
		fields["expiration"] = millis(k.expires)
	}
	if k.dead {
		fields["invalidation"] = millis(k.died)
	}
	var metadata map[string]any
	_ = json.Unmarshal(k.metadata, &metadata) // it was read as an object already
	fields["metadata"] = metadata
	return &document{id: k.id, fields: fields}
}

// millis is a time as JSON numbers are read.
func millis(at time.Time) float64 { return float64(at.UnixMilli()) }

// keyField refuses the names that queries may not use (FieldNameTranslators).
func keyField(name string) error {
	known := []string{"username", "realm_name", "name", "type", "creation", "expiration", "invalidated", "invalidation", "metadata"}
	switch {
	case strings.Contains(name, "*"):
		return illegalArgument("Field name pattern [" + name + "] is not allowed for querying or aggregation")
	case !slices.Contains(known, name) && !strings.HasPrefix(name, "metadata."):
		return illegalArgument("Field [" + name + "] is not allowed for querying or aggregation")
	}
	return nil
}

// parseKeyQuery reads the queries that are allowed on keys.
func parseKeyQuery(text json.RawMessage) (query, error) {
	var clause map[string]json.RawMessage
	_ = json.Unmarshal(text, &clause) // it was parsed already, or is absent
	for name, body := range clause {
		return parseKeyClause(name, body)
	}
	return everything, nil
}

func parseKeyClause(name string, body json.RawMessage) (query, error) {
	switch name {
	case "bool":
		return parseBool(body, parseKeyQuery)
	case "match_all", "ids", "simple_query_string":
		return parseClause(name, body)
	case "term", "terms", "match", "prefix", "wildcard", "range", "exists":
		if err := keyField(fieldOf(name, body)); err != nil {
			return nil, err
		}
		if name == "match" {
			name = "term" // these fields are not analysed
		}
		return parseClause(name, body)
	}
	return nil, illegalArgument("Query type [" + name + "] is not currently supported in this context")
}

// fieldOf is the field that a query is about.
func fieldOf(name string, body json.RawMessage) string {
	var fields map[string]any
	_ = json.Unmarshal(body, &fields) // it was parsed already
	if name == "exists" {
		field, _ := fields["field"].(string)
		return field
	}
	for field := range maps.Keys(fields) {
		return field
	}
	return ""
}
