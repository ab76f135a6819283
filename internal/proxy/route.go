package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/access"
	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/target"
	"github.com/esgateway/esgateway/internal/web"
)

// RouteConfig is an element of `routes` in the configuration.
type RouteConfig struct {
	// Host is the host name that people use. Empty: the public URL's host.
	Host string `yaml:"host"`
	// Path is the path prefix, by whole segments. Empty: all paths. The longest
	// prefix of a host wins.
	Path string `yaml:"path"`
	// Title names the application on our pages. Empty: host and path.
	Title string `yaml:"title"`
	// UpstreamConfig is where the route leads.
	UpstreamConfig `yaml:",inline"`
	// StripPrefix takes the route's path away before a request goes on, and says
	// so in X-Forwarded-Prefix: /app/x arrives as /x, and /app as /.
	StripPrefix bool `yaml:"strip_prefix"`
	// Elasticsearch says that the upstream is ES itself: clients may bring their
	// own Authorization, errors have ES's shape, and ES's 401 renews tokens.
	Elasticsearch bool `yaml:"elasticsearch"`
	// Require is what a signed-in person needs.
	Require access.Rule `yaml:"require"`
	// Authorization says what becomes of a client's own Authorization header.
	Authorization gate.AuthorizationConfig `yaml:"authorization"`
	// Account is an account at Elasticsearch whose credentials the upstream gets in the
	// place of the person's.
	Account gate.AccountConfig `yaml:"account"`
	// Certificate is what the route wants of client certificates.
	Certificate gate.CertificateConfig `yaml:"certificate"`
	// Public are path prefixes, by whole segments, that need no sign-in.
	Public []string `yaml:"public"`
	// CSRF is what a request with a session needs that can change something:
	// strict (its browser says that it comes from a page of the same origin, or of
	// one in origins), lax (nothing says the opposite), off. WebSockets are always
	// strict.
	CSRF string `yaml:"csrf"`
	// Origins are other origins whose pages may use the application with the
	// person's session, for example https://app.example.com. Browsers send the
	// session's cookie only from hosts of the same site.
	Origins []string `yaml:"origins"`
	// CORS answers browsers' preflight requests here and lets pages of origins read
	// the answers. Without it preflights go on, without credentials.
	CORS bool `yaml:"cors"`
	// Answer says how somebody without a session is answered: auto (decided
	// from the request), page (as a person in front of a browser), api (401).
	Answer string `yaml:"answer"`
	// Embedded says what a frame gets without a session: link (a small page
	// whose link opens the sign-in in a new tab) or refuse (401 in JSON).
	Embedded string `yaml:"embedded"`
}

// The words of RouteConfig.Answer and RouteConfig.Embedded.
const (
	answerAuto     = "auto"
	answerPage     = "page"
	answerAPI      = "api"
	embeddedLink   = "link"
	embeddedRefuse = "refuse"
)

// Check returns what is wrong with the route, by yaml key.
func (c RouteConfig) Check() map[string]error {
	bad := map[string]error{}
	c.UpstreamConfig.check(bad)
	if c.StripPrefix && strings.Trim(c.Path, "/") == "" {
		bad["strip_prefix"] = errors.New("has no prefix to strip; leave it out, or write path")
	}
	for key, paths := range map[string][]string{"path": {cmp.Or(c.Path, "/")}, "public": c.Public} {
		for _, p := range paths {
			if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "?#%\\") || strings.Contains(p, "//") {
				bad[key] = fmt.Errorf("%q is no path prefix; write it plain and starting with a slash, for example /app", p)
			}
		}
	}
	for key, err := range c.Authorization.Check() {
		bad["authorization."+key] = err
	}
	for key, err := range c.Account.Check() {
		bad["account."+key] = err
	}
	if !c.Account.None() && c.policy().Forwards() {
		bad["account"] = errors.New("would stand for whoever sends any Authorization header; write verify or refuse for apikey, bearer and basic")
	}
	if !c.Elasticsearch && c.policy().Forwards() && !c.Require.Zero() {
		bad["authorization"] = errors.New("with forward nobody knows whose header it is, so require would not hold; write verify")
	}
	if !slices.Contains([]string{"", csrfStrict, csrfLax, csrfOff}, c.CSRF) {
		bad["csrf"] = fmt.Errorf("%q is none of strict, lax, off", c.CSRF)
	}
	if err := checkOrigins(c.Origins); err != nil {
		bad["origins"] = err
	}
	if c.CORS && len(c.Origins) == 0 {
		bad["cors"] = errors.New("lets nobody read anything without origins; name them, or leave it out")
	}
	if !slices.Contains([]string{"", answerAuto, answerPage, answerAPI}, c.Answer) {
		bad["answer"] = fmt.Errorf("%q is none of auto, page, api", c.Answer)
	}
	if !slices.Contains([]string{"", embeddedLink, embeddedRefuse}, c.Embedded) {
		bad["embedded"] = fmt.Errorf("%q is none of link, refuse", c.Embedded)
	}
	return bad
}

// policy is who may come, and with what.
func (c RouteConfig) policy() gate.Policy {
	return gate.Policy{Elasticsearch: c.Elasticsearch, Require: c.Require, Authorization: c.Authorization, Account: c.Account, Certificate: c.Certificate}
}

// route is a RouteConfig that is ready to be used.
type route struct {
	RouteConfig
	policy gate.Policy
	// first is the first of the upstream's addresses.
	first *url.URL
}

// name is what metrics call the route.
func (rt *route) name() string { return rt.Host + cmp.Or(rt.Path, "/") }

// public reports whether the path needs no sign-in. An encoded slash, dot or
// backslash is never public: the upstream might decode it and see another path.
func (rt *route) public(t target.Target) bool {
	return t.PublicSafe() && slices.ContainsFunc(rt.Public, t.Under)
}

// inside is the target as the upstream sees it: without the route's path, where
// that is stripped. Segments are counted in the raw bytes, which stay as they are.
func (rt *route) inside(t target.Target) target.Target {
	path := strings.Trim(rt.Path, "/")
	if !rt.StripPrefix || path == "" {
		return t
	}
	n := strings.Count(path, "/") + 1
	t.Segments = t.Segments[n:]
	t.Path = "/" + strings.Join(strings.Split(t.Path[1:], "/")[n:], "/")
	if len(t.Segments) == 0 {
		t.Segments = []string{""}
	}
	return t
}

// audience applies the route's wish over what the request looks like.
func (rt *route) audience(seen web.Audience) web.Audience {
	switch {
	case rt.Answer == answerAPI, seen == web.Embedded && rt.Embedded == embeddedRefuse:
		return web.API
	case rt.Answer == answerPage:
		return web.Navigation
	}
	return seen
}

// table finds routes: by host, then by the longest path prefix.
type table map[string][]*route

func newTable(configs []RouteConfig, publicHost string) (table, error) {
	t := table{}
	for _, c := range configs {
		c.Host = strings.ToLower(cmp.Or(c.Host, publicHost))
		first, err := parseAddress(c.To[0])
		if err != nil {
			return nil, err
		}
		t[c.Host] = append(t[c.Host], &route{RouteConfig: c, first: first.url, policy: c.policy()})
	}
	for _, routes := range t {
		slices.SortStableFunc(routes, func(a, b *route) int { return len(b.Path) - len(a.Path) })
	}
	return t, nil
}

func (t table) find(asked target.Target) *route {
	for _, rt := range t[asked.Host] {
		if asked.Under(cmp.Or(rt.Path, "/")) {
			return rt
		}
	}
	return nil
}
