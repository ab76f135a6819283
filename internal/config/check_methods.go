package config

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/esgateway/esgateway/internal/login"
)

// methodName keeps names to what is the same in a path, a log and a label.
var methodName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// nameRule is what a name of a method may be.
const nameRule = "write at most 40 of a-z, 0-9 and - between them"

// methods proves the ways to sign in.
func (p *proof) methods() {
	if len(p.cfg.Methods) == 0 {
		p.missing("methods", "at least one way to sign in is needed, for example - {name: corp, type: saml, realm: saml1}")
	}
	first := map[string]int{}
	for i, m := range p.cfg.Methods {
		key := fmt.Sprintf("methods[%d]", i)
		before, twice := first[m.Name]
		switch {
		case m.Name == "":
			p.missing(key+".name", "it is part of the method's addresses, for example corp")
		case !methodName.MatchString(m.Name):
			p.wrong(key+".name", fmt.Sprintf("%q is no name", m.Name), nameRule)
		case twice:
			p.wrong(key+".name", fmt.Sprintf("%q is the name of methods[%d] already", m.Name, before), "names are unique")
		default:
			first[m.Name] = i
		}
		if kind, ok := p.kind(key, m); ok {
			p.method(key, m, kind)
		}
	}
}

func (p *proof) kind(key string, m MethodSection) (login.Kind, bool) {
	var types []string
	for _, kind := range p.plugins.Methods {
		if kind.Type == m.Type {
			return kind, true
		}
		types = append(types, kind.Type)
	}
	if m.Type == "" {
		p.missing(key+".type", "known are "+list(types))
	} else {
		p.wrong(key+".type", fmt.Sprintf("%q is no type of method", m.Type), knownTypes(m.Type, types))
	}
	return login.Kind{}, false
}

// knownTypes says what would have been right.
func knownTypes(word string, types []string) string {
	if meant, ok := nearest(word, types); ok {
		return fmt.Sprintf("did you mean %s?", meant)
	}
	return "known are " + list(types)
}

// method lets the plug-in read the rest of its section.
func (p *proof) method(key string, m MethodSection, kind login.Kind) {
	m.key = key
	parsed, err := kind.Parse(plugin{reader: p.reader, Section: m.Section, ours: []string{"name", "type", "title"}})
	if err != nil {
		p.section(key, err)
		return
	}
	p.ready.Methods = append(p.ready.Methods, Method{Name: m.Name, Type: m.Type, Title: cmp.Or(m.Title, m.Name), Parsed: parsed})
}
