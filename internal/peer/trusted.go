package peer

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Trusted is the list of peers that may say in headers for whom they speak. The zero
// value trusts nobody. It is safe for concurrent use.
type Trusted struct {
	nets  []netip.Prefix
	known func([]*x509.Certificate) bool // nil: an address is enough
}

// Requiring is the list with one more condition: whoever writes headers must have shown a
// certificate that is known. Announcing a client (PROXY) comes before TLS, so for that an
// address stays enough.
func (t Trusted) Requiring(known func(shown []*x509.Certificate) bool) Trusted {
	t.known = known
	return t
}

// writes reports whether somebody with that address, at the other end of the request's
// connection, may write headers.
func (t Trusted) writes(r *http.Request, addr netip.Addr) bool {
	switch {
	case !t.Has(addr):
		return false
	case t.known == nil:
		return true
	}
	return r.TLS != nil && t.known(r.TLS.PeerCertificates)
}

// ParseTrusted reads addresses ("10.0.0.1") and networks ("10.0.0.0/8"). Errors name
// every wrong element and what would be right. A network that holds every address is
// refused: it would let each client forge who it is.
func ParseTrusted(list []string) (Trusted, error) {
	var t Trusted
	var errs []error
	for _, s := range list {
		p, err := parseNet(strings.TrimSpace(s))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		t.nets = append(t.nets, p)
	}
	if err := errors.Join(errs...); err != nil {
		return Trusted{}, err
	}
	return t, nil
}

func parseNet(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q: an address here has no zone", s)
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", s)
	}
	p = unmapNet(p)
	switch {
	case p.Bits() == 0:
		return netip.Prefix{}, fmt.Errorf("%q trusts everybody: any client could forge its address; list the proxies' networks", s)
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%q is an address within a network; write %s for the network or %s for the address", s, p.Masked(), p.Addr())
	}
	return p, nil
}

// unmapNet turns ::ffff:10.0.0.0/104 into 10.0.0.0/8, as addresses are compared unmapped.
func unmapNet(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// None reports whether nobody is on the list.
func (t Trusted) None() bool { return len(t.nets) == 0 }

// Is reports whether the headers of a request were written by somebody trusted. A balancer
// that announces its client passes on that client's headers, and nobody vouches for them.
func (t Trusted) Is(r *http.Request) bool {
	_, trusted := t.sender(r)
	return trusted
}

// Listed reports whether a request comes from an address on the list, by whatever it has
// shown: such a connection is a proxy's, and what it proves of itself is no client's.
func (t Trusted) Listed(r *http.Request) bool {
	addr, _ := t.sender(r)
	return t.Has(addr)
}

// Has reports whether an address is trusted. The invalid address never is.
func (t Trusted) Has(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(t.nets, func(p netip.Prefix) bool { return p.Contains(addr) })
}
