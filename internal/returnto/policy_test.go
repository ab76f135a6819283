package returnto_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/returnto"
)

func policy(t testing.TB, public string) returnto.Policy {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	return returnto.Policy{Public: u, Hosts: []string{"app.example.com", "ES.example.com"}, Prefix: "/_gateway"}
}

// redirects is the table of return addresses, with those that have fooled other
// gateways (contract security 1.1, 1.3, 1.8, 1.9). An empty want with an error is a
// refusal.
func redirects() []struct {
	name, raw, want string
	err             error
} {
	const pub = "https://sso.example.com"
	return []struct {
		name, raw, want string
		err             error
	}{
		// ours
		{"the root", "/", pub + "/", nil},
		{"a path", "/app/x", pub + "/app/x", nil},
		{"a path, query and fragment", "/app?q=a;b&x=%zz#/discover?_g=(a:!t)", pub + "/app?q=a;b&x=%zz#/discover?_g=(a:!t)", nil},
		{"a query alone", "?q=1", pub + "/?q=1", nil},
		{"a fragment alone", "#top", pub + "/#top", nil},
		{"a colon in the path", "/a:b/c", pub + "/a:b/c", nil},
		{"an address in the query", "/go?to=https://evil.example/", pub + "/go?to=https://evil.example/", nil},
		{"slashes in the query", "/x?//evil.example", pub + "/x?//evil.example", nil},
		{"a backslash in the query", `/x?a=\\evil.example`, pub + `/x?a=\\evil.example`, nil},
		{"a backslash in the fragment", `/x#\\evil.example`, pub + `/x#\\evil.example`, nil},
		{"dots in the query", "/x?a=/../b", pub + "/x?a=/../b", nil},
		{"slashes in a row further on", "/a//b", pub + "/a//b", nil},
		{"an encoded slash", "/logs%2Fa/_search", pub + "/logs%2Fa/_search", nil},
		{"a blank in the query", "/x?q=a b", pub + "/x?q=a b", nil},
		{"Unicode in the path", "/caf\u00e9?q=\u00e9", pub + "/caf\u00e9?q=\u00e9", nil},
		{"the public host", "https://sso.example.com/x", pub + "/x", nil},
		{"no path", "https://sso.example.com", pub + "/", nil},
		{"no path, a query", "https://sso.example.com?x", pub + "/?x", nil},
		{"no path, a fragment", "https://sso.example.com#x", pub + "/#x", nil},
		{"another of our hosts", "https://app.example.com/x?y#z", "https://app.example.com/x?y#z", nil},
		{"a host configured in upper case", "https://es.example.com/_cat", "https://es.example.com/_cat", nil},
		{"upper case", "HTTPS://APP.Example.COM/X", "https://app.example.com/X", nil},
		{"the scheme's own port", "https://app.example.com:443/x", "https://app.example.com/x", nil},
		{"an at sign in the path", "/x@evil.example", pub + "/x@evil.example", nil},
		{"an at sign in the path of an address", "https://app.example.com/@evil.example", "https://app.example.com/@evil.example", nil},
		{"the session page", "/_gateway/session", pub + "/_gateway/session", nil},
		{"the session page of another host", "https://app.example.com/_gateway/session?a#b", "https://app.example.com/_gateway/session?a#b", nil},
		{"a name that starts like our prefix", "/_gateways/x", pub + "/_gateways/x", nil},
		{"our prefix further on", "/x/_gateway/logout", pub + "/x/_gateway/logout", nil},
		{"our prefix in the query", "/x?/_gateway/logout", pub + "/x?/_gateway/logout", nil},

		// another host
		{"another host", "https://evil.example/", "", returnto.ErrForeign},
		{"our name in front", "https://sso.example.com.evil.example/", "", returnto.ErrForeign},
		{"our name behind", "https://evilsso.example.com/", "", returnto.ErrForeign},
		{"a name below ours", "https://x.sso.example.com/", "", returnto.ErrForeign},
		{"our parent domain", "https://example.com/", "", returnto.ErrForeign},
		{"user info", "https://sso.example.com@evil.example/", "", returnto.ErrForeign},
		{"user info with a password", "https://sso.example.com:443@evil.example/", "", returnto.ErrForeign},
		{"user info at our host", "https://evil@sso.example.com/", "", returnto.ErrForeign},
		{"an encoded at sign", "https://sso.example.com%40evil.example/", "", returnto.ErrForeign},
		{"an encoded slash in the host", "https://evil.example%2f.sso.example.com/", "", returnto.ErrForeign},
		{"an encoded dot in the host", "https://sso%2eexample.com/", "", returnto.ErrForeign},
		{"a trailing dot", "https://sso.example.com./", "", returnto.ErrForeign},
		{"another port", "https://sso.example.com:8443/", "", returnto.ErrForeign},
		{"an empty port", "https://sso.example.com:/", "", returnto.ErrForeign},
		{"two ports", "https://sso.example.com:443:443/", "", returnto.ErrForeign},
		{"a port with zeros", "https://sso.example.com:0443/", "", returnto.ErrForeign},
		{"Unicode dots", "https://sso\u3002example\u3002com/", "", returnto.ErrForeign},
		{"the Kelvin sign for a k", "https://\u212aibana.example.com/", "", returnto.ErrForeign},
		{"full width letters", "https://\uff53so.example.com/", "", returnto.ErrForeign},
		{"a soft hyphen", "https://sso\u00ad.example.com/", "", returnto.ErrForeign},
		{"a Unicode slash", "https://evil.example\u2044.sso.example.com/", "", returnto.ErrForeign},
		{"an address as a number", "https://2130706433/", "", returnto.ErrForeign},
		{"an IPv6 address", "https://[::1]/", "", returnto.ErrForeign},
		{"an empty host", "https:///evil.example/", "", returnto.ErrForeign},
		{"a query for a host", "https://?sso.example.com/", "", returnto.ErrForeign},
		{"a host behind a question mark", "https://evil.example?.sso.example.com/", "", returnto.ErrForeign},
		{"a host behind a fragment", "https://evil.example#.sso.example.com/", "", returnto.ErrForeign},
		{"a host behind a backslash", `https://evil.example\.sso.example.com/`, "", returnto.ErrForeign},
		{"a backslash and an at sign", `https://sso.example.com\@evil.example/`, "", returnto.ErrMalformed},
		{"a bracket", "https://[sso.example.com]/", "", returnto.ErrForeign},

		// another scheme
		{"without TLS", "http://sso.example.com/", "", returnto.ErrForeign},
		{"script", "javascript:alert(1)", "", returnto.ErrForeign},
		{"script that looks like an address", "javascript://sso.example.com/%0aalert(1)", "", returnto.ErrForeign},
		{"data", "data:text/html,x", "", returnto.ErrForeign},
		{"ftp", "ftp://sso.example.com/", "", returnto.ErrForeign},
		{"a scheme that folds to ours", "http\u017f://sso.example.com/", "", returnto.ErrForeign},
		{"a blank before the colon", "https ://sso.example.com/", "", returnto.ErrForeign},
		{"one slash", "https:/evil.example/", "", returnto.ErrForeign},
		{"one slash at our host", "https:/sso.example.com/", "", returnto.ErrForeign},
		{"no slash", "https:evil.example", "", returnto.ErrForeign},
		{"no slash at our host", "https:sso.example.com", "", returnto.ErrForeign},
		{"four slashes", "https:////evil.example/", "", returnto.ErrForeign},
		{"backslashes after the scheme", `https:\\evil.example/`, "", returnto.ErrForeign},
		{"a slash and a backslash after the scheme", `https:/\evil.example/`, "", returnto.ErrForeign},
		{"three slashes, one a backslash", `https://\evil.example/`, "", returnto.ErrForeign},
		{"a colon first", "://evil.example/", "", returnto.ErrForeign},
		{"a host as a scheme", "evil.example:443/", "", returnto.ErrForeign},

		// what looks like a path
		{"two slashes", "//evil.example/", "", returnto.ErrMalformed},
		{"two slashes and our host", "//sso.example.com/", "", returnto.ErrMalformed},
		{"three slashes", "///evil.example/", "", returnto.ErrMalformed},
		{"slash and backslash", `/\evil.example`, "", returnto.ErrMalformed},
		{"backslash and slash", `\/evil.example`, "", returnto.ErrMalformed},
		{"two backslashes", `\\evil.example`, "", returnto.ErrMalformed},
		{"slash, tab, slash", "/\t/evil.example", "", returnto.ErrMalformed},
		{"slash, line feed, slash", "/\n/evil.example", "", returnto.ErrMalformed},
		{"slash, carriage return, backslash", "/\r\\evil.example", "", returnto.ErrMalformed},
		{"a tab in the scheme", "java\tscript:alert(1)", "", returnto.ErrMalformed},
		{"a leading blank", " //evil.example", "", returnto.ErrMalformed},
		{"a leading blank of Unicode", "\u00a0//evil.example", "", returnto.ErrMalformed},
		{"a leading NUL", "\x00//evil.example", "", returnto.ErrMalformed},
		{"a trailing blank", "/x ", "", returnto.ErrMalformed},
		{"a header in the query", "/x?a\r\nSet-Cookie: a=b", "", returnto.ErrMalformed},
		{"DEL", "/x\x7f", "", returnto.ErrMalformed},
		{"broken UTF-8", "/x\xff", "", returnto.ErrMalformed},
		{"a backslash further on", `/x\y`, "", returnto.ErrMalformed},
		{"dots to the root", "/..//evil.example", "", returnto.ErrMalformed},
		{"a dot and two slashes", "/.//evil.example", "", returnto.ErrMalformed},
		{"encoded dots", "/x/%2e%2E/_gateway/logout", "", returnto.ErrMalformed},
		{"half encoded dots", "/x/.%2e/_gateway/logout", "", returnto.ErrMalformed},
		{"two slashes at our host", "https://sso.example.com//evil.example", "", returnto.ErrMalformed},
		{"a broken escape in the path", "/x%", "", returnto.ErrMalformed},
		{"a relative path", "x/y", "", returnto.ErrMalformed},
		{"a relative path with dots", "../x", "", returnto.ErrMalformed},
		{"nothing", "", "", returnto.ErrMalformed},

		// our own pages
		{"our prefix", "/_gateway", "", returnto.ErrOwnPage},
		{"our prefix and a slash", "/_gateway/", "", returnto.ErrOwnPage},
		{"signing out", "/_gateway/logout", "", returnto.ErrOwnPage},
		{"signing in", "/_gateway/login?next=/", "", returnto.ErrOwnPage},
		{"signing out on another host", "https://app.example.com/_gateway/logout", "", returnto.ErrOwnPage},
		{"below the session page", "/_gateway/session/x", "", returnto.ErrOwnPage},
		{"the session page and a slash", "/_gateway/session/", "", returnto.ErrOwnPage},
		{"an encoded letter", "/%5fgateway/logout", "", returnto.ErrOwnPage},
		{"an encoded slash behind it", "/_gateway%2flogout", "", returnto.ErrOwnPage},
		{"an encoded backslash behind it", "/_gateway%5clogout", "", returnto.ErrOwnPage},
		{"an encoded slash before it", "/%2f_gateway/logout", "", returnto.ErrOwnPage},
		{"slashes in a row", "/_gateway//logout", "", returnto.ErrOwnPage},
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	p := policy(t, "https://SSO.example.com/")
	for _, tc := range redirects() {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := p.Parse(tc.raw)
			if !errors.Is(err, tc.err) || got.String() != tc.want {
				t.Errorf("Parse(%q) = %q, %v; want %q, %v", tc.raw, got, err, tc.want, tc.err)
			}
			if err != nil && tc.raw != "" && strings.Contains(err.Error(), tc.raw) {
				t.Errorf("the error repeats what was refused: %v", err)
			}
		})
	}
}

