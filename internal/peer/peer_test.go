package peer_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/peer"
)

func trusted(t testing.TB, list ...string) peer.Trusted {
	t.Helper()
	got, err := peer.ParseTrusted(list)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func request(remote string, forwarded ...string) *http.Request {
	return &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": forwarded}}
}

func TestClient(t *testing.T) {
	t.Parallel()
	list := trusted(t, "10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48")
	for _, tc := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no header", "203.0.113.5:4711", nil, "203.0.113.5"},
		{"an untrusted peer cannot choose", "203.0.113.5:4711", []string{"198.51.100.1"}, "203.0.113.5"},
		{"an untrusted peer cannot pass for a trusted one", "203.0.113.5:4711", []string{"10.0.0.1"}, "203.0.113.5"},
		{"a trusted peer speaks for its client", "10.0.0.1:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what the client wrote stays behind", "10.0.0.1:4711", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"a client that writes a trusted address", "10.0.0.1:4711", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		{"two trusted hops", "10.0.0.1:4711", []string{"1.1.1.1, 198.51.100.1 ,10.0.0.2"}, "198.51.100.1"},
		{"two lines are one list", "10.0.0.1:4711", []string{"1.1.1.1, 198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		{"all hops are trusted", "10.0.0.1:4711", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a trusted peer without header", "10.0.0.1:4711", nil, "10.0.0.1"},
		{"an empty header", "10.0.0.1:4711", []string{""}, "10.0.0.1"},
		{"garbage ends the walk", "10.0.0.1:4711", []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		{"garbage behind a hop ends it there", "10.0.0.1:4711", []string{"198.51.100.1, _hidden, 10.0.0.2"}, "10.0.0.2"},
		{"an empty element is garbage", "10.0.0.1:4711", []string{"198.51.100.1,"}, "10.0.0.1"},
		{"a name is garbage", "10.0.0.1:4711", []string{"client.example"}, "10.0.0.1"},
		{"a half bracket is garbage", "10.0.0.1:4711", []string{"[2001:db8::9"}, "10.0.0.1"},
		{"an IPv4 address in other notations is garbage", "10.0.0.1:4711", []string{"0x7f.1"}, "10.0.0.1"},
		{"with port", "10.0.0.1:4711", []string{"198.51.100.1:55555"}, "198.51.100.1"},
		{"IPv6", "[2001:db8:1::1]:4711", []string{"2001:db8::9"}, "2001:db8::9"},
		{"IPv6 in brackets", "10.0.0.1:4711", []string{"[2001:db8::9]"}, "2001:db8::9"},
		{"IPv6 with port", "10.0.0.1:4711", []string{"[2001:db8::9]:443"}, "2001:db8::9"},
		{"a mapped peer is trusted", "[::ffff:10.0.0.1]:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a mapped client is itself", "10.0.0.1:4711", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a mapped hop is trusted", "10.0.0.1:4711", []string{"198.51.100.1, ::ffff:10.0.0.2"}, "198.51.100.1"},
		{"a single trusted address", "192.0.2.7:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"its neighbour", "192.0.2.8:1", []string{"198.51.100.1"}, "192.0.2.8"},
		{"a zone does not matter", "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"a Unix socket is nobody", "@", []string{"198.51.100.1"}, "invalid IP"},
		{"no peer at all", "", []string{"198.51.100.1"}, "invalid IP"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := list.Client(request(tc.remote, tc.forwarded...)).String(); got != tc.want {
				t.Errorf("from %s with %q: got %s, want %s", tc.remote, tc.forwarded, got, tc.want)
			}
		})
	}
}

func TestWhoWroteTheHeadersOfAnAnnouncedClient(t *testing.T) {
	t.Parallel()
	list := trusted(t, "10.0.0.0/8")
	for name, tc := range map[string]struct {
		socket, named string
		relayed       bool
		client        string
		is            bool
	}{
		"its client, who is not trusted":    {socket: "10.0.0.1:1", named: "203.0.113.7", relayed: true, client: "203.0.113.7"},
		"a trusted proxy further on":        {socket: "10.0.0.1:1", named: "::ffff:10.0.0.2", relayed: true, client: "198.51.100.9", is: true},
		"the peer itself":                   {socket: "10.0.0.1:1", client: "198.51.100.9", is: true},
		"somebody without an address":       {socket: "10.0.0.1:1", relayed: true, client: "10.0.0.1"},
		"a peer that must not announce any": {socket: "192.0.2.1:1", named: "10.0.0.2", relayed: true, client: "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var named netip.Addr
			if tc.named != "" {
				named = netip.MustParseAddr(tc.named)
			}
			r := request(tc.socket, "198.51.100.9")
			r = r.WithContext(peer.Announce(r.Context(), func() (netip.Addr, bool) { return named, tc.relayed }))
			if got := list.Client(r).String(); got != tc.client {
				t.Errorf("client: %s, want %s", got, tc.client)
			}
			if got := list.Is(r); got != tc.is {
				t.Errorf("written by somebody trusted: %v, want %v", got, tc.is)
			}
		})
	}
}

func TestACertificateMayBeRequiredBesides(t *testing.T) {
	t.Parallel()
	mine := &x509.Certificate{Raw: []byte("mine")}
	list := trusted(t, "10.0.0.0/8").Requiring(func(shown []*x509.Certificate) bool { return len(shown) > 0 && shown[0] == mine })
	relayed := func(client string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request {
			return r.WithContext(peer.Announce(r.Context(), func() (netip.Addr, bool) { return netip.MustParseAddr(client), true }))
		}
	}
	plain := func(r *http.Request) *http.Request { return r }
	for name, tc := range map[string]struct {
		remote     string
		shown      *tls.ConnectionState
		how        func(*http.Request) *http.Request
		is, listed bool
		client     string
	}{
		"with it":              {"10.0.0.1:1", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine}}, plain, true, true, "198.51.100.9"},
		"with another":         {"10.0.0.1:1", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}, plain, false, true, "10.0.0.1"},
		"with none":            {"10.0.0.1:1", &tls.ConnectionState{}, plain, false, true, "10.0.0.1"},
		"without TLS":          {"10.0.0.1:1", nil, plain, false, true, "10.0.0.1"},
		"from elsewhere":       {"192.0.2.1:1", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine}}, plain, false, false, "192.0.2.1"},
		"announced":            {"10.0.0.1:1", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine}}, relayed("10.0.0.2"), true, true, "198.51.100.9"},
		"announced, with none": {"10.0.0.1:1", &tls.ConnectionState{}, relayed("10.0.0.2"), false, true, "10.0.0.2"},
		"announced, a client":  {"10.0.0.1:1", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine}}, relayed("203.0.113.7"), false, false, "203.0.113.7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request(tc.remote, "198.51.100.9")
			r.TLS = tc.shown
			r = tc.how(r)
			if got := list.Is(r); got != tc.is {
				t.Errorf("trusted: %v", got)
			}
			if got := list.Listed(r); got != tc.listed {
				t.Errorf("listed: %v", got)
			}
			if got := list.Client(r).String(); got != tc.client {
				t.Errorf("client: %s, want %s", got, tc.client)
			}
		})
	}
}

