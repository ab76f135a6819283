package target

import (
	"slices"
	"strings"
)

// Under reports whether the path lies under prefix, by whole segments: "/app" holds
// "/app", "/app/" and "/app/x", not "/apple". A prefix that ends in a slash holds only
// what is below it: "/app/" does not hold "/app". The prefix is plain text, not encoded.
func (t Target) Under(prefix string) bool {
	trimmed := strings.Trim(prefix, "/")
	if trimmed == "" {
		return t.Path != ""
	}
	n := 0
	for want := range strings.SplitSeq(trimmed, "/") {
		if n == len(t.Segments) || t.Segments[n] != want {
			return false
		}
		n++
	}
	return n < len(t.Segments) || !strings.HasSuffix(prefix, "/")
}

// PublicSafe reports whether any upstream reads the path as we do. False for an
// encoded slash, dot or backslash, and for what still holds an escape when decoded:
// such a path must not be public, since the upstream may see another one.
func (t Target) PublicSafe() bool {
	raw := strings.ToLower(t.Path)
	for _, escape := range []string{"%2f", "%2e", "%5c", "%25"} {
		if strings.Contains(raw, escape) {
			return false
		}
	}
	return true
}

// Loose is the target as an upstream reads it that is generous with paths: encoded
// slashes and backslashes separate, empty segments vanish, path parameters are cut
// off. Where routes of one host ask for different things, take the request only if
// both readings fall on the same route: /public%2f..., //admin and /admin;x all reach
// /admin on some upstream.
func (t Target) Loose() Target {
	if !slices.ContainsFunc(t.Segments, twofold) {
		return t
	}
	loose := t
	loose.Segments = nil
	for _, s := range t.Segments {
		for _, part := range strings.FieldsFunc(s, isSlash) {
			if name, _, _ := strings.Cut(part, ";"); name != "" {
				loose.Segments = append(loose.Segments, name)
			}
		}
	}
	return loose
}

// twofold reports whether a segment reads otherwise to Loose.
func twofold(segment string) bool { return segment == "" || strings.ContainsAny(segment, `/\;`) }

// ElasticsearchSafe refuses what Elasticsearch reads as something that nobody meant:
// ErrEmptySegment and ErrSniffing (contract http 10 and 8).
func (t Target) ElasticsearchSafe() error {
	if strings.Contains(t.Path, "//") {
		return ErrEmptySegment
	}
	if len(t.Segments) > 1 && t.Segments[0] == "_nodes" && slices.ContainsFunc(t.Segments[1:], asksHTTP) {
		return ErrSniffing
	}
	return nil
}

// asksHTTP: a segment can be a list of metrics.
func asksHTTP(segment string) bool {
	return slices.Contains(strings.Split(segment, ","), "http")
}
