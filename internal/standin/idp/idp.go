package idp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// An IdP is a running identity provider. It is safe for concurrent use.
type IdP struct {
	config   Config
	base     string // BaseURL without a slash at its end
	path     string // base's path
	secure   bool   // whether cookies are for https only
	pages    *people.Site
	sessions *sessions
	serve    http.Handler
}

// New makes an IdP. It listens nowhere: it is an http.Handler.
func New(c Config) (*IdP, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	base := strings.TrimRight(c.BaseURL, "/")
	at, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	pages, err := people.NewSite(c.Title, at.Path, c.Log)
	if err != nil {
		return nil, err
	}
	i := &IdP{config: c, base: base, path: at.Path, secure: at.Scheme == "https", pages: pages, sessions: newSessions(c.Now)}
	if c.EntityID == "" {
		i.config.EntityID = base + "/metadata"
	}
	i.serve = i.routes()
	return i, nil
}

// ServeHTTP answers browsers, and whoever asks for the metadata.
func (i *IdP) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.serve.ServeHTTP(w, r) }

// routes are all that the IdP answers to. POSTs from other origins are refused:
// nobody else may log a browser in or out.
func (i *IdP) routes() http.Handler {
	mux := http.NewServeMux()
	at := func(method, path string, h people.Handler) { mux.Handle(method+" "+i.path+path, i.pages.Answering(h)) }
	at("GET", "/{$}", i.home)
	at("GET", "/metadata", i.metadata)
	at("GET", "/sso", i.sso)
	at("POST", "/sso", i.login)
	at("GET", "/slo", i.slo)
	at("POST", "/logout", i.logout)
	mux.Handle("GET "+i.path+"/style.css", i.pages.Asset("style.css", "text/css; charset=utf-8"))
	mux.Handle("GET "+i.path+"/post.js", i.pages.Asset("post.js", "text/javascript; charset=utf-8"))
	return http.NewCrossOriginProtection().Handler(mux)
}

// provider finds a service provider by its entity id.
func (i *IdP) provider(entityID string) (ServiceProvider, bool) {
	for _, sp := range i.config.ServiceProviders {
		if sp.EntityID == entityID {
			return sp, true
		}
	}
	return ServiceProvider{}, false
}
