package returnto

import (
	"net/url"
	"path"
	"strings"
	"unicode/utf8"
)

// printable refuses what browsers strip before they parse (blanks around, tabs and
// line feeds inside) and what must not stand in a header.
func printable(raw string) bool {
	if raw == "" || strings.TrimSpace(raw) != raw || !utf8.ValidString(raw) {
		return false
	}
	return !strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// checkPath looks at what stands between host and query. Query and fragment are free:
// no parser looks for a host there.
func (p Policy) checkPath(rest string) error {
	raw := rest[:end(rest, "?#")]
	if strings.Contains(raw, `\`) || strings.HasPrefix(raw, "//") {
		return ErrMalformed
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil || hasDots(decoded) {
		return ErrMalformed // a browser resolves /x/%2e%2e/_gateway/logout before it asks
	}
	prefix := strings.TrimSuffix(p.Prefix, "/")
	// The session page is a place to land on.
	if raw != prefix+"/session" && under(decoded, prefix) {
		return ErrOwnPage
	}
	return nil
}

func hasDots(decoded string) bool {
	for part := range strings.FieldsFuncSeq(decoded, isSlash) {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

func isSlash(r rune) bool { return r == '/' || r == '\\' }

// under reports whether a decoded path is one of our own pages, however the server
// reads slashes.
func under(decoded, prefix string) bool {
	plain := path.Clean(strings.ReplaceAll(decoded, `\`, "/"))
	return prefix != "" && (plain == prefix || strings.HasPrefix(plain, prefix+"/"))
}