func TestHost(t *testing.T) {
	t.Parallel()
	p := policy(t, "https://sso.example.com")
	for raw, want := range map[string]string{
		"/x":                         "sso.example.com",
		"https://SSO.example.com/x":  "sso.example.com",
		"https://app.example.com/x":  "app.example.com",
		"https://es.example.com:443": "es.example.com",
	} {
		got, err := p.Parse(raw)
		if err != nil || got.Host() != want || got.IsZero() {
			t.Errorf("Parse(%q): host %q, %v", raw, got.Host(), err)
		}
	}
}

func TestPortAndSchemeOfThePublicURLHoldForAllHosts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ public, raw, want string }{
		{"https://sso.example.com:8443", "/x", "https://sso.example.com:8443/x"},
		{"https://sso.example.com:8443", "https://app.example.com:8443/x", "https://app.example.com:8443/x"},
		{"https://sso.example.com:8443", "https://app.example.com/x", ""},
		{"https://sso.example.com:8443", "https://app.example.com:443/x", ""},
		{"https://sso.example.com:443", "https://app.example.com/x", "https://app.example.com/x"},
		{"http://localhost:8080", "http://app.example.com:8080/x", "http://app.example.com:8080/x"},
		{"http://localhost:8080", "http://LOCALHOST:8080", "http://localhost:8080/"},
		{"http://localhost:8080", "https://localhost:8080/", ""},
		{"http://localhost", "http://localhost:80/", "http://localhost/"},
		{"https://[::1]:8443", "/x", "https://[::1]:8443/x"},
		{"https://[::1]:8443", "https://[::1]:8443/x", "https://[::1]:8443/x"},
	} {
		got, err := policy(t, tc.public).Parse(tc.raw)
		if got.String() != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("public URL %q, Parse(%q) = %q, %v; want %q", tc.public, tc.raw, got, err, tc.want)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	p := policy(t, "https://sso.example.com")
	if _, err := p.Parse("/" + strings.Repeat("x", returnto.MaxLength-1)); err != nil {
		t.Errorf("16 KiB: %v", err)
	}
	if _, err := p.Parse("/" + strings.Repeat("x", returnto.MaxLength)); !errors.Is(err, returnto.ErrTooLong) {
		t.Errorf("one byte more: %v", err)
	}
	if _, err := (returnto.Policy{}).Parse("/"); err == nil {
		t.Error("a policy without public URL accepts something")
	}
	p.Prefix = ""
	if _, err := p.Parse("/session"); err != nil {
		t.Errorf("without a prefix: %v", err)
	}
}
