package web

import (
	"html/template"
	"time"
	"unicode"
	"unicode/utf8"
)

// functions are what templates can do beyond the standard.
func functions() template.FuncMap {
	return template.FuncMap{"moment": moment, "machine": machine, "initial": initial}
}

// moment is a time for people. The server does not know where they are, so it
// is UTC; with script the browser shows its own.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// machine is a time for scripts.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// initial is the first letter of a name.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(name)
	if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
		return "·"
	}
	return string(unicode.ToUpper(r))
}
