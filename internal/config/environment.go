package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// variablePrefix begins every variable that is ours.
const variablePrefix = "ESGATEWAY_"

// serviceLink is what Kubernetes adds to a pod for a service called esgateway or
// esgateway-...: ESGATEWAY_SERVICE_HOST, ESGATEWAY_PORT_8443_TCP_ADDR.
var serviceLink = regexp.MustCompile(`^ESGATEWAY_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// variable is the environment's name of a key.
type variable struct {
	name, path string
}

// variables lists the keys that the environment can set: all but those in lists
// of sections and those of plug-ins.
func variables() []variable { return variablesOf(reflect.TypeFor[Config](), "") }

func variablesOf(t reflect.Type, section string) []variable {
	var all []variable
	fields, _ := fieldsOf(t)
	for _, f := range fields {
		path := join(section, f.key)
		switch {
		case f.typ.Kind() == reflect.Struct && !isText(f.typ):
			all = append(all, variablesOf(f.typ, path)...)
		case f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.Struct:
		default:
			all = append(all, variable{variableName(path), path})
		}
	}
	return all
}

func variableName(path string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// storeVariable begins the variables of the store's own keys, which only its
// plug-in knows.
const storeVariable = variablePrefix + "SESSIONS_STORE_"

// environment puts the variables into the tree, over what the file says. It
// returns the warnings.
func (r *reader) environment(root *yaml.Node, env []string) []string {
	known := variables()
	var links int
	for _, pair := range env {
		name, text, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(known, func(v variable) bool { return v.name == name })
		switch rest, store := strings.CutPrefix(name, storeVariable); {
		case !strings.HasPrefix(name, variablePrefix):
		case i >= 0:
			r.set(root, known[i].path, name, text)
		case serviceLink.MatchString(name):
			links++
		case store && rest != "":
			r.set(root, "sessions.store."+strings.ToLower(rest), name, text)
		default:
			r.strange(name, known)
		}
	}
	if links == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d variables of Kubernetes' service links (such as ESGATEWAY_SERVICE_HOST) are ignored; enableServiceLinks: false in the pod leaves them out", links)}
}

// strange complains about a variable that sets nothing.
func (r *reader) strange(name string, known []variable) {
	e := Error{File: name, Wrong: "unknown variable"}
	rests := make([]string, len(known)) // without what all have in common, or everything would be near
	for i, v := range known {
		rests[i] = strings.TrimPrefix(v.name, variablePrefix)
	}
	rest := strings.TrimPrefix(name, variablePrefix)
	if section, _, _ := strings.Cut(rest, "_"); section == "METHODS" || section == "ROUTES" {
		e.Right = strings.ToLower(section) + " can be written in the file only"
	} else if meant, ok := nearest(rest, rests); ok {
		e.Right = "did you mean " + variablePrefix + meant + "?"
	} else {
		e.Right = "each name is ESGATEWAY_SECTION_KEY, for example ESGATEWAY_LISTEN_ADDRESS"
	}
	r.errors = append(r.errors, e)
}

// set puts one text where the path leads, and makes the sections on the way.
func (r *reader) set(root *yaml.Node, path, name, text string) {
	node := root
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		if node = section(node, key); node == nil {
			return // no section: the reader complains about it
		}
	}
	leaf := textNode(text)
	r.variables[leaf] = name
	put(node, keys[len(keys)-1], leaf)
}

// section finds or makes a section in a section. One that is an alias is copied
// first, so that only this use of it changes.
func section(node *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != key {
			continue
		}
		found := node.Content[i+1]
		if found.Kind == yaml.AliasNode {
			found = &yaml.Node{Kind: found.Alias.Kind, Tag: found.Alias.Tag, Value: found.Alias.Value, Content: slices.Clone(found.Alias.Content), Line: found.Line}
			node.Content[i+1] = found
		}
		if isNull(found) {
			*found = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: found.Line}
		}
		if found.Kind != yaml.MappingNode {
			return nil
		}
		return found
	}
	made := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	node.Content = append(node.Content, textNode(key), made)
	return made
}

// put sets a key of a section, over every value that it has.
func put(node *yaml.Node, key string, value *yaml.Node) {
	found := false
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			node.Content[i+1], found = value, true
		}
	}
	if !found {
		node.Content = append(node.Content, textNode(key), value)
	}
}
