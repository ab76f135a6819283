package config

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/proxy"
)

// routes proves the applications and collects their hosts.
func (p *proof) routes() {
	p.ready.Routes = slices.Clone(p.cfg.Routes)
	if len(p.cfg.Routes) == 0 {
		p.warn("", "there are no routes: everything but the gateway's own pages is answered with 404")
	}
	first := map[string]int{}
	for i, c := range p.cfg.Routes {
		key := fmt.Sprintf("routes[%d]", i)
		p.each(key, c.Check())
		p.authorities(key+".ca", c.CA)
		p.clientCertificate(key, c)
		p.account(key+".account", c)
		if c.Certificate != (gate.CertificateConfig{}) && !slices.ContainsFunc(p.ready.Methods, func(m Method) bool { return m.Proves }) {
			p.wrong(key+".certificate", "needs a method that takes client certificates, and there is none", "add one of type pki, or leave this out")
		}
		host := p.host(key, c.Host)
		place := host + strings.TrimRight(c.Path, "/") + "/"
		if before, twice := first[place]; twice {
			p.wrong(key, fmt.Sprintf("has host and path of routes[%d]", before), "leave one out, or give one a longer path")
		} else {
			first[place] = i
		}
		if prefix := p.cfg.Prefix + "/"; strings.HasPrefix(c.Path+"/", prefix) {
			p.wrong(key+".path", "lies below the gateway's own prefix "+p.cfg.Prefix, "take another path, or set prefix")
		}
		p.upstreams(key, c)
	}
}

// host proves a route's host and notes it as one of ours.
func (p *proof) host(key, name string) string {
	if p.ready.Public == nil {
		return name
	}
	key, public := key+".host", p.ready.Public.Hostname()
	host := strings.ToLower(cmp.Or(name, public))
	switch {
	case name == "": // the public host, which has its own check
	case !validHost(host):
		p.wrong(key, fmt.Sprintf("%q is no host name", name), "write it in ASCII, without scheme, port or path, for example app.example.com")
	case host != public && p.cfg.Sessions.CookieDomain != "" && !covers(p.cfg.Sessions.CookieDomain, host):
		p.wrong(key, fmt.Sprintf("%q is not covered by sessions.cookie_domain, so its session cookie would be refused", name),
			"leave cookie_domain out: hosts then have cookies of their own")
	case !slices.Contains(p.ready.Hosts, host):
		p.ready.Hosts = append(p.ready.Hosts, host)
	}
	return host
}

// clientCertificate proves who the gateway is to an upstream.
func (p *proof) clientCertificate(key string, c proxy.RouteConfig) {
	if c.ClientCert == "" || c.ClientKey == "" {
		return
	}
	if _, err := tls.LoadX509KeyPair(c.ClientCert, c.ClientKey); err != nil {
		p.wrong(key+".client_cert", "cannot be used with client_key: "+cause(err), "both are PEM files and belong together")
		return
	}
	p.private(key+".client_key", c.ClientKey)
}

// account proves a route's own account. The gateway's would be anybody's who is let in.
func (p *proof) account(key string, c proxy.RouteConfig) {
	if c.Account.None() {
		return
	}
	if c.Account.Username != "" && c.Account.Username == p.cfg.Elasticsearch.Username {
		p.wrong(key+".username", "is the gateway's own account, which can be anybody", "make a user of its own for the route")
	}
	for name, file := range map[string]string{".password_file": c.Account.PasswordFile, ".api_key_file": c.Account.APIKeyFile} {
		if file != "" {
			p.private(key+name, file)
		}
	}
}

// upstreams warns of tokens that would go over the network in the clear.
func (p *proof) upstreams(key string, c proxy.RouteConfig) {
	for _, to := range c.To {
		u, err := url.Parse(to)
		if err == nil && c.Elasticsearch && u.Scheme == "http" && !loopback(u.Hostname()) {
			p.warn(key+".to", "is plain http: people's tokens are readable on the way to Elasticsearch")
		}
	}
}
