package people

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:embed pages
var files embed.FS

// A Site shows the pages of one provider.
type Site struct {
	title, path string
	log         *slog.Logger
	templates   *template.Template
}

// NewSite makes a site. The path is the provider's own: its style sheet and script are
// below it, served by Asset.
func NewSite(title, path string, log *slog.Logger) (*Site, error) {
	templates, err := template.ParseFS(files, "pages/*.html")
	return &Site{title: title, path: path, log: log, templates: templates}, err
}

// A Page is all that a template may show.
type Page struct {
	// Title and Path are the site's.
	Title, Path string
	// Action, Problem, Username, Provider and People are for the login page, the
	// first and the third of them for the home page, too.
	Action, Problem, Username string
	Provider                  string
	People                    []Person
	// Target and Fields are a form that goes on by itself.
	Target string
	Fields []Field
	// Heading and Text are a notice, Next is where it leads, and Frames are what it
	// loads meanwhile.
	Heading, Text, Next string
	Frames              []string
}

// A Field is a hidden one.
type Field struct{ Name, Value string }

// Notice is a page with a sentence on it.
func (s *Site) Notice(w http.ResponseWriter, status int, heading, text string) {
	if err := s.Show(w, status, "notice.html", Page{Heading: heading, Text: text}); err != nil {
		s.log.Error("identity provider cannot show a page", "error", err.Error())
	}
}

// Show writes a page. Its forms may go to the provider itself and to these origins:
// browsers apply form-action also to where a form's answer redirects.
func (s *Site) Show(w http.ResponseWriter, status int, name string, p Page, formTargets ...string) error {
	p.Title, p.Path = s.title, s.path
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, name, p); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+
		strings.TrimSpace("'self' "+strings.Join(formTargets, " "))+frameSources(p.Frames))
	// Not no-referrer: the post to the service provider would come from the
	// origin "null".
	header.Set("Referrer-Policy", "strict-origin")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, err := b.WriteTo(w)
	if err != nil {
		s.log.Debug("identity provider: the browser went away", "error", err.Error())
	}
	return nil
}

func frameSources(frames []string) string {
	if len(frames) == 0 {
		return ""
	}
	sources := "; frame-src"
	for _, frame := range frames {
		sources += " " + Origin(frame)
	}
	return sources
}

// Asset serves an embedded file.
func (s *Site) Asset(name, mediaType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := files.ReadFile("pages/" + name)
		if err != nil {
			s.log.Error("identity provider has no such file", "error", err.Error())
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(text) // the browser may be gone
	}
}

// Origin is what a content security policy calls an address.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
