package server

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/peer"
)

// Guard puts the configuration's bounds on a listener's connections, and reads the PROXY
// header of trusted peers where that is configured. TLS comes on top of it.
func Guard(l net.Listener, c *config.Ready) net.Listener {
	l = bound(l, c.Listen.ClientLimits)
	if !c.Listen.ProxyProtocol {
		return l
	}
	return announcing{Listener: l, trusted: c.Trusted, wait: c.Listen.HeaderTime}
}

// announcing lets trusted peers say, in front of everything else, for whom they speak
// (PROXY protocol, versions 1 and 2). Of everybody else the bytes are the client's own.
type announcing struct {
	net.Listener
	trusted peer.Trusted
	wait    time.Duration
}

// Accept implements net.Listener. The header is read with the first bytes that anybody
// asks for, so a silent peer keeps nobody else waiting.
func (a announcing) Accept() (net.Conn, error) {
	c, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !a.trusted.Has(addressOf(c.RemoteAddr())) {
		return c, nil
	}
	return announced{proxyproto.NewConn(c, proxyproto.WithPolicy(proxyproto.USE), proxyproto.SetReadHeaderTimeout(a.wait))}, nil
}

// announced is a connection of a peer that may have said for whom it speaks. Its address
// stays the peer's: trust is a matter of who is connected, never of what he says.
type announced struct{ *proxyproto.Conn }

// RemoteAddr implements net.Conn.
func (c announced) RemoteAddr() net.Addr { return c.Raw().RemoteAddr() }

// client is for whom the peer speaks, if for somebody else. LOCAL of version 2 is the
// peer itself (health checks); UNKNOWN of version 1, and an address that is none of IP,
// can be anybody.
func (c announced) client() (client netip.Addr, relayed bool) {
	header := c.ProxyHeader()
	switch {
	case header == nil, header.Version == 2 && header.Command.IsLocal():
		return netip.Addr{}, false
	case header.SourceAddr == nil:
		return netip.Addr{}, true
	}
	return addressOf(header.SourceAddr), true
}

// addressOf is invalid for what has no IP address, such as a socket file.
func addressOf(a net.Addr) netip.Addr {
	from, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr()
}

// remember lets requests ask for whom their connection speaks.
func remember(ctx context.Context, c net.Conn) context.Context {
	if over, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		c = over.NetConn()
	}
	if a, ok := c.(announced); ok {
		return peer.Announce(ctx, a.client)
	}
	return ctx
}
