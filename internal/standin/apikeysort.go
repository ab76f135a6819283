package standin

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A keySort is the sort keys of a search for API keys; none is the order of creation.
type keySort []sortKey

type sortKey struct {
	field      string
	descending bool
}

// parseKeySort reads "field", {field: {order: ..}} and arrays of these.
func parseKeySort(text json.RawMessage) (keySort, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err // it was parsed already
	}
	list, is := value.([]any)
	if !is {
		list = []any{value}
	}
	var order keySort
	for _, element := range list {
		key, err := parseSortKey(element)
		if err != nil {
			return nil, err
		}
		order = append(order, key)
	}
	return order, nil
}

func parseSortKey(element any) (sortKey, error) {
	var key sortKey
	switch e := element.(type) {
	case string:
		key.field = e
	case map[string]any:
		for field, how := range e {
			key.field = field
			options, _ := how.(map[string]any)
			key.descending = options["order"] == "desc"
		}
	default:
		return key, illegalArgument("mal-formatted sort object")
	}
	if key.field == "_doc" {
		return key, nil
	}
	return key, keyField(key.field)
}

func (order keySort) sorted(keys []foundKey) []foundKey {
	slices.SortStableFunc(keys, func(a, b foundKey) int {
		for _, key := range order {
			if n := key.compare(a.sortValue(key.field), b.sortValue(key.field)); n != 0 {
				return n
			}
		}
		return 0
	})
	return keys
}

func (k sortKey) compare(a, b string) int {
	if k.descending {
		a, b = b, a
	}
	return compareValues(a, b)
}

// after leaves what comes behind the values of search_after.
func (order keySort) after(keys []foundKey, text json.RawMessage) []foundKey {
	var values []any
	if json.Unmarshal(text, &values) != nil {
		return keys
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k foundKey) bool {
		for i, key := range order[:min(len(order), len(values))] {
			behind := "" // null: of a key that has no such field
			if values[i] != nil {
				behind = fmt.Sprint(values[i])
			}
			if n := key.compare(k.sortValue(key.field), behind); n != 0 {
				return n < 0
			}
		}
		return true
	})
}

// values are what search_after takes to go on behind this key.
func (order keySort) values(k foundKey) []any {
	var values []any
	for _, key := range order {
		value := k.fields[key.field]
		if text := k.sortValue(key.field); value == nil && text != "" {
			value = text // no field of its own, or one inside of another
		}
		values = append(values, value)
	}
	return values
}
