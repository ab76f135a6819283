package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Error is one mistake in the configuration.
type Error struct {
	// File is the configuration file, or the environment variable that holds the
	// mistake.
	File string
	// Line in the file; 0 if no line is to blame.
	Line int
	// Key is the path of the key, for example methods[0].realm; empty if none is
	// to blame.
	Key string
	// Wrong says what is wrong, Right what would be right.
	Wrong, Right string
}

// Error shows the mistake on one line.
func (e Error) Error() string {
	out := e.File
	if e.Line > 0 {
		out += fmt.Sprintf(":%d", e.Line)
	}
	if e.Key != "" {
		out += ": " + e.Key
	}
	out += ": " + e.Wrong
	if e.Right != "" {
		out += "; " + e.Right
	}
	return printable(out)
}

// maxMistake bounds one line: keys and values in it can be of any length.
const maxMistake = 2000

// printable keeps what stands in a file from beginning lines or moving a cursor.
func printable(text string) string {
	if len(text) > maxMistake {
		text = text[:maxMistake] + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// Errors are all mistakes of a configuration, in the order of their lines.
type Errors []Error

// Error shows each mistake on a line of its own.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted orders mistakes by place and drops those that are there twice.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.File, b.File))
	})
	return slices.Compact(e)
}
