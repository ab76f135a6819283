package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/esgateway/esgateway/internal/fault"
)

//go:embed static
var staticFS embed.FS

// file is a static file in memory.
type file struct {
	body        []byte
	contentType string
	hash        string // names the content, in the address and as ETag
}

// staticFiles are all files below static, by their names: style sheet, scripts
// and the logo.
func staticFiles(b Brand) (map[string]file, error) {
	entries, err := staticFS.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("list static files: %w", err)
	}
	files := map[string]file{}
	for _, e := range entries {
		body, err := staticFS.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		files[e.Name()] = newFile(e.Name(), body)
	}
	colors, err := palette(b.Color)
	if err != nil {
		return nil, fmt.Errorf("brand.color: %w", err)
	}
	files["gateway.css"] = newFile("gateway.css", append([]byte(colors), files["gateway.css"].body...))
	files["logo.svg"] = newFile("logo.svg", tinted(files["logo.svg"].body, b.Color))
	return files, addLogo(files, b.Logo)
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	contentType := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".js" {
		contentType = "text/javascript; charset=utf-8" // whatever the machine's own table says
	}
	return file{body: body, contentType: contentType, hash: hex.EncodeToString(sum[:8])}
}

// href is the address of a static file. Its name changes with its content, so
// that browsers may keep it for ever.
func (rn *Renderer) href(name string) string {
	ext := path.Ext(name)
	return rn.prefix + "/static/" + strings.TrimSuffix(name, ext) + "." + rn.files[name].hash + ext
}

// Static serves what the pages need, below Prefix + "/static/". The request's
// path must still have the prefix.
func (rn *Renderer) Static() http.Handler { return rn.Handle(rn.serveFile) }

// serveFile finds a file by its name with or without a hash. A hash of another
// version gets today's content, not to be kept: while nodes are replaced one by
// one, the page of one may ask another for its style.
func (rn *Renderer) serveFile(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return fault.New(fault.MethodNotAllowed, "")
	}
	asked := strings.TrimPrefix(r.URL.Path, rn.prefix+"/static/")
	f, current := rn.find(asked)
	if f.body == nil {
		return fault.New(fault.NotFound, "")
	}
	h := w.Header()
	rn.guard(h)
	h.Set("Cache-Control", "no-cache")
	if current {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	// An SVG that is opened by itself is a page: it gets no script and no origin.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Etag", `"`+f.hash+`"`)
	if r.Header.Get("If-None-Match") == h.Get("Etag") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	send(w, r, http.StatusOK, f.contentType, f.body)
	return nil
}

// find returns the file that was asked for, and whether its hash is today's.
func (rn *Renderer) find(asked string) (found file, current bool) {
	if f, ok := rn.files[asked]; ok {
		return f, false
	}
	ext := path.Ext(asked)
	stem := strings.TrimSuffix(asked, ext)
	hash := path.Ext(stem)
	f := rn.files[strings.TrimSuffix(stem, hash)+ext]
	return f, f.body != nil && hash == "."+f.hash
}
