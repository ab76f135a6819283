package returnto_test

import (
	"strings"
	"testing"
)

// FuzzParse looks for an address that we accept and a browser takes elsewhere. The
// judge is a second reading of WHATWG's URL parser, written for the other direction:
// it repairs whatever a browser repairs.
func FuzzParse(f *testing.F) {
	p := policy(f, "https://sso.example.com")
	for _, tc := range redirects() {
		f.Add(tc.raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := p.Parse(raw)
		if err != nil {
			if !got.IsZero() {
				t.Fatalf("%q is refused and returned", raw)
			}
			return
		}
		for _, asked := range []string{raw, got.String()} {
			scheme, host, path := browse(asked, "sso.example.com")
			if scheme != "https" || host != got.Host() {
				t.Fatalf("%q: a browser goes to %s://%s%s, we say %s", asked, scheme, host, path, got)
			}
			if strings.HasPrefix(path, "/_gateway/") && path != "/_gateway/session" || path == "/_gateway" {
				t.Fatalf("%q: a browser asks for our own page %q", asked, path)
			}
		}
		if host := got.Host(); host != "sso.example.com" && host != "app.example.com" && host != "es.example.com" {
			t.Fatalf("%q leads to %q", raw, host)
		}
		if i := strings.IndexAny(raw, "?#"); i >= 0 && !strings.HasSuffix(got.String(), raw[i:]) {
			t.Fatalf("%q: query and fragment became %q", raw, got)
		}
		if again, err := p.Parse(got.String()); err != nil || again != got {
			t.Fatalf("%q is not accepted again: %v", got, err)
		}
		if strings.ContainsAny(got.String(), "\r\n\t\x00") {
			t.Fatalf("%q would break a header", got)
		}
	})
}

// browse says where a browser on a page of base would go.
func browse(raw, base string) (scheme, host, path string) {
	raw = strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	raw = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(raw)
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	raw = strings.ReplaceAll(raw, `\`, "/")
	scheme, rest := "https", raw
	if i := strings.IndexByte(raw, ':'); i > 0 && isScheme(raw[:i]) {
		scheme, rest = strings.ToLower(raw[:i]), raw[i+1:]
		if scheme != "https" {
			return scheme, "", ""
		}
		if !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") {
			rest = "//" + strings.TrimLeft(rest, "/")
		}
	}
	host, path = base, rest
	if strings.HasPrefix(rest, "//") {
		host, path, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		path = "/" + path
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	return scheme, host, resolve(path)
}

func isScheme(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '+' && r != '-' && r != '.'
	})
}

// resolve removes dot segments as browsers do, encoded ones too.
func resolve(path string) string {
	var kept []string
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch strings.ReplaceAll(strings.ToLower(part), "%2e", ".") {
		case ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, part)
		}
	}
	return "/" + strings.Join(kept, "/")
}
