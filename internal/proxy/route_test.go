package proxy

import (
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/target"
)

// Requests find their route by host, then by the longest path in whole segments.
// The name of a route is host and path.
func TestRequestsFindTheirRoute(t *testing.T) {
	t.Parallel()
	routes, err := newTable([]RouteConfig{
		routeAt("", ""),
		routeAt("", "/app"),
		routeAt("", "/app/admin"),
		routeAt("", "/below/"),
		routeAt("Other.Test", "/only"),
		routeAt("10.0.0.7", ""),
	}, "sso.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ host, uri, want string }{
		{"sso.test", "/", "sso.test/"},
		{"sso.test", "/else", "sso.test/"},
		{"SSO.test:8443", "/else", "sso.test/"},
		{"sso.test.", "/", "sso.test/"},
		{"sso.test", "/app", "sso.test/app"},
		{"sso.test", "/app/", "sso.test/app"},
		{"sso.test", "/app?x=/app/admin", "sso.test/app"},
		{"sso.test", "/%61pp/x", "sso.test/app"},
		{"sso.test", "/apple", "sso.test/"},
		{"sso.test", "/APP", "sso.test/"},
		{"sso.test", "/app/admin", "sso.test/app/admin"},
		{"sso.test", "/app/admin/x", "sso.test/app/admin"},
		{"sso.test", "/app/administrator", "sso.test/app"},
		{"sso.test", "/x/app/admin", "sso.test/"},
		{"sso.test", "/below", "sso.test/"},
		{"sso.test", "/below/x", "sso.test/below/"},
		{"other.test", "/only/x", "other.test/only"},
		{"other.test", "/", ""},
		{"other.test", "/app", ""},
		{"sub.sso.test", "/", ""},
		{"10.0.0.7:443", "/app", "10.0.0.7/"},
		{"evil.example", "/app", ""},
		// Two readings, two routes: it goes to neither.
		{"sso.test", "/app%2Fadmin", ""},
		{"sso.test", "/app/%2Fadmin", ""},
		{"sso.test", "//app", ""},
		{"sso.test", "/app//admin", ""},
		{"sso.test", "/app;x/admin", ""},
		{"sso.test", "/app/admin;x", ""},
		{"sso.test", "/app/x%2Fy", "sso.test/app"},
	} {
		asked, err := target.New("GET", tc.host, tc.uri)
		if err != nil {
			t.Errorf("%s%s: %v", tc.host, tc.uri, err)
			continue
		}
		got := ""
		if rt := routes.find(asked); rt != nil && routes.find(asked.Loose()) == rt {
			got = rt.name()
		}
		if got != tc.want {
			t.Errorf("%s%s: got %q, want %q", tc.host, tc.uri, got, tc.want)
		}
	}
}

func routeAt(host, path string) RouteConfig {
	return RouteConfig{Host: host, Path: path, UpstreamConfig: UpstreamConfig{To: []string{"http://app:3000"}}}
}

func TestPublicIsReadInWholeSegmentsAndNeverEncoded(t *testing.T) {
	t.Parallel()
	rt := &route{RouteConfig: RouteConfig{Public: []string{"/static", "/open/"}}}
	for uri, want := range map[string]bool{
		"/static":            true,
		"/static/":           true,
		"/static/x.css?v=1":  true,
		"/%73tatic/x":        true,
		"/open/x":            true,
		"/open":              false,
		"/statics":           false,
		"/x/static":          false,
		"/Static":            false,
		"/static%2Fx":        false,
		"/static/%2Fadmin":   false,
		"/static/%5Cadmin":   false,
		"/static/%2Ehidden":  false,
		"/static/%252Fadmin": false,
	} {
		asked, err := target.New("GET", "sso.test", uri)
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		if got := rt.public(asked); got != want {
			t.Errorf("%s: %t, want %t", uri, got, want)
		}
	}
}

