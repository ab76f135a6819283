package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds the configuration file. Ours have a few kilobytes.
const maxFile = 1 << 20

// document reads the file as one tree of nodes; nil if there is none.
func (r *reader) document() *yaml.Node {
	text, err := readBounded(r.file, maxFile)
	if err != nil {
		r.wrong("", cause(err), "")
		return nil
	}
	if strings.TrimSpace(string(text)) == "" {
		r.wrong("", "is empty", "it needs at least public_url, elasticsearch, sessions and methods")
		return nil
	}
	var doc yaml.Node
	if err := yaml.Load(text, &doc); err != nil {
		r.syntax(err)
		return nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		r.wrong("", "does not consist of keys and values", "begin with public_url: https://...")
		return nil
	}
	return doc.Content[0]
}

// syntax reports what is no YAML. The text is the parser's own, except where it
// would repeat what stands in the file: that may be a password.
func (r *reader) syntax(err error) {
	e := Error{File: r.file, Wrong: "is no YAML", Right: "compare indentation, quotes and brackets with the lines above"}
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		e.Line = load.Mark.Line
		e.Wrong = "is no YAML: " + strings.TrimPrefix(load.Message, "yaml: ")
		if from := load.ContextMark.Line; from > 0 && from < e.Line {
			e.Wrong += fmt.Sprintf(" (%s that began in line %d)", strings.TrimPrefix(load.ContextMsg, "while scanning "), from)
		}
		switch {
		case strings.Contains(load.Message, "anchor"):
			e.Wrong, e.Right = "is no YAML: a value that begins with * is the alias of nothing", "quote the value"
		case strings.Contains(load.Message, "no documents"):
			e.Wrong, e.Right = "is empty", "it needs at least public_url, elasticsearch, sessions and methods"
		case strings.Contains(load.Message, "cannot start any token"):
			e.Right = "quote the value; indent with spaces, not with tabs"
		case strings.Contains(load.Message, "single document"):
			e.Wrong, e.Right = "holds more than one document", "leave out the lines of three dashes, or what follows"
		case strings.Contains(load.Message, "tab character"):
			e.Right = "indent with spaces"
		case strings.Contains(load.Message, "mapping values"):
			e.Right = "quote a value that has a colon and a space in it, and indent all keys of a section alike"
		}
	}
	r.errors = append(r.errors, e)
}

// readBounded reads a file that must be small.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return text, nil
}

// cause says in our words why a file was not read.
func cause(err error) string {
	path, ok := errors.AsType[*os.PathError](err)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Sprintf("there is no file %s", path.Path)
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("%s may not be read by this user", path.Path)
	case ok:
		return fmt.Sprintf("%s cannot be read: %s", path.Path, path.Err)
	}
	return err.Error()
}