func TestNobodyIsTrustedByDefault(t *testing.T) {
	t.Parallel()
	var none peer.Trusted
	r := request("10.0.0.1:1", "198.51.100.1")
	if none.Is(r) || none.Client(r) != netip.MustParseAddr("10.0.0.1") || none.Has(netip.Addr{}) {
		t.Error("the zero list trusts somebody")
	}
}

func TestOtherHeadersDoNotCount(t *testing.T) {
	t.Parallel()
	r := request("10.0.0.1:1")
	for _, name := range []string{"X-Real-Ip", "Forwarded", "True-Client-Ip", "X-Client-Ip", "Cf-Connecting-Ip"} {
		r.Header.Set(name, "198.51.100.1")
	}
	if got := trusted(t, "10.0.0.0/8").Client(r).String(); got != "10.0.0.1" {
		t.Errorf("got %s", got)
	}
}

func TestParseTrusted(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, inside, outside string }{
		{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
		{" 10.0.0.1 ", "10.0.0.1", "10.0.0.2"},
		{"::1", "::1", "::2"},
		{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"},
		{"::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"},
		{"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"},
	} {
		list := trusted(t, tc.in)
		if !list.Has(netip.MustParseAddr(tc.inside)) || list.Has(netip.MustParseAddr(tc.outside)) {
			t.Errorf("%q: %s inside %v, %s inside %v", tc.in, tc.inside, list.Has(netip.MustParseAddr(tc.inside)), tc.outside, list.Has(netip.MustParseAddr(tc.outside)))
		}
	}
}

func TestParseTrustedSaysWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                  "neither an address nor a network",
		"localhost":         "neither an address nor a network",
		"10.0.0.0/33":       "neither an address nor a network",
		"10.0.0.1-10.0.0.9": "neither an address nor a network",
		"10.0.0.1/8":        "write 10.0.0.0/8 for the network or 10.0.0.1 for the address",
		"0.0.0.0/0":         "trusts everybody",
		"::/0":              "trusts everybody",
		"::ffff:0.0.0.0/96": "trusts everybody",
		"fe80::1%eth0":      "no zone",
	} {
		_, err := peer.ParseTrusted([]string{"10.0.0.0/8", in})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want ... %s ...", in, err, want)
		}
	}
	if _, err := peer.ParseTrusted([]string{"bad1", "bad2"}); err == nil || !strings.Contains(err.Error(), "bad1") || !strings.Contains(err.Error(), "bad2") {
		t.Errorf("not every mistake is named: %v", err)
	}
}

// FuzzClient checks that an untrusted peer is always itself, and that whatever comes
// out stood in the request.
func FuzzClient(f *testing.F) {
	f.Add("10.0.0.1:1", "198.51.100.1, 10.0.0.2", "::ffff:10.0.0.3")
	f.Add("203.0.113.5:1", "10.0.0.1", "")
	f.Add("[::1]:1", "[::1]:80,,", ",")
	list := trusted(f, "10.0.0.0/8", "::1")
	f.Fuzz(func(t *testing.T, remote, first, second string) {
		r := request(remote, first, second)
		got, socket := list.Client(r), peer.Socket(r)
		if !list.Is(r) && got != socket {
			t.Fatalf("untrusted %s passes for %s", socket, got)
		}
		if got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%s has two spellings", got)
		}
		if got == socket {
			return
		}
		for element := range strings.SplitSeq(first+","+second, ",") {
			element = strings.Trim(element, " \t")
			if ap, err := netip.ParseAddrPort(element); err == nil && ap.Addr().Unmap().WithZone("") == got {
				return
			}
			if a, err := netip.ParseAddr(strings.Trim(element, "[]")); err == nil && a.Unmap().WithZone("") == got {
				return
			}
		}
		t.Fatalf("%s stands nowhere in %q, %q", got, first, second)
	})
}
