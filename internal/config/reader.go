package config

import (
	"path/filepath"

	"go.yaml.in/yaml/v4"
)

// reader reads one configuration and collects its mistakes.
type reader struct {
	file   string
	errors Errors
	// blamed are the keys that have a mistake: one is enough for each.
	blamed map[string]bool
	// at is where each key stands.
	at map[string]spot
	// variables are the nodes that came from the environment.
	variables map[*yaml.Node]string
	// nodes counts what was read. Aliases can make a small file a big tree.
	nodes int
}

// spot is where a key stands: in a line of the file or in a variable.
type spot struct {
	line     int
	variable string
}

// maxNodes bounds the tree that a file may unfold to.
const maxNodes = 100_000

func newReader(file string) *reader {
	return &reader{file: file, blamed: map[string]bool{}, at: map[string]spot{}, variables: map[*yaml.Node]string{}}
}

// wrong notes a mistake. The first one of a key counts; the others are mostly
// its consequences.
func (r *reader) wrong(key, wrong, right string) {
	if r.blamed[key] && key != "" {
		return
	}
	r.blamed[key] = true
	at := r.spotOf(key)
	e := Error{File: r.file, Line: at.line, Key: key, Wrong: wrong, Right: right}
	if at.variable != "" {
		e.File = at.variable
	}
	r.errors = append(r.errors, e)
}

// spotOf is where a key stands, or where it would have to be.
func (r *reader) spotOf(key string) spot {
	for ; key != ""; key = above(key) {
		if at, ok := r.at[key]; ok {
			return at
		}
	}
	return spot{}
}

// note remembers where a key stands. line is that of the key itself: a list
// begins only below it.
func (r *reader) note(key string, node *yaml.Node, line int) {
	if name, ok := r.variables[node]; ok {
		r.at[key] = spot{variable: name}
		return
	}
	if line > 0 { // a section that the environment began has no line
		r.at[key] = spot{line: line}
	}
}

// place makes a file name relative to the configuration file.
func (r *reader) place(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(r.file), name)
}