// The prefix goes by whole segments of the raw bytes; what is left stays as it is.
func TestThePrefixIsStripped(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ path, uri, want string }{
		{"/app", "/app", "/"},
		{"/app", "/app/", "/"},
		{"/app", "/app?x=1", "/"},
		{"/app", "/app/x/", "/x/"},
		{"/app", "/app/app/x", "/app/x"},
		{"/app", "/%61pp/x%2Fy", "/x%2Fy"},
		{"/app", "/app/%61pp;v=1", "/%61pp;v=1"},
		{"/app", "/app//x", "//x"},
		{"/a/b", "/a/%62/c", "/c"},
		{"/app/", "/app/x", "/x"},
		{"/ä", "/%C3%A4/%C3%A4", "/%C3%A4"},
	} {
		rt := &route{RouteConfig: RouteConfig{Path: tc.path, StripPrefix: true}}
		asked, err := target.New("GET", "sso.test", tc.uri)
		if err != nil || !asked.Under(tc.path) {
			t.Errorf("%s is not below %s: %v", tc.uri, tc.path, err)
			continue
		}
		inside := rt.inside(asked)
		again, err := target.New("GET", "sso.test", tc.want)
		if err != nil {
			t.Fatal(err)
		}
		if inside.Path != tc.want || len(inside.Segments) != len(again.Segments) || inside.Segments[0] != again.Segments[0] {
			t.Errorf("%s: got %s %q, want %s %q", tc.uri, inside.Path, inside.Segments, tc.want, again.Segments)
		}
	}
}

func TestRoutesThatCannotBeMeantAreRefused(t *testing.T) {
	t.Parallel()
	to := func(addresses ...string) UpstreamConfig { return UpstreamConfig{To: addresses} }
	for _, tc := range []struct {
		key    string
		config RouteConfig
	}{
		{"to", RouteConfig{}},
		{"to", RouteConfig{UpstreamConfig: to("app:3000")}},
		{"to", RouteConfig{UpstreamConfig: to("ftp://app")}},
		{"to", RouteConfig{UpstreamConfig: to("http://app/base")}},
		{"to", RouteConfig{UpstreamConfig: to("http://app?x")}},
		{"to", RouteConfig{UpstreamConfig: to("http://app?")}},
		{"to", RouteConfig{UpstreamConfig: to("http://me:secret@app")}},
		{"to", RouteConfig{UpstreamConfig: to("http://:3000")}},
		{"to", RouteConfig{UpstreamConfig: to("http://a", "http://b", "http://a")}},
		{"to", RouteConfig{UpstreamConfig: to("unix://run/app.sock")}},
		{"to", RouteConfig{UpstreamConfig: to("unix:///")}},
		{"to", RouteConfig{UpstreamConfig: to("unix:///run/../app.sock")}},
		{"to", RouteConfig{UpstreamConfig: to("unix:run/app.sock")}},
		{"strip_prefix", RouteConfig{UpstreamConfig: to("http://a"), StripPrefix: true}},
		{"strip_prefix", RouteConfig{UpstreamConfig: to("http://a"), StripPrefix: true, Path: "/"}},
		{"ca", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"http://a"}, CA: "ca.crt"}}},
		{"server_name", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"unix:///run/app.sock"}, ServerName: "a"}}},
		{"client_cert", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"http://a"}, ClientCert: "a.crt", ClientKey: "a.key"}}},
		{"client_key", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"https://a"}, ClientCert: "a.crt"}}},
		{"client_cert", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"https://a"}, ClientKey: "a.key"}}},
		{"connect_timeout", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"http://a"}, ConnectTimeout: Off}}},
		{"max_connections", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"http://a"}, MaxConnections: -1}}},
		{"health.path", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"http://a"}, Health: Health{Path: "health"}}}},
		{"health.path", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"http://a"}, Health: Health{Every: 5}}}},
		{"health.every", RouteConfig{UpstreamConfig: UpstreamConfig{To: []string{"http://a"}, Health: Health{Path: "/h", Every: Off}}}},
	} {
		bad := tc.config.Check()
		if bad[tc.key] == nil || len(bad) != 1 {
			t.Errorf("%+v: got %v, want a mistake at %s", tc.config, bad, tc.key)
		} else if strings.Contains(bad[tc.key].Error(), "secret") {
			t.Errorf("a secret is shown: %v", bad)
		}
	}
	for _, good := range []string{"http://app", "https://app:3443/", "h2c://[::1]:3000", "unix:///run/app.sock"} {
		if bad := (RouteConfig{UpstreamConfig: to(good)}).Check(); len(bad) > 0 {
			t.Errorf("%s: %v", good, bad)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"90s": "1m30s", "off": "off", "250ms": "250ms", "0s": "", "-1s": "", "10": "", "": "", "Off": ""} {
		var l Limit
		if err := l.UnmarshalText([]byte(text)); (err == nil) != (want != "") || l.String() != want {
			t.Errorf("%q: got %q, %v", text, l, err)
		}
	}
	if got := (RouteConfig{Elasticsearch: true}).responseHeaderTime(); got != 0 {
		t.Errorf("a search has %s", got)
	}
	if got := (RouteConfig{}).responseHeaderTime(); got != headerTime {
		t.Errorf("an application has %s", got)
	}
}
