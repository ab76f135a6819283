package standin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// parsePattern reads the prefix and the wildcard query: {field: text} or
// {field: {value: text}}.
func parsePattern(name string, body json.RawMessage) (query, error) {
	field, asked, err := onlyField(name, body)
	if err != nil {
		return nil, err
	}
	if inner, is := asked.(map[string]any); is {
		asked = inner["value"]
	}
	text := fmt.Sprint(asked)
	fits := func(v string) bool { return glob(text, v) }
	if name == "prefix" {
		fits = func(v string) bool { return strings.HasPrefix(v, text) }
	}
	return func(d *document) bool { return slices.ContainsFunc(d.values(field), fits) }, nil
}

// parseRange reads {field: {gt, gte, lt, lte}}. Dates are numbers here: date
// arithmetic is not understood.
func parseRange(body json.RawMessage) (query, error) {
	field, asked, err := onlyField("range", body)
	if err != nil {
		return nil, err
	}
	limits, is := asked.(map[string]any)
	if !is {
		return nil, parsingException("[range] query malformed, no start_object after query name")
	}
	for name := range limits {
		if !slices.Contains([]string{"gt", "gte", "lt", "lte"}, name) {
			return nil, parsingException("[range] query does not support [" + name + "]")
		}
	}
	within := func(value string) bool {
		for name, limit := range limits {
			order := compareValues(value, fmt.Sprint(limit))
			if order < 0 && name[0] == 'g' || order > 0 && name[0] == 'l' || order == 0 && len(name) == len("gt") {
				return false
			}
		}
		return true
	}
	return func(d *document) bool { return slices.ContainsFunc(d.values(field), within) }, nil
}

// onlyField is the one member of a query on a field.
func onlyField(name string, body json.RawMessage) (string, any, error) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil || len(fields) != 1 {
		return "", nil, parsingException("[" + name + "] query malformed, no start_object after query name")
	}
	for field, asked := range fields {
		return field, asked, nil
	}
	return "", nil, nil
}
