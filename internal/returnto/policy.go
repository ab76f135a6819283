package returnto

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// MaxLength bounds a return URL, in bytes. It is sealed in each attempt, and comes
// back in addresses that proxies cut off not far above.
const MaxLength = 16 << 10

// The refusals. Their texts hold nothing of what was refused.
var (
	// ErrTooLong: more than MaxLength.
	ErrTooLong = errors.New("the return URL is too long")
	// ErrMalformed: a browser might read it as something else than we do.
	ErrMalformed = errors.New("the return URL is malformed")
	// ErrForeign: another scheme, host or port.
	ErrForeign = errors.New("the return URL leads to a host that is not configured")
	// ErrOwnPage: one of the gateway's own pages, so that signing in would end in
	// signing out, or in signing in.
	ErrOwnPage = errors.New("the return URL leads to a page of the gateway")
)

// Policy says which addresses are ours. The zero value refuses everything.
type Policy struct {
	// Public is the gateway's public URL. Its scheme and port hold for all hosts.
	Public *url.URL
	// Hosts are the further hosts of routes, without port.
	Hosts []string
	// Prefix is where the gateway's own pages lie on every host: "/_gateway".
	Prefix string
}

// Has reports whether a host, in lower case and without port, is one of ours.
func (p Policy) Has(host string) bool {
	return p.Public != nil && (host == p.publicHost() || slices.ContainsFunc(p.Hosts, func(h string) bool { return strings.EqualFold(h, host) }))
}

// Parse proves an address, absolute or from the public host's root. Path, query and
// fragment of the result are byte for byte those of raw.
func (p Policy) Parse(raw string) (URL, error) {
	switch {
	case len(raw) > MaxLength:
		return URL{}, ErrTooLong
	case p.Public == nil:
		return URL{}, ErrForeign
	case !printable(raw):
		return URL{}, ErrMalformed
	}
	host, rest, err := p.split(raw)
	if err != nil {
		return URL{}, err
	}
	if err := p.checkPath(rest); err != nil {
		return URL{}, err
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return URL{origin: p.origin(host), host: host, rest: rest}, nil
}

// split finds the host and what follows it.
func (p Policy) split(raw string) (host, rest string, err error) {
	head := raw[:end(raw, "/?#")]
	if !strings.Contains(head, ":") { // no scheme
		if head != "" || strings.HasPrefix(raw, "//") {
			return "", "", ErrMalformed // "app/x" and "//host" depend on where they stand
		}
		return p.publicHost(), raw, nil
	}
	scheme, after, ok := strings.Cut(raw, "://")
	if !ok || !ascii(scheme) || !strings.EqualFold(scheme, p.Public.Scheme) {
		return "", "", ErrForeign
	}
	at := end(after, `/?#\`)
	host, ok = p.ours(after[:at])
	if !ok {
		return "", "", ErrForeign
	}
	return host, after[at:], nil
}

// end is where the first of these characters stands, or the length.
func end(s, chars string) int {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return i
	}
	return len(s)
}

// ours compares an authority with each one that we could have written ourselves.
// There is no parsing to get wrong: user info, escapes, another spelling of an IP
// address and Unicode dots are simply none of those.
func (p Policy) ours(authority string) (host string, ok bool) {
	if !ascii(authority) {
		return "", false // ToLower makes a k of the Kelvin sign
	}
	authority = strings.ToLower(authority)
	if strings.HasSuffix(authority, defaultPort(p.Public.Scheme)) && p.port() == "" {
		authority = strings.TrimSuffix(authority, defaultPort(p.Public.Scheme))
	}
	if authority == join(p.publicHost(), p.port()) {
		return p.publicHost(), true
	}
	i := slices.IndexFunc(p.Hosts, func(h string) bool { return authority == join(strings.ToLower(h), p.port()) })
	if i < 0 {
		return "", false
	}
	return strings.ToLower(p.Hosts[i]), true
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func (p Policy) publicHost() string { return strings.ToLower(p.Public.Hostname()) }

// port is the public URL's, "" for the scheme's own.
func (p Policy) port() string {
	port := p.Public.Port()
	if ":"+port == defaultPort(p.Public.Scheme) {
		return ""
	}
	return port
}

func (p Policy) origin(host string) string {
	return strings.ToLower(p.Public.Scheme) + "://" + join(host, p.port())
}

func defaultPort(scheme string) string {
	if strings.EqualFold(scheme, "https") {
		return ":443"
	}
	return ":80"
}

// join writes an authority as browsers do.
func join(host, port string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}
