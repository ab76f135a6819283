package target_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/target"
)

const host = "es.example.com"

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, host, uri string
		want                    error
	}{
		{"a tunnel", "CONNECT", host, "es.example.com:443", target.ErrMethod},
		{"a trace, which shows added headers", "TRACE", host, "/", target.ErrMethod},
		{"a method in lower case", "get", host, "/", target.ErrMethod},
		{"an unknown method", "PROPFIND", host, "/", target.ErrMethod},
		{"the preface of HTTP/2", "PRI", host, "*", target.ErrMethod},
		{"no method", "", host, "/", target.ErrMethod},

		{"no host", "GET", "", "/", target.ErrHost},
		{"a host with user info", "GET", "user@es.example.com", "/", target.ErrHost},
		{"a host with a path", "GET", "es.example.com/x", "/", target.ErrHost},
		{"a host with a blank", "GET", "es.example.com x", "/", target.ErrHost},
		{"a host with a line feed", "GET", "es.example.com\nx", "/", target.ErrHost},
		{"a host with an escape", "GET", "es%2eexample.com", "/", target.ErrHost},
		{"a host with Unicode", "GET", "es.ex\u00e4mple.com", "/", target.ErrHost},
		{"a host with the Kelvin sign", "GET", "\u212aibana.example.com", "/", target.ErrHost},
		{"a host with an empty label", "GET", "es..example.com", "/", target.ErrHost},
		{"a host with two trailing dots", "GET", "es.example.com..", "/", target.ErrHost},
		{"a host with a leading dot", "GET", ".example.com", "/", target.ErrHost},
		{"a host that is a dot", "GET", ".", "/", target.ErrHost},
		{"a host with two ports", "GET", "es.example.com:1:2", "/", target.ErrHost},
		{"a port of letters", "GET", "es.example.com:https", "/", target.ErrHost},
		{"an empty port", "GET", "es.example.com:", "/", target.ErrHost},
		{"an endless port", "GET", "es.example.com:000443", "/", target.ErrHost},
		{"an open bracket", "GET", "[::1", "/", target.ErrHost},
		{"brackets around a name", "GET", "[es.example.com]", "/", target.ErrHost},
		{"an address with a zone", "GET", "[fe80::1%25eth0]", "/", target.ErrHost},
		{"text after the bracket", "GET", "[::1]x", "/", target.ErrHost},
		{"a host of 254 bytes", "GET", strings.Repeat("a", 254), "/", target.ErrHost},

		{"no target", "GET", host, "", target.ErrForm},
		{"a target without slash", "GET", host, "_search", target.ErrForm},
		{"an asterisk with GET", "GET", host, "*", target.ErrForm},
		{"an absolute target with another scheme", "GET", host, "ftp://es.example.com/", target.ErrForm},
		{"an absolute target with a scheme that folds to ours", "GET", host, "http\u017f://es.example.com/", target.ErrForm},
		{"an absolute target for another host", "GET", host, "http://evil.example/", target.ErrHost},
		{"an absolute target with user info", "GET", host, "http://x@es.example.com/", target.ErrHost},
		{"an absolute target with another port", "GET", host, "http://es.example.com:81/", target.ErrHost},

		{"a dot segment", "GET", host, "/a/./b", target.ErrDots},
		{"two dots", "GET", host, "/a/../b", target.ErrDots},
		{"two dots at the end", "GET", host, "/a/..", target.ErrDots},
		{"two dots at the start", "GET", host, "/..//evil", target.ErrDots},
		{"two dots alone", "GET", host, "/..", target.ErrDots},
		{"two dots in an absolute target", "GET", host, "http://es.example.com/a/../b", target.ErrDots},
		{"encoded dots", "GET", host, "/a/%2e%2e/b", target.ErrDots},
		{"encoded dots in upper case", "GET", host, "/a/%2E%2E/b", target.ErrDots},
		{"half encoded dots", "GET", host, "/a/.%2e/b", target.ErrDots},
		{"the other half", "GET", host, "/a/%2e./b", target.ErrDots},
		{"one encoded dot", "GET", host, "/a/%2e/b", target.ErrDots},
		{"dots and an encoded slash", "GET", host, "/a/..%2fb", target.ErrDots},
		{"an encoded slash and dots", "GET", host, "/public/x%2f..%2fadmin", target.ErrDots},
		{"everything encoded", "GET", host, "/a%2F%2E%2E%2Fb", target.ErrDots},
		{"dots and an encoded backslash", "GET", host, "/a/..%5cb", target.ErrDots},
		{"dots between encoded backslashes", "GET", host, "/a%5c%2e%2e%5cb", target.ErrDots},
		{"dots with path parameters", "GET", host, "/a/..;x=1/b", target.ErrDots},
		{"dots with an encoded semicolon", "GET", host, "/a/..%3bx/b", target.ErrDots},
		{"dots encoded twice", "GET", host, "/a/%252e%252e/b", target.ErrDots},
		{"dots encoded three times", "GET", host, "/a/%25252e%25252e/b", target.ErrDots},
		{"a slash encoded twice between dots", "GET", host, "/a/..%252f..%252fb", target.ErrDots},
		{"overlong dots", "GET", host, "/a/%c0%ae%c0%ae/b", target.ErrByte},
		{"overlong dots of three bytes", "GET", host, "/a/%e0%80%ae/b", target.ErrByte},
		{"overlong dots of four bytes", "GET", host, "/a/%f0%80%80%ae/b", target.ErrByte},

		{"a fragment", "GET", host, "/a#/_security", target.ErrFragment},
		{"a fragment before the query", "GET", host, "/a#?x", target.ErrFragment},
		{"a backslash", "GET", host, `/a\b`, target.ErrBackslash},
		{"a backslash at the start", "GET", host, `/\evil`, target.ErrBackslash},
		{"NUL", "GET", host, "/a%00b", target.ErrByte},
		{"a raw NUL", "GET", host, "/a\x00b", target.ErrByte},
		{"an encoded line feed", "GET", host, "/a%0ab", target.ErrByte},
		{"an encoded carriage return", "GET", host, "/a%0Db", target.ErrByte},
		{"an encoded tab", "GET", host, "/%09/evil", target.ErrByte},
		{"an encoded DEL", "GET", host, "/a%7f", target.ErrByte},
		{"a raw tab", "GET", host, "/\t/evil", target.ErrByte},
		{"a raw blank", "GET", host, "/a b", target.ErrByte},
		{"a blank in the query", "GET", host, "/a?b c", target.ErrByte},
		{"a line feed in the query", "GET", host, "/a?b\r\nX: y", target.ErrByte},
		{"a lone percent sign", "GET", host, "/100%", target.ErrEscape},
		{"an escape of one digit", "GET", host, "/a%2/b", target.ErrEscape},
		{"an escape that is none", "GET", host, "/a%zz", target.ErrEscape},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := target.New(tc.method, tc.host, tc.uri)
			if err != tc.want { //nolint:errorlint // constants
				t.Errorf("New(%q, %q, %q) = %+v, %v; want %v", tc.method, tc.host, tc.uri, got, err, tc.want)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, host, uri string
		want            target.Target
	}{
		{"the root", host, "/", target.Target{Host: host, Path: "/", Segments: []string{""}}},
		{"a host in upper case, with dot and port", "ES.Example.COM.:8443", "/a", target.Target{Host: host, Port: "8443", Path: "/a", Segments: []string{"a"}}},
		{"an IPv6 address", "[2001:DB8::0:1]:443", "/a", target.Target{Host: "2001:db8::1", Port: "443", Path: "/a", Segments: []string{"a"}}},
		{"an encoded slash stays in its segment", host, "/logs%2Fa/_search", target.Target{Host: host, Path: "/logs%2Fa/_search", Segments: []string{"logs/a", "_search"}}},
		{"an index of date math", host, "/%3Clogs-%7Bnow%2Fd%7D%3E/_doc/1", target.Target{Host: host, Path: "/%3Clogs-%7Bnow%2Fd%7D%3E/_doc/1", Segments: []string{"<logs-{now/d}>", "_doc", "1"}}},
		{"the same, raw", host, "/<logs-{now}>/_search", target.Target{Host: host, Path: "/<logs-{now}>/_search", Segments: []string{"<logs-{now}>", "_search"}}},
		{"an encoded fragment sign is a name", host, "/foo%23/status", target.Target{Host: host, Path: "/foo%23/status", Segments: []string{"foo#", "status"}}},
		{"Unicode", host, "/caf%C3%A9", target.Target{Host: host, Path: "/caf%C3%A9", Segments: []string{"café"}}},
		{"Latin-1", host, "/caf%E9", target.Target{Host: host, Path: "/caf%E9", Segments: []string{"caf\xe9"}}},
		{"a plus is a plus", host, "/a+b", target.Target{Host: host, Path: "/a+b", Segments: []string{"a+b"}}},
		{"dots within a name", host, "/a..b/...", target.Target{Host: host, Path: "/a..b/...", Segments: []string{"a..b", "..."}}},
		{"a hidden file", host, "/.kibana", target.Target{Host: host, Path: "/.kibana", Segments: []string{".kibana"}}},
		{"slashes in a row are kept", host, "//a///b/", target.Target{Host: host, Path: "//a///b/", Segments: []string{"", "a", "", "", "b", ""}}},
		{"a question mark in the query", host, "/a?b?c", target.Target{Host: host, Path: "/a", Segments: []string{"a"}, Query: "b?c", HasQuery: true}},
		{"an empty query", host, "/a?", target.Target{Host: host, Path: "/a", Segments: []string{"a"}, HasQuery: true}},
		{"a query of all sorts", host, `/a?q=a;b&x=%zz&y=#\..//{"%`, target.Target{Host: host, Path: "/a", Segments: []string{"a"}, Query: `q=a;b&x=%zz&y=#\..//{"%`, HasQuery: true}},
		{"an absolute target", host, "HTTP://ES.example.com/a?b", target.Target{Host: host, Path: "/a", Segments: []string{"a"}, Query: "b", HasQuery: true}},
		{"an absolute target without path", host, "https://es.example.com", target.Target{Host: host, Path: "/", Segments: []string{""}}},
		{"an absolute target with a query only", host, "https://es.example.com?x", target.Target{Host: host, Path: "/", Segments: []string{""}, Query: "x", HasQuery: true}},
		{"an address in the path", host, "/http://evil.example/", target.Target{Host: host, Path: "/http://evil.example/", Segments: []string{"http:", "", "evil.example", ""}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.want.Method = "GET"
			got, err := target.New("GET", tc.host, tc.uri)
			if err != nil {
				t.Fatalf("New(%q, %q): %v", tc.host, tc.uri, err)
			}
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tc.want) || !slices.Equal(got.Segments, tc.want.Segments) {
				t.Errorf("New(%q, %q)\n got %+v\nwant %+v", tc.host, tc.uri, got, tc.want)
			}
			if strings.HasPrefix(tc.uri, "/") && got.RequestURI() != tc.uri {
				t.Errorf("RequestURI() = %q, want what was sent: %q", got.RequestURI(), tc.uri)
			}
		})
	}
}

