package web

import (
	"fmt"
	"net/http"
	"strings"
)

// Redirect sends a browser to location, by GET. It is the only redirect of the
// gateway: 303, so that a POST is not repeated elsewhere; never stored; and
// without Referer, since our addresses carry return URLs and states.
//
// The location must be proven by its owner (returnto.URL, an answer of
// Elasticsearch, our own prefix). It is sent as it is, where http.Redirect would
// clean its path; bytes outside of ASCII are escaped, since browsers disagree
// about them.
func Redirect(w http.ResponseWriter, _ *http.Request, location string) {
	h := w.Header()
	h.Set("Location", ascii(location))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Length", "0")
	h.Del("Content-Type")
	w.WriteHeader(http.StatusSeeOther)
}

func ascii(location string) string {
	var b strings.Builder
	for _, c := range []byte(location) {
		if c < ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
