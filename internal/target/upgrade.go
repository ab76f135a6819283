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
	case len(protocols) == 1 && strings.EqualFold(protocols[0], "websocket") && r.Method == http.MethodGet:
		return true, nil
	}
	return false, ErrUpgrade
}

// names reports whether a list in header fields holds a word.
func names(fields []string, word string) bool {
	for _, field := range fields {
		for item := range strings.SplitSeq(field, ",") {
			if strings.EqualFold(strings.TrimSpace(item), word) {
				return true
			}
		}
	}
	return false
}
