package target

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// special are the escapes of dot, slash, backslash, semicolon and percent sign.
var special = regexp.MustCompile(`(?i)%(2e|2f|5c|3b|25)`)

// segments decodes a raw path that starts with a slash, and refuses what could be
// read in two ways. Segments are split before they are decoded, as Elasticsearch
// does it (contract http 10): %2F never separates.
func segments(raw string) ([]string, error) {
	switch {
	case strings.Contains(raw, "#"):
		return nil, ErrFragment
	case strings.Contains(raw, `\`):
		return nil, ErrBackslash
	case !clean(raw):
		return nil, ErrByte
	}
	list := strings.Split(raw[1:], "/")
	for i, s := range list {
		decoded, err := url.PathUnescape(s)
		switch {
		case err != nil:
			return nil, ErrEscape
		case hasControl(decoded), overlong(decoded):
			return nil, ErrByte
		case dotted(decoded):
			return nil, ErrDots
		}
		list[i] = decoded
	}
	return list, nil
}

// clean: nothing that would end a request line or hide in a log.
func clean(raw string) bool {
	return !strings.Contains(raw, " ") && !hasControl(raw)
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// overlong finds ASCII dressed as longer UTF-8 (%C0%AE for a dot): old decoders
// undress it after everybody has checked.
func overlong(s string) bool {
	for i := range len(s) - 1 {
		a, b := s[i], s[i+1]
		switch {
		case (a == 0xC0 || a == 0xC1) && 0x80 <= b && b <= 0xBF,
			a == 0xE0 && 0x80 <= b && b <= 0x9F,
			a == 0xF0 && 0x80 <= b && b <= 0x8F:
			return true
		}
	}
	return false
}

// maxDecodings is how often upstreams are thought to decode a path. It is bounded
// because a long "%252525..." could be decoded thousands of times.
const maxDecodings = 3

// dotted finds dot segments in a decoded segment: the segment itself, a part of it
// between slashes or backslashes that were encoded, with path parameters behind it
// ("..;x", which servlet containers cut off), or for upstreams that decode again.
func dotted(decoded string) bool {
	if !strings.ContainsAny(decoded, ".%") {
		return false // nearly all
	}
	for range maxDecodings {
		if slices.ContainsFunc(strings.FieldsFunc(decoded, isSlash), isDots) {
			return true
		}
		again := undoDots(decoded)
		if again == decoded {
			return false
		}
		decoded = again
	}
	return false
}

func isDots(part string) bool {
	name, _, _ := strings.Cut(part, ";")
	return name == "." || name == ".."
}

// undoDots decodes once what can make a dot segment, and leaves broken escapes alone
// as lenient servers do.
func undoDots(s string) string {
	return special.ReplaceAllStringFunc(s, func(escape string) string {
		switch strings.ToLower(escape) {
		case "%2e":
			return "."
		case "%2f":
			return "/"
		case "%5c":
			return `\`
		case "%3b":
			return ";"
		}
		return "%"
	})
}

func isSlash(r rune) bool { return r == '/' || r == '\\' }
