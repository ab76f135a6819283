package web

import (
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Renderer answers with pages, errors and static files. It is immutable and
// safe for concurrent use.
type Renderer struct {
	prefix    string
	https     bool
	face      face
	log       *slog.Logger
	templates map[string]*template.Template // by the name of their file
	files     map[string]file               // by their plain name
	plain     []byte                        // the page for when nothing else works
}

// New makes a Renderer. Every template is parsed and executed, so that a
// mistake in one shows here and not while somebody waits for an error page. It
// reads the logo and reports all that is wrong with cfg.
func New(cfg Config, log *slog.Logger) (*Renderer, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	rn := &Renderer{prefix: cfg.Prefix, https: cfg.HTTPS, log: log}
	var err error
	if rn.files, err = staticFiles(cfg.Brand); err != nil {
		return nil, err
	}
	rn.face = face{
		Title: cfg.Brand.Title, Logo: rn.href(rn.logo()),
		SignInText: paragraphs(cfg.Brand.Texts.SignIn), SignedOut: paragraphs(cfg.Brand.Texts.SignedOut), Help: paragraphs(cfg.Brand.Texts.Help),
	}
	if rn.templates, err = parseTemplates(); err != nil {
		return nil, err
	}
	return rn, rn.rehearse()
}

// parseTemplates gives each page a set of its own, with the layout in it.
func parseTemplates() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").Funcs(functions()).ParseFS(templateFiles, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("parse layout: %w", err)
	}
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	all := map[string]*template.Template{}
	for _, e := range entries {
		if e.Name() == "layout.html" {
			continue
		}
		page, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy layout: %w", err)
		}
		if all[e.Name()], err = page.ParseFS(templateFiles, "templates/"+e.Name()); err != nil {
			return nil, fmt.Errorf("parse page: %w", err)
		}
	}
	return all, nil
}

// rehearse draws every page, empty and filled, and keeps the last resort.
func (rn *Renderer) rehearse() error {
	for _, page := range rehearsal() {
		if _, err := rn.draw(page, "rehearsal"); err != nil {
			return err
		}
	}
	said := sayingOf("")
	var err error
	rn.plain, err = rn.draw(Message{Heading: said.title, Text: said.text, Hint: said.hint}, "")
	return err
}

// paragraphs splits a text of the configuration at its empty lines.
func paragraphs(text string) []string {
	var all []string
	for p := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}
