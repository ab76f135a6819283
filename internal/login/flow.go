package login

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/returnto"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// Application is a route as the session page lists it.
type Application struct {
	Title string
	URL   string
}

// Setup is what a Flow is made of.
type Setup struct {
	// Public is the public URL; callbacks and sign-in pages live on its host.
	Public *url.URL
	// Prefix is where our own addresses lie, for example /_gateway.
	Prefix string
	// Landing is where people land who wanted to go nowhere; empty: /session.
	Landing      string
	Methods      []Configured
	Applications []Application
	Returns      returnto.Policy

	Sessions *session.Manager
	Vault    *session.Vault
	Cookies  *session.Cookies
	Pages    *web.Renderer
	Audit    *audit.Log
	Metrics  *metrics.Set
	// Client returns a request's client address.
	Client func(*http.Request) string
	Now    func() time.Time
	Log    *slog.Logger
}

// Flow serves signing in and out. It is safe for concurrent use.
type Flow struct {
	public   *url.URL
	prefix   string
	landing  string
	methods  []Configured
	apps     []Application
	returns  returnto.Policy
	sessions *session.Manager
	vault    *session.Vault
	cookies  *session.Cookies
	pages    *web.Renderer
	audit    *audit.Log
	metrics  *metrics.Set
	client   func(*http.Request) string
	now      func() time.Time
	log      *slog.Logger

	attempts atomic.Int64 // open attempts, as far as this node knows
}

// New makes a Flow.
func New(s Setup) *Flow {
	f := &Flow{
		public: s.Public, prefix: s.Prefix, landing: s.Landing, methods: s.Methods, apps: s.Applications,
		returns: s.Returns, sessions: s.Sessions, vault: s.Vault, cookies: s.Cookies, pages: s.Pages,
		audit: s.Audit, metrics: s.Metrics, client: s.Client, now: s.Now, log: s.Log,
	}
	if f.landing == "" {
		f.landing = f.address("/session", nil)
	}
	return f
}

// Mount puts the flow's addresses on a router that stands at the prefix.
func (f *Flow) Mount(r chi.Router) {
	r.Group(func(r chi.Router) {
		r.Use(f.onPublicHost)
		r.Method(http.MethodGet, "/login", f.pages.Handle(f.showLogin))
		r.Method(http.MethodGet, "/login/{method}", f.pages.Handle(f.startLogin))
		r.Method(http.MethodPost, "/login/{method}", f.pages.Handle(f.startLogin))
		r.Method(http.MethodGet, "/logged-out", f.pages.Handle(f.showLoggedOut))
		for i := range f.methods {
			f.mountMethod(r, &f.methods[i])
		}
	})
	r.Method(http.MethodGet, "/enter", f.pages.Handle(f.enter))
	r.Method(http.MethodGet, "/logout", f.pages.Handle(f.askLogout))
	r.Method(http.MethodPost, "/logout", f.pages.Handle(f.logout))
	r.Method(http.MethodGet, "/session", f.pages.Handle(f.showSession))
}

// mountMethod puts a method's endpoints below its own address.
func (f *Flow) mountMethod(r chi.Router, m *Configured) {
	for _, route := range m.Routes() {
		r.Method(route.Verb, "/"+m.Type+"/"+m.Name+"/"+route.Path, f.pages.Handle(f.callback(m, route)))
	}
}

// onPublicHost keeps sign-ins on the one host that the ES realms call back.
func (f *Flow) onPublicHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hostOf(r) == f.public.Hostname() {
			next.ServeHTTP(w, r)
			return
		}
		to := *r.URL
		to.Scheme, to.Host = f.public.Scheme, f.public.Host
		web.Redirect(w, r, to.String())
	})
}

// address makes a path below the prefix.
func (f *Flow) address(path string, query url.Values) string {
	if len(query) == 0 {
		return f.prefix + path
	}
	return f.prefix + path + "?" + query.Encode()
}

// methodNamed returns the configured method, or nil.
func (f *Flow) methodNamed(name string) *Configured {
	for i := range f.methods {
		if f.methods[i].Name == name {
			return &f.methods[i]
		}
	}
	return nil
}

// Owns reports whether a session's method is still configured with its realm.
func (f *Flow) Owns(s *session.Session) bool {
	m := f.methodNamed(s.Method)
	return m != nil && m.Realm == s.Realm
}
