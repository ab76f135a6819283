package peer

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Socket is the address at the other end of the connection, unmapped and without
// zone. It is invalid if there is none (a Unix socket).
func Socket(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// announcedKey is where a request finds for whom its connection speaks.
type announcedKey struct{}

// Announce says that the peer of a connection can say for whom it speaks (PROXY
// protocol). The function is called with each request: whether it speaks for somebody
// else, and for whom; the invalid address is somebody without one.
func Announce(ctx context.Context, named func() (client netip.Addr, relayed bool)) context.Context {
	return context.WithValue(ctx, announcedKey{}, named)
}

// sender is who has written the request's headers: the socket peer, or, if that is
// trusted and passes on bytes, whom it has announced. trusted is about that one. Of
// somebody without an address the peer's is known, and nothing to trust.
func (t Trusted) sender(r *http.Request) (addr netip.Addr, trusted bool) {
	addr = Socket(r)
	named, ok := r.Context().Value(announcedKey{}).(func() (netip.Addr, bool))
	if !ok || !t.Has(addr) {
		return addr, t.writes(r, addr)
	}
	client, relayed := named()
	switch {
	case !relayed:
		return addr, t.writes(r, addr)
	case !client.IsValid():
		return addr, false
	}
	return client.Unmap().WithZone(""), t.writes(r, client)
}

// Client is the address of the client, unmapped: the sender of the headers, or, while
// that is trusted, the next one to the left in X-Forwarded-For. So it is the rightmost
// one that we do not trust: what stands further left was written by that client itself.
// An element that is no address ends the walk at the hop that wrote it. When all hops
// are trusted it is the leftmost.
func (t Trusted) Client(r *http.Request) netip.Addr {
	addr, trusted := t.sender(r)
	if !trusted {
		return addr
	}
	for _, field := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for field != "" {
			if !t.Has(addr) {
				return addr
			}
			cut := strings.LastIndexByte(field, ',')
			next, ok := hop(field[cut+1:])
			if !ok {
				return addr
			}
			addr, field = next, field[:max(cut, 0)]
		}
	}
	return addr
}

// hop reads one element: an address, or one with a port as some balancers write it.
func hop(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	addr, err := netip.ParseAddr(s)
	return addr.Unmap().WithZone(""), err == nil
}
