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
	says := told{out.Header, make([]string, 0, 7)}
	says.set("X-Forwarded-Host", in.Host)
	says.set("X-Forwarded-Proto", scheme)
	says.set("X-Forwarded-Port", portOf(in.Host, scheme))
	says.set("X-Request-Id", web.RequestID(in.Context()))
	node := "unknown" // RFC 7239 section 6: there is no address to tell
	if client.IsValid() {
		node = client.String()
		says.set("X-Forwarded-For", node)
		says.set("X-Real-Ip", node)
		if client.Is6() {
			node = `"[` + node + `]"`
		}
	}
	says.set("Forwarded", "for="+node+`;host="`+in.Host+`";proto=`+scheme) // the host is a route's: no quotes in it
}

// told are headers whose values share their memory: there are many at each request.
type told struct {
	header http.Header
	values []string
}

// set sets a header whose name is in canonical form.
func (t *told) set(name, value string) {
	n := len(t.values)
	t.values = append(t.values, value)
	t.header[name] = t.values[n : n+1 : n+1]
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
