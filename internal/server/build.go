package server

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/peer"
	"github.com/esgateway/esgateway/internal/proxy"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// Lasting is what a gateway needs besides its configuration, and what outlives
// any one configuration.
type Lasting struct {
	Store   session.Store
	Metrics *metrics.Set
	Audit   *audit.Log
	Log     *slog.Logger
	Now     func() time.Time
}

// Gateway is a built gateway: a handler, and the sessions behind it.
type Gateway struct {
	// Handler serves the public listener.
	Handler http.Handler
	// Sessions must be run while the gateway serves.
	Sessions *session.Manager
	// Elastic is the client of ES's security API.
	Elastic   *elastic.Client
	flow      *login.Flow
	upstreams *proxy.Handler
	// wanted are the authorities of client certificates, for handshakes.
	wanted func() []*x509.Certificate
}

// Drain ends what would not end by itself, before the listeners close.
func (g *Gateway) Drain() { g.upstreams.Drain() }

// Warnings are what operators should know while all works, as /readyz?verbose shows it.
func (g *Gateway) Warnings() []string { return g.flow.Warnings() }

// Build makes a gateway. It opens no listener and asks nobody: Elasticsearch
// and the identity providers may be down. Errors say what cannot be built.
func Build(c *config.Ready, l Lasting) (*Gateway, error) {
	es, err := elastic.New(c.Elastic, elastic.Deps{Now: l.Now, Log: l.Log, Observe: func(endpoint string, class elastic.Class, d time.Duration) {
		l.Metrics.ElasticsearchCall(endpoint, string(class), d)
	}})
	if err != nil {
		return nil, fmt.Errorf("elasticsearch: %w", err)
	}
	pages, err := web.New(web.Config{Prefix: c.Prefix, HTTPS: c.Secure, Brand: c.Brand}, l.Log)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	vault := session.NewVault(l.Store, c.Keys)
	cookies := session.NewCookies(c.Keys, c.Cookies)
	sessions := session.NewManager(c.Sessions, session.Deps{
		Vault: vault, Elastic: es, Now: l.Now, Log: l.Log, Observer: observer{audit: l.Audit, metrics: l.Metrics},
	})
	proxies, err := knownProxies(c, l)
	if err != nil {
		return nil, err
	}
	trusted := c.Trusted
	if proxies != nil {
		trusted = trusted.Requiring(proxies.Include)
	}
	methods, err := buildMethods(c, l, es, trusted)
	if err != nil {
		return nil, err
	}
	client := func(r *http.Request) netip.Addr { return trusted.Client(r) }
	flow := login.New(login.Setup{
		Public: c.Public, Prefix: c.Prefix, Landing: c.Landing, Methods: methods, Applications: applications(c), Returns: c.Returns,
		Sessions: sessions, Vault: vault, Cookies: cookies, Pages: pages, Audit: l.Audit, Metrics: l.Metrics,
		Client: func(r *http.Request) string { return client(r).String() }, Now: l.Now, Log: l.Log,
	})
	upstreams, err := proxy.New(proxy.Setup{
		Routes: c.Routes, Public: c.Public, Gate: gate.New(gate.Setup{Sessions: sessions, Cookies: cookies, Flow: flow, Elastic: es, Now: l.Now}), Flow: flow, Pages: pages,
		Client: client, Claims: claims(methods), Metrics: l.Metrics, StreamCheck: c.Sessions.StreamCheck, Now: l.Now, Log: l.Log,
	})
	if err != nil {
		return nil, err
	}
	around := around{config: c, lasting: l, pages: pages, client: client}
	return &Gateway{
		Handler: around.wrap(own(c, flow, pages), upstreams), Sessions: sessions, Elastic: es, flow: flow, upstreams: upstreams,
		wanted: func() []*x509.Certificate { return wanted(methods, proxies) },
	}, nil
}

// buildMethods builds every configured method with its own address.
func buildMethods(c *config.Ready, l Lasting, es *elastic.Client, trusted peer.Trusted) ([]login.Configured, error) {
	var out []login.Configured
	for _, m := range c.Methods {
		built, err := m.Build(login.Deps{
			Name: m.Name, Title: m.Title, Base: MethodURL(c, m), Elastic: es, ClientCertificates: c.Listen.ClientCertificates != "", Trusted: trusted, Now: l.Now, Log: l.Log, Alarm: l.Metrics.Alarm,
		})
		if err != nil {
			return nil, fmt.Errorf("method %s: %w", m.Name, err)
		}
		if prover, ok := built.(login.Prover); ok {
			for _, other := range out {
				if before, ok := other.Method.(login.Prover); ok && slices.Equal(before.Claims(), prover.Claims()) {
					return nil, fmt.Errorf("method %s: it takes the same certificates as %s, and the first one decides; make one method of them, with all authorities in one file", m.Name, other.Name)
				}
			}
		}
		out = append(out, login.Configured{Name: m.Name, Type: m.Type, Title: m.Title, Realm: m.Realm, Method: built})
	}
	return out, nil
}

// claims are the headers that speak for clients where a method believes them.
func claims(methods []login.Configured) []string {
	var all []string
	for _, m := range methods {
		if prover, ok := m.Method.(login.Prover); ok {
			all = append(all, prover.Claims()...)
		}
	}
	return all
}

// MethodURL is the address below which a method's endpoints lie.
func MethodURL(c *config.Ready, m config.Method) *url.URL {
	return login.Address(c.Public, c.Prefix, m.Type, m.Name)
}

// applications are the routes as the session page lists them: those that people
// open, so not ES itself.
func applications(c *config.Ready) []login.Application {
	var out []login.Application
	for _, r := range c.Routes {
		if r.Elasticsearch {
			continue
		}
		u := *c.Public
		if r.Host != "" && r.Host != c.Public.Hostname() {
			u.Host = r.Host
			if port := c.Public.Port(); port != "" {
				u.Host += ":" + port
			}
		}
		u.Path = r.Path
		if u.Path == "" {
			u.Path = "/"
		}
		title := r.Title
		if title == "" {
			title = u.Host + u.Path
		}
		out = append(out, login.Application{Title: title, URL: u.String()})
	}
	return out
}

// own serves the gateway's own addresses below the prefix.
func own(c *config.Ready, flow *login.Flow, pages *web.Renderer) http.Handler {
	r := chi.NewRouter()
	r.Route(c.Prefix, func(r chi.Router) {
		flow.Mount(r)
		r.Handle("/static/*", pages.Static())
	})
	r.NotFound(pages.Handle(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.NotFound, "")
	}).ServeHTTP)
	r.MethodNotAllowed(pages.Handle(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.MethodNotAllowed, "")
	}).ServeHTTP)
	return r
}