func TestAsteriskIsForOptions(t *testing.T) {
	t.Parallel()
	got, err := target.New("OPTIONS", host, "*")
	if err != nil || got.Path != "*" || got.Segments != nil || !got.Under("/") || got.Under("/a") {
		t.Errorf("New(OPTIONS, *) = %+v, %v", got, err)
	}
}

// What net/http makes of a request line is part of the promise, so it is asked.
func TestParseReadsWhatTheServerGot(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, line, host, want string }{
		{"raw bytes survive", "GET /a%2Fb/%7e?q=a;b&c=%zz HTTP/1.1", host, "es.example.com /a%2Fb/%7e?q=a;b&c=%zz"},
		{"two slashes are no host", "GET //admin/secret HTTP/1.1", host, "es.example.com //admin/secret"},
		{"the host of an absolute target counts", "GET http://other.example/x HTTP/1.1", host, "other.example /x"},
		{"a fragment is refused", "GET /a#b HTTP/1.1", host, target.ErrFragment.Error()},
		{"dots are not cleaned away", "GET /a/../b HTTP/1.1", host, target.ErrDots.Error()},
		{"a tunnel is refused", "CONNECT es.example.com:443 HTTP/1.1", host, target.ErrMethod.Error()},
		{"options for the server", "OPTIONS * HTTP/1.1", host, "es.example.com *"},
		{"no host", "GET / HTTP/1.0", "", target.ErrHost.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(tc.line + "\r\nHost: " + tc.host + "\r\n\r\n")))
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := target.Parse(r)
			got := parsed.Host + " " + parsed.RequestURI()
			if err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("%q: got %q, want %q", tc.line, got, tc.want)
			}
		})
	}
}

func TestParseOnAConnection(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		parsed, err := target.Parse(r)
		seen <- fmt.Sprint(parsed.RequestURI(), " ", err)
	}))
	t.Cleanup(s.Close)
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "GET /%%3Ca%%3E//b?x;y=%%zz HTTP/1.1\r\nHost: es.example.com\r\nConnection: close\r\n\r\n")
	if got, want := <-seen, "/%3Ca%3E//b?x;y=%zz <nil>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
