package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// public proves the public URL.
func (p *proof) public() {
	const key, example = "public_url", "write the address that people use, for example https://sso.example.com"
	if p.cfg.PublicURL == "" {
		p.missing(key, example)
		return
	}
	u, err := url.Parse(p.cfg.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		p.wrong(key, fmt.Sprintf("%q is no http(s) address", p.cfg.PublicURL), example)
		return
	}
	host := strings.ToLower(u.Hostname())
	p.publish(u, host)
	switch {
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "", u.User != nil:
		p.wrong(key, "has more than scheme, host and port", fmt.Sprintf("write %s://%s; the gateway's own path is prefix", u.Scheme, u.Host))
	case !validHost(host):
		p.wrong(key, fmt.Sprintf("%q is no host name as browsers send it", u.Hostname()), "write it in ASCII (xn--...), without a dot at the end")
	case !validPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		p.wrong(key, fmt.Sprintf("%q has no valid port", u.Host), "leave the port out, or write one from 1 to 65535")
	case u.Scheme == "http" && !loopbackName(host):
		p.wrong(key, "is plain http, over which anybody on the way can take sessions",
			"write https, also where a proxy in front ends TLS (then with listen.plain: behind_tls); http is for localhost and names below it")
	}
}

// publish notes the public URL, also a wrong one: the other checks go on with
// what it was meant to be.
func (p *proof) publish(u *url.URL, host string) {
	p.ready.Secure = u.Scheme == "https" || !loopbackName(host)
	p.ready.Public = &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	if u.Port() == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		p.ready.Public.Host = strings.TrimSuffix(p.ready.Public.Host, ":"+u.Port())
	}
	p.ready.Hosts = []string{host}
}

// label and so on: what DNS and browsers agree on, with the underscore that
// container networks use.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// validHost reports whether a host, in lower case and without port, is one that
// all of our parsers read alike.
func validHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	return len(host) <= 253 && hostName.MatchString(host)
}

// validPort takes the empty port for the scheme's own.
func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && !strings.HasPrefix(port, "0")
}

// loopbackName reports whether browsers keep a name on the machine, whatever
// DNS says (and treat its pages as secure).
func loopbackName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// loopback reports whether a host to connect to or listen on is this machine.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return loopbackName(strings.ToLower(host)) || err == nil && addr.Unmap().IsLoopback()
}
