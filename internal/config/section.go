package config

import "go.yaml.in/yaml/v4"

// Section is a part of the file whose further keys belong to a plug-in: what
// type of plug-in it is, and the keys that we read ourselves.
type Section struct {
	// Name of a method: short, of the letters a-z, digits and "-". It is part of
	// the method's addresses and stands in each session.
	Name string `yaml:"name"`
	// Type says which plug-in it is, and so which further keys there are.
	Type string `yaml:"type"`
	// Title is what people read on a method's button. Empty: the name.
	Title string `yaml:"title"`

	node *yaml.Node // unexported, so that no log shows the section's secrets
}
