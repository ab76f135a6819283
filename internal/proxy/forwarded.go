package proxy

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/esgateway/esgateway/internal/web"
)

// announce sets what the upstream may know of the way a request took. What a
// client wrote under these names was stripped before. There is one address in
// them, the client's: upstreams disagree about which end of a list counts.
func announce(out, in *http.Request, scheme string, client netip.Addr) {
	h := out.Header
	h.Set("X-Forwarded-Host", in.Host)
	h.Set("X-Forwarded-Proto", scheme)
	h.Set("X-Forwarded-Port", portOf(in.Host, scheme))
	h.Set("X-Request-Id", web.RequestID(in.Context()))
	node := "unknown" // RFC 7239 section 6: there is no address to tell
	if client.IsValid() {
		h.Set("X-Forwarded-For", client.String())
		h.Set("X-Real-Ip", client.String())
		node = client.String()
		if client.Is6() {
			node = `"[` + node + `]"`
		}
	}
	h.Set("Forwarded", "for="+node+`;host="`+in.Host+`";proto=`+scheme) // the host is a route's: no quotes in it
}

// tellCertificate hands a certificate on, as RFC 9440 section 2 writes it: byte sequences
// of RFC 8941, the client's own apart from its issuers.
func tellCertificate(h http.Header, chain [][]byte) {
	if len(chain) == 0 {
		return
	}
	text := make([]string, len(chain))
	for i, der := range chain {
		text[i] = ":" + base64.StdEncoding.EncodeToString(der) + ":"
	}
	h.Set("Client-Cert", text[0])
	if len(text) > 1 {
		h.Set("Client-Cert-Chain", strings.Join(text[1:], ", "))
	}
}

// portOf is the port that the client has asked for.
func portOf(host, scheme string) string {
	return cmp.Or((&url.URL{Host: host}).Port(), map[string]string{"https": "443", "http": "80"}[scheme])
}
