package target

import (
	"net/http"
	"strings"
)

// Websocket reports whether the request asks to go on as a websocket. Any other
// upgrade is refused with ErrUpgrade: after "h2c" further requests would pass on the
// connection that nobody checks.
func Websocket(r *http.Request) (bool, error) {
	protocols := r.Header.Values("Upgrade")
	switch {
	case len(protocols) == 0 && !names(r.Header.Values("Connection"), "upgrade"):
		return false, nil
	case len(protocols) == 1 && same(protocols[0], "websocket") && r.Method == http.MethodGet:
		return true, nil
	}
	return false, ErrUpgrade
}

// names reports whether a list in header fields holds a word.
func names(fields []string, word string) bool {
	for _, field := range fields {
		for item := range strings.SplitSeq(field, ",") {
			if same(strings.TrimSpace(item), word) {
				return true
			}
		}
	}
	return false
}

// same compares without case, and without the letters of other alphabets that
// EqualFold takes for ours (the Kelvin sign for a k): those are longer.
func same(s, word string) bool { return len(s) == len(word) && strings.EqualFold(s, word) }
