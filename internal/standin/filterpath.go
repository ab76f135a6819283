package standin

import (
	"bytes"
	"encoding/json"
	"strings"
)

// filter keeps what the parameter filter_path names; order and numbers stay as
// they are. Errors are never filtered.
func (a *answer) filter(list string) {
	var include, exclude [][]string
	for path := range strings.SplitSeq(list, ",") {
		if rest, minus := strings.CutPrefix(path, "-"); minus {
			exclude = append(exclude, strings.Split(rest, "."))
		} else {
			include = append(include, strings.Split(path, "."))
		}
	}
	tree := parseOrdered(a.body)
	if len(include) > 0 {
		tree = prune(tree, include, true)
	}
	tree = prune(tree, exclude, false)
	if tree == nil {
		tree = object{}
	}
	if body, err := encode(tree); err == nil {
		a.body = body
	}
}

// parseOrdered reads JSON into objects, arrays and raw scalars.
func parseOrdered(text json.RawMessage) any {
	switch text = bytes.TrimSpace(text); {
	case bytes.HasPrefix(text, []byte("{")):
		dec := json.NewDecoder(bytes.NewReader(text))
		_, _ = dec.Token() // our own JSON: it is sound
		o := object{}
		for dec.More() {
			name, _ := dec.Token()
			var value json.RawMessage
			if dec.Decode(&value) != nil {
				return text
			}
			s, _ := name.(string)
			o = o.with(s, parseOrdered(value))
		}
		return o
	case bytes.HasPrefix(text, []byte("[")):
		var list []json.RawMessage
		if json.Unmarshal(text, &list) != nil {
			return text
		}
		items := make([]any, 0, len(list))
		for _, item := range list {
			items = append(items, parseOrdered(item))
		}
		return items
	}
	return text
}

// prune walks the paths down; nil means that nothing is left. With keep it
// keeps what a path reaches, without it drops just that.
func prune(tree any, paths [][]string, keep bool) any {
	switch t := tree.(type) {
	case object:
		left := object{}
		for _, m := range t {
			down, reached := descend(paths, m.name)
			if reached && !keep {
				continue
			}
			value := m.value
			if !reached {
				value = prune(m.value, down, keep)
			}
			if value != nil {
				left = left.with(m.name, value)
			}
		}
		if len(left) > 0 || !keep {
			return left
		}
	case []any:
		left := []any{}
		for _, item := range t {
			if value := prune(item, paths, keep); value != nil {
				left = append(left, value)
			}
		}
		if len(left) > 0 || !keep {
			return left
		}
	default:
		if !keep {
			return tree
		}
	}
	return nil
}

// descend takes one step; reached tells whether a path ends here. "**" takes
// any number of steps.
func descend(paths [][]string, name string) (down [][]string, reached bool) {
	for _, path := range paths {
		step, rest := path[0], path[1:]
		if step == "**" {
			down = append(down, path)
			if len(rest) == 0 {
				return nil, true
			}
			step, rest = rest[0], rest[1:]
		}
		if !glob(step, name) {
			continue
		}
		if len(rest) == 0 {
			return nil, true
		}
		down = append(down, rest)
	}
	return down, false
}
