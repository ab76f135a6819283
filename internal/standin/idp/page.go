package idp

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed pages
var files embed.FS

func parsePages() (*template.Template, error) { return template.ParseFS(files, "pages/*.html") }

// A page is all that a template may show.
type page struct {
	Title, Path                   string
	Action, Problem, Username     string
	Provider                      string
	People                        []Person
	ACS, SAMLResponse, RelayState string
	Heading, Text                 string
}

func (i *IdP) loginPage(r *http.Request, req request, problem string) page {
	return page{
		Action:   i.path + "/sso?" + r.URL.RawQuery,
		Problem:  problem,
		Username: r.PostForm.Get("username"),
		Provider: req.provider.EntityID,
		People:   i.config.People,
	}
}

// notice is a page with a sentence on it.
func (i *IdP) notice(w http.ResponseWriter, status int, heading, text string) {
	if err := i.show(w, status, "notice.html", page{Heading: heading, Text: text}); err != nil {
		i.config.Log.Error("identity provider cannot show a page", "error", err.Error())
	}
}

// home says who is logged in and lets them sign out.
func (i *IdP) home(w http.ResponseWriter, r *http.Request) error {
	_, s, _ := i.sessions.of(r)
	name := s.person.FullName
	if name == "" {
		name = s.person.Username
	}
	targets := []string{}
	for _, sp := range i.config.ServiceProviders {
		targets = append(targets, origin(sp.Logout))
	}
	return i.show(w, http.StatusOK, "home.html", page{Username: name, Action: i.path + "/logout"}, targets...)
}

// show writes a page. Its forms may go to the IdP itself and to these origins:
// browsers apply form-action also to where a form's answer redirects.
func (i *IdP) show(w http.ResponseWriter, status int, name string, p page, formTargets ...string) error {
	p.Title, p.Path = i.config.Title, i.path
	var b bytes.Buffer
	if err := i.pages.ExecuteTemplate(&b, name, p); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+
		strings.TrimSpace("'self' "+strings.Join(formTargets, " ")))
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
		i.config.Log.Debug("identity provider: the browser went away", "error", err.Error())
	}
	return nil
}

// asset serves an embedded file.
func (i *IdP) asset(name, mediaType string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		text, err := files.ReadFile("pages/" + name)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(text) // the browser may be gone
		return nil
	}
}
