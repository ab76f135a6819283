package config

import (
	"errors"
	"reflect"

	"go.yaml.in/yaml/v4"
)

// Section is a part of the file whose further keys belong to a plug-in.
type Section struct {
	// Type says which plug-in it is, and so which further keys there are.
	Type string `yaml:"type"`

	key  string
	node *yaml.Node // unexported, so that no log shows the section's secrets
}

// MethodSection is one way to sign in.
type MethodSection struct {
	// Name is short, of the letters a-z, digits and "-". It is part of the
	// method's addresses and stands in each session.
	Name string `yaml:"name"`
	// Section has the type, and the keys of that type.
	Section `yaml:",inline"`
	// Title is what people read on the button. Empty: the name.
	Title string `yaml:"title"`
}

// plugin is a section as its plug-in reads it. It implements login.Section and
// session.Section.
type plugin struct {
	reader *reader
	Section
	// ours are the keys of the section that the plug-in does not know.
	ours []string
}

// Decode reads the plug-in's keys into the struct that the pointer leads to.
// The mistakes are kept with all the others; the error only says that there are some.
func (p plugin) Decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return errors.New("a section is decoded into a pointer to a struct")
	}
	before := len(p.reader.errors)
	if p.node != nil {
		p.reader.structure(p.key, p.node, v.Elem(), p.ours)
	}
	if found := p.reader.errors[before:]; len(found) > 0 {
		return errReported
	}
	return nil
}

// errReported says that the reader has the mistakes already.
var errReported = errors.New("the section has mistakes")
