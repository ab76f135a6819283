package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// value reads a node into a value of any of the types that sections use. What
// stands in the node is quoted in messages only where it cannot be a secret.
func (r *reader) value(key string, node *yaml.Node, into reflect.Value) {
	if r.nodes++; r.nodes > maxNodes {
		if r.nodes == maxNodes+1 {
			r.wrong("", "unfolds to too much", "use fewer aliases")
		}
		return
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	text, isText := into.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case isText:
		if r.scalar(key, node) {
			if err := text.UnmarshalText([]byte(node.Value)); err != nil {
				r.wrong(key, err.Error(), "")
			}
		}
	case into.Kind() == reflect.Struct:
		r.structure(key, node, into, nil)
	case into.Kind() == reflect.Slice:
		r.list(key, node, into)
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.value(key, node, into.Elem())
	case into.Kind() == reflect.Map:
		if err := node.Load(into.Addr().Interface(), yaml.WithKnownFields()); err != nil {
			r.wrong(key, "cannot be read", "write keys and values: {key: value}")
		}
	case r.scalar(key, node):
		r.plain(key, node.Value, into)
	}
}

// structure reads a section. ours are keys that somebody else has read.
func (r *reader) structure(key string, node *yaml.Node, into reflect.Value, ours []string) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if isNull(node) {
		return // a section whose keys are all commented out
	}
	if node.Kind != yaml.MappingNode {
		r.wrong(key, "is no section", "write its keys and values below it, or as {key: value}")
		return
	}
	fields, open := fieldsOf(into.Type())
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		path := join(key, name.Value)
		if name.Kind != yaml.ScalarNode {
			r.wrong(key, fmt.Sprintf("has a key in line %d that is no word", name.Line), "")
			continue
		}
		if seen[name.Value] {
			r.errors = append(r.errors, Error{
				File: r.file, Line: name.Line, Key: path, Wrong: fmt.Sprintf("is there twice, first in line %d", r.at[path].line), Right: "leave one out",
			})
			continue
		}
		seen[name.Value] = true
		r.note(path, value, name.Line)
		if f := slices.IndexFunc(fields, func(f field) bool { return f.key == name.Value }); f >= 0 {
			r.member(path, value, fields[f], into)
		} else if !open && !slices.Contains(ours, name.Value) {
			r.unknown(key, name.Value, fields, ours)
		}
	}
	if open {
		keep(key, node, into)
	}
}

// member reads one known key of a section.
func (r *reader) member(key string, node *yaml.Node, f field, section reflect.Value) {
	into := section.FieldByIndex(f.index)
	r.value(key, node, into)
	if into.Kind() == reflect.String && (f.file || isFile(key)) {
		into.SetString(r.place(into.String()))
	}
}

// keep gives an open section its node, for the plug-in that reads the rest.
func keep(key string, node *yaml.Node, into reflect.Value) {
	switch s := into.Addr().Interface().(type) {
	case *Section:
		s.key, s.node = key, node
	case *MethodSection:
		s.key, s.node = key, node
	}
}

func (r *reader) list(key string, node *yaml.Node, into reflect.Value) {
	if _, ok := r.variables[node]; ok {
		node = r.split(node)
	}
	if node.Kind != yaml.SequenceNode {
		r.wrong(key, "is no list", "write [one, two], or one a line after a dash")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content)))
	for i, one := range node.Content {
		path := fmt.Sprintf("%s[%d]", key, i)
		r.note(path, one, one.Line)
		r.value(path, one, into.Index(i))
	}
}

// split makes a list of a variable's text.
func (r *reader) split(node *yaml.Node) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for part := range strings.SplitSeq(node.Value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			one := textNode(part)
			r.variables[one] = r.variables[node]
			list.Content = append(list.Content, one)
		}
	}
	return list
}

// scalar reports whether a node is a single value, and complains if not.
func (r *reader) scalar(key string, node *yaml.Node) bool {
	switch {
	case isNull(node):
		r.wrong(key, "has no value", "give it one, or leave the key out")
	case node.Kind != yaml.ScalarNode:
		r.wrong(key, "is a list or a section", "write a single value; quote it if it begins with [ or {")
	case !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}, node.ShortTag()):
		r.wrong(key, "has a tag", "quote the value if it begins with !")
	default:
		return true
	}
	return false
}

// isText reports whether values of the type are read from a text by themselves.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

func textNode(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
