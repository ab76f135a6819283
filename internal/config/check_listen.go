package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/esgateway/esgateway/internal/peer"
)

// listen proves the public listener.
func (p *proof) listen() {
	l := p.cfg.Listen
	p.ready.Listen = l
	host := p.address("listen.address", l.Address)
	if l.ShutdownTime <= 0 {
		p.wrong("listen.shutdown_time", "must be more than 0", "write for example 30s")
	}
	switch {
	case l.ClientCertificates == "":
	case l.ClientCertificates != RequestCertificates && l.ClientCertificates != RequireCertificates:
		p.wrong("listen.client_certificates", fmt.Sprintf("%q is not known", l.ClientCertificates), "leave it out, or write request or require")
	case l.Cert == "":
		p.wrong("listen.client_certificates", "needs TLS on this listener", "set listen.cert and listen.key, or take certificates from a load balancer by a method of type pki with from: header")
	}
	p.limits(l.ClientLimits)
	trusted, err := peer.ParseTrusted(l.TrustedProxies)
	if err != nil {
		p.wrong("listen.trusted_proxies", oneLine(err), "")
	}
	p.ready.Trusted = trusted
	p.trustedCertificates(l)
	if l.ProxyProtocol && len(l.TrustedProxies) == 0 {
		p.wrong("listen.proxy_protocol", "does nothing without listen.trusted_proxies", "name the balancers' addresses there")
	}
	switch {
	case l.Plain != "" && l.Plain != BehindTLS:
		p.wrong("listen.plain", fmt.Sprintf("%q is not known", l.Plain), "leave it out, or write "+BehindTLS+" where a proxy in front ends TLS")
	case l.Cert != "" || l.Key != "":
		p.certificate()
	default:
		p.plain(loopback(host))
	}
}

// trustedCertificates proves whose certificates make a proxy trusted.
func (p *proof) trustedCertificates(l Listen) {
	const key = "listen.trusted_certificates"
	if l.TrustedCertificates.None() {
		return
	}
	p.each(key, l.TrustedCertificates.Check())
	p.authorities(key+".ca", l.TrustedCertificates.CA)
	switch {
	case len(l.TrustedProxies) == 0:
		p.wrong(key, "does nothing without listen.trusted_proxies", "name the proxies' addresses or networks there as well")
	case l.ClientCertificates == "":
		p.wrong(key, "needs listen.client_certificates: no proxy is asked for a certificate", "write request, and listen.cert and listen.key where they are missing")
	}
}

// The words of Listen.ClientCertificates.
const (
	RequestCertificates = "request"
	RequireCertificates = "require"
)

// limits proves the bounds on clients: none can be switched off, since somebody
// would find the one that is.
func (p *proof) limits(l ClientLimits) {
	for key, d := range map[string]time.Duration{"header_time": l.HeaderTime, "progress_time": l.ProgressTime, "idle_time": l.IdleTime} {
		if d <= 0 {
			p.wrong("listen."+key, "must be more than 0", "write for example 60s")
		}
	}
	if l.HeaderLimit < minHeader {
		p.wrong("listen.header_limit", fmt.Sprintf("%d bytes are too few: a browser's cookies alone can take 4096", l.HeaderLimit), "write at least "+strconv.Itoa(minHeader))
	}
	for key, n := range map[string]int{"max_connections": l.MaxConnections, "max_streams": l.MaxStreams} {
		if n < 1 {
			p.wrong("listen."+key, "must be at least 1", "leave it out for the default")
		}
	}
}

// minHeader is the smallest head that a browser with a few cookies fits in.
const minHeader = 8 << 10

// certificate proves a listener with TLS.
func (p *proof) certificate() {
	l := p.cfg.Listen
	switch {
	case l.Key == "":
		p.missing("listen.key", "it is the PEM file with the private key of listen.cert")
		return
	case l.Cert == "":
		p.missing("listen.cert", "it is the PEM file with the certificate of listen.key")
		return
	case l.Plain != "":
		p.wrong("listen.plain", "contradicts listen.cert", "leave out one of them")
	case p.ready.Public != nil && !p.ready.Secure:
		p.wrong("public_url", "is http, but the listener has a certificate", "write https")
	}
	pair, err := tls.LoadX509KeyPair(l.Cert, l.Key)
	if err != nil {
		p.wrong("listen.cert", "cannot be used with listen.key: "+cause(err), "both are PEM files and belong together")
		return
	}
	p.private("listen.key", l.Key)
	if p.ready.Public != nil && pair.Leaf.VerifyHostname(p.ready.Public.Hostname()) != nil {
		p.warn("listen.cert", fmt.Sprintf("the certificate is not for %s; browsers accept that only if a proxy in front has another one", p.ready.Public.Hostname()))
	}
}

// plain proves a listener without TLS: whoever reaches it reads every session,
// and can claim any client address.
func (p *proof) plain(local bool) {
	l, secure := p.cfg.Listen, p.ready.Secure || p.ready.Public == nil
	switch {
	case l.Plain == "" && secure:
		p.missing("listen.cert", "public_url is https: name the certificate and its key here, or write listen.plain: behind_tls where a proxy in front ends TLS")
	case l.Plain == "" && !local:
		p.wrong("listen.address", "listens without TLS on more than this machine", "write 127.0.0.1:PORT, or give it a certificate")
	case l.Plain != "" && !secure:
		p.wrong("listen.plain", "says that people come by https, but public_url is http", "leave it out, or write public_url with https")
	case l.Plain != "" && !local && len(l.TrustedProxies) == 0:
		p.missing("listen.trusted_proxies", "a plain listener that others reach needs the addresses of the proxies that end TLS")
	}
}

// operations proves the operators' listener.
func (p *proof) operations() {
	o := p.cfg.Operations
	p.ready.Operations = o
	if o.Address == "" {
		return
	}
	p.address("operations.address", o.Address)
	if _, port, err := net.SplitHostPort(o.Address); err == nil && port != "0" && o.Address == p.cfg.Listen.Address {
		p.wrong("operations.address", "is the address of listen", "take another port")
	}
}

// address proves an address to listen on and returns its host.
func (p *proof) address(key, address string) string {
	host, port, err := net.SplitHostPort(address)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || strconv.FormatUint(n, 10) != port {
		p.wrong(key, fmt.Sprintf("%q is no address to listen on", address), "write host:port or :port, for example :8443")
	}
	return host
}
