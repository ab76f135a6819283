package doctor

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/esgateway/esgateway/internal/elastic"
)

// report writes the lines.
type report struct {
	out    io.Writer
	failed bool
}

// line writes one line: how it went, what was looked at, what was found.
func (r *report) line(how string, parts ...string) {
	fmt.Fprintf(r.out, "%-4s %s\n", how, printable(strings.Join(parts, "  ")))
}

func (r *report) ok(parts ...string) { r.line("ok", parts...) }

// fail writes a line with what to do about it.
func (r *report) fail(subject, text, advice string) {
	r.failed = true
	if advice != "" {
		text += "; " + advice
	}
	r.line("FAIL", subject, text)
}

// refused writes what Elasticsearch said, or why it said nothing.
func (r *report) refused(subject string, err error) {
	if e, ok := errors.AsType[*elastic.Error](err); ok && e.Hint != "" && !strings.Contains(err.Error(), e.Hint) {
		r.fail(subject, err.Error(), e.Hint)
		return
	}
	r.fail(subject, err.Error(), "")
}

// maxLine bounds a line: part of it comes from other machines.
const maxLine = 2000

// printable keeps what other machines say from moving the cursor.
func printable(text string) string {
	if len(text) > maxLine {
		text = text[:maxLine] + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
