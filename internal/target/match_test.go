package target_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/target"
)

func parse(t testing.TB, uri string) target.Target {
	t.Helper()
	got, err := target.New("GET", host, uri)
	if err != nil {
		t.Fatalf("New(%q): %v", uri, err)
	}
	return got
}

func TestUnder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		uri, prefix string
		want        bool
	}{
		{"/", "/", true},
		{"/a", "/", true},
		{"/a", "", true},
		{"//a", "/", true},
		{"/app", "/app", true},
		{"/app/", "/app", true},
		{"/app/x?y", "/app", true},
		{"/app?/x", "/app", true},
		{"/apple", "/app", false},
		{"/ap", "/app", false},
		{"/App", "/app", false},
		{"//app", "/app", false},
		{"/x/app", "/app", false},
		{"/app", "/app/", false},
		{"/app/", "/app/", true},
		{"/app/x", "/app/", true},
		{"/a/b/c", "/a/b", true},
		{"/a%2fb/c", "/a/b", false},
		{"/%61pp/x", "/app", true},
		{"/app%2fx", "/app", false},
		{"/private?x=/public", "/public", false},
	} {
		if got := parse(t, tc.uri).Under(tc.prefix); got != tc.want {
			t.Errorf("%q under %q: got %v, want %v", tc.uri, tc.prefix, got, tc.want)
		}
	}
	if (target.Target{}).Under("/") {
		t.Error("the zero target lies somewhere")
	}
}

func TestPublicSafe(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]bool{
		"/static/app.js":         true,
		"/static/a%20b.js?x=%2f": true,
		"/static/x%2fadmin":      false,
		"/static/x%2Fadmin":      false,
		"/static/x%5cadmin":      false,
		"/static/app%2Ejs":       false,
		"/static/x%252fadmin":    false,
		"/static/100%25":         false,
	} {
		if got := parse(t, uri).PublicSafe(); got != want {
			t.Errorf("%q: got %v, want %v", uri, got, want)
		}
	}
}

func TestLoose(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string][]string{
		"/a/b":           {"a", "b"},
		"/a/b/":          {"a", "b"},
		"//admin":        {"admin"},
		"/a%2fb/c":       {"a", "b", "c"},
		"/a%5Cb":         {"a", "b"},
		"/admin;x=1/y":   {"admin", "y"},
		"/admin%3bx/y":   {"admin", "y"},
		"/;x/admin":      {"admin"},
		"/%2fadmin//x/;": {"admin", "x"},
	} {
		asked := parse(t, uri)
		if got := asked.Loose(); !slices.Equal(got.Segments, want) || got.Path != asked.Path {
			t.Errorf("%q: got %q of %q, want %q", uri, got.Segments, got.Path, want)
		}
	}
}

func TestElasticsearchSafe(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]error{
		"/":                              nil,
		"/logs/_search?q=//":             nil,
		"/logs/_search/":                 nil,
		"/_nodes":                        nil,
		"/_nodes/stats/jvm":              nil,
		"/_nodes/stats/http-like":        nil,
		"/logs/_doc/http":                nil,
		"/_nodes/http":                   target.ErrSniffing,
		"/_nodes/http?timeout=1s":        target.ErrSniffing,
		"/_nodes/_all/http":              target.ErrSniffing,
		"/_nodes/_all/http/":             target.ErrSniffing,
		"/_nodes/n1,n2/os,http,process":  target.ErrSniffing,
		"/_nodes/%68ttp":                 target.ErrSniffing,
		"//_search":                      target.ErrEmptySegment,
		"/logs//_search":                 target.ErrEmptySegment,
		"/logs/_search//":                target.ErrEmptySegment,
		"//_nodes/http":                  target.ErrEmptySegment,
		"/http://es.example.com/_search": target.ErrEmptySegment,
	} {
		if err := parse(t, uri).ElasticsearchSafe(); err != want { //nolint:errorlint // constants
			t.Errorf("%q: got %v, want %v", uri, err, want)
		}
	}
}

func TestWebsocket(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method string
		upgrade      []string
		connection   string
		want         bool
		err          error
	}{
		{"an ordinary request", "GET", nil, "keep-alive", false, nil},
		{"a websocket", "GET", []string{"WebSocket"}, "keep-alive, Upgrade", true, nil},
		{"HTTP/2 in clear text", "GET", []string{"h2c"}, "Upgrade, HTTP2-Settings", false, target.ErrUpgrade},
		{"a choice", "GET", []string{"websocket, h2c"}, "Upgrade", false, target.ErrUpgrade},
		{"a choice in two lines", "GET", []string{"websocket", "h2c"}, "Upgrade", false, target.ErrUpgrade},
		{"an upgrade to nothing", "GET", nil, "close, UPGRADE", false, target.ErrUpgrade},
		{"a websocket by POST", "POST", []string{"websocket"}, "Upgrade", false, target.ErrUpgrade},
		{"a word that folds to websocket", "GET", []string{"websoc\u212aet"}, "Upgrade", false, target.ErrUpgrade},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{Method: tc.method, Header: http.Header{"Connection": {tc.connection}}}
			if tc.upgrade != nil {
				r.Header["Upgrade"] = tc.upgrade
			}
			got, err := target.Websocket(r)
			if got != tc.want || err != tc.err { //nolint:errorlint // constants
				t.Errorf("got %v, %v; want %v, %v", got, err, tc.want, tc.err)
			}
		})
	}
}

// FuzzNew looks for a path that is taken though a server could read it as another
// one: after any number of decodings, and with either slash, no dot segment appears.
func FuzzNew(f *testing.F) {
	for _, uri := range []string{"/", "/a/../b", "/a%2f..%2fb", "/a/%252e%252e", `/a\..\b`, "*", "http://es.example.com/x", "/a?b#c", "/a#b", "/..;/", "/%c0%ae%c0%ae", "/a%"} {
		f.Add("GET", host, uri)
	}
	f.Add("OPTIONS", "[::1]:80", "*")
	f.Fuzz(func(t *testing.T, method, name, uri string) {
		got, err := target.New(method, name, uri)
		if err != nil {
			return
		}
		if got.Path != "*" && !strings.HasPrefix(got.Path, "/") {
			t.Fatalf("path %q", got.Path)
		}
		if !strings.HasSuffix(uri, got.RequestURI()) && got.Path != "/" {
			t.Fatalf("%q goes upstream as %q", uri, got.RequestURI())
		}
		if got.Host == "" || got.Host != strings.ToLower(got.Host) || strings.ContainsAny(got.Host, "/@\\ %?#") {
			t.Fatalf("host %q", got.Host)
		}
		path := got.Path
		for decodings := range 3 {
			if decodings < 2 && strings.ContainsAny(path, "\x00\r\n") {
				t.Fatalf("%q holds a control byte", path)
			}
			for part := range strings.SplitSeq(strings.ReplaceAll(path, `\`, "/"), "/") {
				if part == "." || part == ".." {
					t.Fatalf("%q has a dot segment in %q", uri, path)
				}
			}
			path = undo(path)
		}
	})
}

// undo decodes what it can: another decoder than the one under test.
func undo(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := strings.IndexByte("0123456789abcdef", s[i+1]|0x20), strings.IndexByte("0123456789abcdef", s[i+2]|0x20)
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
