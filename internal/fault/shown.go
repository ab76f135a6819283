package fault

import (
	"strings"
	"unicode"
)

// maxShown bounds a text of others: nobody compares more by eye.
const maxShown = 200

// Shown makes a text that others have written (an identity provider, a message) fit to
// be shown and logged: bounded, on one line, and without characters that turn or hide
// others. It is not escaped: that is the business of whoever shows it.
func Shown(text string) string { return ShownUpTo(text, maxShown) }

// ShownUpTo is Shown with another bound, in characters.
func ShownUpTo(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, c := range strings.TrimSpace(text) {
		if n++; n > most {
			return b.String() + "..."
		}
		if !unicode.IsPrint(c) {
			c = '\uFFFD'
		}
		b.WriteRune(c)
	}
	return b.String()
}
