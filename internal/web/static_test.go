package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
	"github.com/esgateway/esgateway/internal/web/webtest"
)

var staticAddress = regexp.MustCompile(`"(/[^"]*/static/[^"]*)"`)

func get(rn *web.Renderer, method, path string, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	rn.Static().ServeHTTP(w, request(method, path, headers...))
	return w
}

// addresses are the static files that the pages use, by their plain names.
func addresses(t testing.TB, rn *web.Renderer) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, s := range webtest.Samples() {
		for _, found := range staticAddress.FindAllStringSubmatch(show(t, rn, s.Page), -1) {
			parts := strings.Split(filepath.Base(found[1]), ".")
			all[parts[0]+"."+parts[2]] = found[1]
		}
	}
	return all
}

func TestStaticFilesOfPages(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, func(c *web.Config) { c.Prefix = "/x/y" })
	found := addresses(t, rn)
	for name, contentType := range map[string]string{
		"gateway.css": "text/css; charset=utf-8", "logo.svg": "image/svg+xml", "signin.js": "text/javascript; charset=utf-8",
		"framed.js": "text/javascript; charset=utf-8", "copy.js": "text/javascript; charset=utf-8", "times.js": "text/javascript; charset=utf-8",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.HasPrefix(found[name], "/x/y/static/") {
				t.Fatalf("no page uses it: %v", found)
			}
			w := get(rn, http.MethodGet, found[name])
			h := w.Header()
			if w.Code != http.StatusOK || w.Body.Len() == 0 || h.Get("Content-Type") != contentType {
				t.Errorf("got %d, %s, %d bytes, want 200, %s", w.Code, h.Get("Content-Type"), w.Body.Len(), contentType)
			}
			if !strings.Contains(h.Get("Cache-Control"), "immutable") || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("header: %v", h)
			}
			plain := get(rn, http.MethodGet, "/x/y/static/"+name)
			if plain.Code != http.StatusOK || plain.Header().Get("Cache-Control") != "no-cache" {
				t.Errorf("by its plain name: %d, %v", plain.Code, plain.Header())
			}
			again := get(rn, http.MethodGet, "/x/y/static/"+name, "If-None-Match: "+plain.Header().Get("Etag"))
			if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
				t.Errorf("unchanged: %d with %d bytes, want 304 with none", again.Code, again.Body.Len())
			}
		})
	}
}

func TestStatic(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	for _, tc := range []struct {
		name, method, path string
		status             int
		cache              string
	}{
		{"a file of another version is today's, and not kept", http.MethodGet, "/_gateway/static/gateway.0123456789abcdef.css", 200, "no-cache"},
		{"what is not there", http.MethodGet, "/_gateway/static/nothing.css", 404, "no-store"},
		{"the directory", http.MethodGet, "/_gateway/static/", 404, "no-store"},
		{"what lies beside it", http.MethodGet, "/_gateway/static/../templates/layout.html", 404, "no-store"},
		{"nothing can be put there", http.MethodPut, "/_gateway/static/gateway.css", 405, "no-store"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := get(rn, tc.method, tc.path)
			if w.Code != tc.status || w.Header().Get("Cache-Control") != tc.cache {
				t.Errorf("got %d, %q, want %d, %q", w.Code, w.Header().Get("Cache-Control"), tc.status, tc.cache)
			}
		})
	}
}

func TestLogo(t *testing.T) {
	t.Parallel()
	logo := filepath.Join(t.TempDir(), "ours.svg")
	if err := os.WriteFile(logo, []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 0o600); err != nil {
		t.Fatal(err)
	}
	rn, _ := renderer(t, func(c *web.Config) { c.Brand.Logo = logo })
	w := get(rn, http.MethodGet, addresses(t, rn)["logo.svg"])
	if w.Code != http.StatusOK || w.Body.String() != `<svg xmlns="http://www.w3.org/2000/svg"/>` {
		t.Errorf("got %d %q, want the logo of the brand", w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
		t.Errorf("an image that is opened as a page may run scripts: %q", got)
	}
}
