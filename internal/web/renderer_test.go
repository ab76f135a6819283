package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
)

const requestID = "b7f3c2a9d01e4f58"

// renderer makes one that writes its log to the buffer.
func renderer(t testing.TB, change func(*web.Config)) (*web.Renderer, *bytes.Buffer) {
	t.Helper()
	cfg := web.Default()
	if change != nil {
		change(&cfg)
	}
	var log bytes.Buffer
	rn, err := web.New(cfg, slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return rn, &log
}

// request makes a request with an id, as the server passes it on.
func request(method, path string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r.WithContext(web.WithRequestID(r.Context(), requestID))
}

// show draws a page.
func show(t testing.TB, rn *web.Renderer, page web.Page) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := rn.Page(w, request(http.MethodGet, "/"), http.StatusOK, page); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	save := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct {
		name   string
		change func(*web.Config)
		want   string
	}{
		{"no prefix", func(c *web.Config) { c.Prefix = "" }, "prefix"},
		{"a prefix without a slash", func(c *web.Config) { c.Prefix = "gateway" }, "prefix"},
		{"a prefix that is everything", func(c *web.Config) { c.Prefix = "/" }, "prefix"},
		{"a prefix with a slash at the end", func(c *web.Config) { c.Prefix = "/gateway/" }, "prefix"},
		{"a prefix that climbs", func(c *web.Config) { c.Prefix = "/a/../b" }, "prefix"},
		{"a prefix with two spellings", func(c *web.Config) { c.Prefix = "/a%62" }, "prefix"},
		{"no title", func(c *web.Config) { c.Brand.Title = "" }, "brand.title"},
		{"a title of 2 kB", func(c *web.Config) { c.Brand.Title = strings.Repeat("x", 2048) }, "brand.title"},
		{"a colour by name", func(c *web.Config) { c.Brand.Color = "red" }, "brand.color"},
		{"a colour that closes the rule", func(c *web.Config) { c.Brand.Color = "#fff}*{" }, "brand.color"},
		{"a signed colour", func(c *web.Config) { c.Brand.Color = "#+12345" }, "brand.color"},
		{"no colour", func(c *web.Config) { c.Brand.Color = "" }, "brand.color"},
		{"a logo that is not there", func(c *web.Config) { c.Brand.Logo = filepath.Join(dir, "no.svg") }, "brand.logo"},
		{"a logo of another type", func(c *web.Config) { c.Brand.Logo = save("a.gif", "GIF89a") }, ".svg or .png"},
		{"a page named .png", func(c *web.Config) { c.Brand.Logo = save("a.png", "<html>") }, "no PNG"},
		{"a page named .svg", func(c *web.Config) { c.Brand.Logo = save("a.svg", "<html>") }, "no SVG"},
		{"a logo of more than 256 KiB", func(c *web.Config) {
			c.Brand.Logo = save("b.svg", "<svg>"+strings.Repeat(" ", 256<<10))
		}, "larger than 256 KiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cfg := web.Default()
			tc.change(&cfg)
			_, err := web.New(cfg, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New: got %v, want an error that names %q", err, tc.want)
			}
		})
	}
}

func TestNewReportsAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := web.New(web.Config{}, slog.New(slog.DiscardHandler))
	for _, want := range []string{"prefix", "brand.title", "brand.color"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(web.Config{}): got %v, want an error that names %q", err, want)
		}
	}
}

func TestBrandIsShown(t *testing.T) {
	t.Parallel()
	logo := filepath.Join(t.TempDir(), "Logo.PNG")
	if err := os.WriteFile(logo, []byte("\x89PNG\r\n\x1a\nimage"), 0o600); err != nil {
		t.Fatal(err)
	}
	rn, _ := renderer(t, func(c *web.Config) {
		c.Brand = web.Brand{Title: "Ærø & <Sons>", Logo: logo, Color: "#ffcc00", Texts: web.Texts{
			SignIn: "One.\n\n<b>Two</b>.", SignedOut: "Goodbye.", Help: "Call 4711.",
		}}
	})
	for _, tc := range []struct {
		page web.Page
		want []string
	}{
		{web.SignIn{}, []string{"<title>Sign in · Ærø &amp; &lt;Sons&gt;</title>", ">One.</p>", ">&lt;b&gt;Two&lt;/b&gt;.</p>", "/static/logo."}},
		{web.SignedOut{}, []string{">Goodbye.</p>"}},
		{web.Message{}, []string{">Call 4711.</p>"}},
		{web.NoRoles{}, []string{">Call 4711.</p>"}},
		{web.Lost{}, []string{">Call 4711.</p>"}},
	} {
		got := show(t, rn, tc.page)
		for _, want := range tc.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", tc.page.Title(), want, got)
			}
		}
	}
}
