package server_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

// TestThePROXYHeader of a trusted peer names the client, and nobody whom it trusts.
func TestThePROXYHeader(t *testing.T) {
	t.Parallel()
	const request = "GET /public HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n"
	second := func(local bool) string {
		h := &proxyproto.Header{
			Version: 2, Command: proxyproto.PROXY, TransportProtocol: proxyproto.TCPv6,
			SourceAddr: &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 1234}, DestinationAddr: &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 443},
		}
		if local {
			h = &proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}
		}
		var b bytes.Buffer
		if _, err := h.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, tc := range map[string]struct {
		trusted, head, more string
		want                string // the client, as the application hears of it; "": the connection ends, or is refused
	}{
		"version 1":                          {trusted: "127.0.0.1", head: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\n", want: "203.0.113.7"},
		"version 2":                          {trusted: "127.0.0.1", head: second(false), want: "2001:db8::7"},
		"version 2, for the peer itself":     {trusted: "127.0.0.1", head: second(true), want: "127.0.0.1"},
		"none":                               {trusted: "127.0.0.1", want: "127.0.0.1"},
		"unknown":                            {trusted: "127.0.0.1", head: "PROXY UNKNOWN\r\n", want: "127.0.0.1"},
		"unknown, and what it says itself":   {trusted: "127.0.0.1", head: "PROXY UNKNOWN\r\n", more: "X-Forwarded-For: 198.51.100.9\r\n", want: "127.0.0.1"},
		"the peer's own, and what it says":   {trusted: "127.0.0.1", head: second(true), more: "X-Forwarded-For: 198.51.100.9\r\n", want: "198.51.100.9"},
		"what the client says beside it":     {trusted: "127.0.0.1", head: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\n", more: "X-Forwarded-For: 198.51.100.9\r\n", want: "203.0.113.7"},
		"a trusted hop further on":           {trusted: "127.0.0.1, 203.0.113.7", head: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\n", more: "X-Forwarded-For: 198.51.100.9\r\n", want: "198.51.100.9"},
		"broken":                             {trusted: "127.0.0.1", head: "PROXY TCP4 nonsense\r\n"},
		"of a peer that is not trusted":      {trusted: "192.0.2.9", head: "PROXY TCP4 203.0.113.7 192.0.2.1 1234 443\r\n"},
		"none of a peer that is not trusted": {trusted: "192.0.2.9", want: "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := `"` + strings.ReplaceAll(tc.trusted, ", ", `", "`) + `"`
			g := gatewaytest.Start(t, gatewaytest.Options{Listen: ", proxy_protocol: true, trusted_proxies: [" + list + "]"})
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", g.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, tc.head+strings.ReplaceAll(request, "HOST", g.URL.Host)+tc.more+"\r\n"); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || resp.StatusCode != http.StatusOK {
				if tc.want != "" {
					t.Fatalf("no answer: %v", err)
				}
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" || !strings.Contains(string(body), "X-Real-Ip: "+tc.want+"\r\n") {
				t.Errorf("the client is not %q:\n%s", tc.want, body)
			}
		})
	}
}
