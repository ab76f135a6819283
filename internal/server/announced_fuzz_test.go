package server

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/peer"
)

// played is a connection from a peer that has sent some bytes and listens no more.
type played struct {
	net.Conn
	sent io.Reader
	from net.Addr
}

func (p *played) Read(b []byte) (int, error)       { return p.sent.Read(b) }
func (p *played) RemoteAddr() net.Addr             { return p.from }
func (p *played) LocalAddr() net.Addr              { return p.from }
func (p *played) Close() error                     { return nil }
func (p *played) SetReadDeadline(time.Time) error  { return nil }
func (p *played) SetWriteDeadline(time.Time) error { return nil }
func (p *played) SetDeadline(time.Time) error      { return nil }

// oneOf is a listener to which one connection comes.
type oneOf struct {
	net.Listener
	conn net.Conn
}

func (l oneOf) Accept() (net.Conn, error) { return l.conn, nil }

// FuzzPROXYHeader: whatever stands in front of a connection, the peer stays the peer;
// what is no header reaches us as it was sent; what is one is taken away whole; and of a
// peer that is not trusted every byte is the client's own.
func FuzzPROXYHeader(f *testing.F) {
	const signature = "\r\n\r\n\x00\r\nQUIT\n"
	for _, head := range []string{
		"", "GET / HTTP/1.1\r\n", "PROXY ", "PROXY\r\n", "PROXY UNKNOWN\r\n", "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\nGET /",
		"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n", "PROXY TCP4 nonsense\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", "PROXY " + strings.Repeat("x", 200),
		signature, signature + "\x20\x00\x00\x00GET /", signature + "\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02rest",
		signature + "\x21\x31\x00\xd8", signature + "\x21\x11\xff\xff", signature + "\x21\x00\x00\x00", signature[:6],
	} {
		f.Add([]byte(head), true)
		f.Add([]byte(head), false)
	}
	trusted, err := peer.ParseTrusted([]string{"10.0.0.1"})
	if err != nil {
		f.Fatal(err)
	}
	c := &config.Ready{Trusted: trusted, Listen: config.Listen{ProxyProtocol: true, ClientLimits: config.DefaultLimits()}}
	f.Fuzz(func(t *testing.T, sent []byte, known bool) {
		from := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 7}
		if known {
			from.IP = net.IPv4(10, 0, 0, 1)
		}
		conn, err := Guard(oneOf{conn: &played{sent: bytes.NewReader(sent), from: from}}, c).Accept()
		if err != nil {
			t.Fatal(err)
		}
		read, err := io.ReadAll(conn)
		if conn.RemoteAddr().String() != from.String() {
			t.Fatalf("the peer is %s by now", conn.RemoteAddr())
		}
		if !bytes.HasSuffix(sent, read) {
			t.Fatalf("of %q came %q", sent, read)
		}
		begins := bytes.HasPrefix(sent, []byte("PROXY")) || bytes.HasPrefix(sent, []byte(signature))
		if (!known || !begins) && (err != nil || len(read) != len(sent)) {
			t.Fatalf("no header, and of %q came %q (%v)", sent, read, err)
		}
		says, ok := conn.(announced)
		if ok != known {
			t.Fatalf("announced: %v", ok)
		}
		if !ok {
			return
		}
		client, relayed := says.client()
		switch {
		case !relayed && client != (netip.Addr{}):
			t.Fatalf("%s, for whom nobody speaks", client)
		case relayed && (err != nil || !begins || len(read) == len(sent)):
			t.Fatalf("%q speaks for %s (%v)", sent, client, err)
		}
	})
}
