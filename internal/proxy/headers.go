package proxy

import (
	"net/http"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/session"
)

// strippedNames are the request headers that clients may not send on, besides
// the families below: they say who somebody is or where a request came from,
// here or for Elasticsearch (contract http 1.4). Names are normalised: lower
// case, with - for _ and . , since upstreams read those as the same header.
func strippedNames() []string {
	return []string{
		"forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "client-ip", "proxy", "proxy-authorization",
		"remote-user", "remote-name", "remote-email", "remote-groups",
		"es-security-runas-user", "es-client-authentication", "x-client-authentication",
		"client-cert", "client-cert-chain", "ssl-client-cert",
	}
}

// strippedFamilies are prefixes of normalised names.
func strippedFamilies() []string {
	return []string{
		"x-forwarded-", "x-gateway-", "x-auth-request-", "x-webauth-", "x-remote-", "x-ssl-client-", "x-client-cert", "x-amzn-mtls-",
		"es-secondary-", "x-elastic-product-origin", "x-elastic-internal-", "x-elastic-project-", "-xpack-security-", "-security-",
	}
}

// separators are written alike in names that are compared.
var separators = strings.NewReplacer("_", "-", ".", "-")

// normal is the form in which header names are compared.
func normal(name string) string { return separators.Replace(strings.ToLower(name)) }

// policy is the header policy with its lists made once.
type policy struct {
	names    map[string]bool
	families []string
}

func newPolicy(claims []string) policy {
	p := policy{names: map[string]bool{}, families: strippedFamilies()}
	for _, n := range strippedNames() {
		p.names[n] = true
	}
	for _, n := range claims {
		p.names[normal(n)] = true
	}
	return p
}

// forged reports whether a request header of that normal name may not come from a
// client.
func (p policy) forged(n string) bool {
	if p.names[n] {
		return true
	}
	return slices.ContainsFunc(p.families, func(f string) bool { return strings.HasPrefix(n, f) })
}

// clean strips from an outgoing request what a client may not say and what is
// ours. own keeps the client's Authorization.
func (p policy) clean(h http.Header, own bool) {
	for name := range h {
		switch n := normal(name); {
		case p.forged(n), n == "authorization" && (!own || name != "Authorization"):
			delete(h, name)
		}
	}
	stripCookies(h)
}

// stripCookies removes our own cookies and leaves the bytes of all others.
func stripCookies(h http.Header) {
	var kept []string
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(pair, "=")
			if strings.TrimSpace(pair) != "" && !session.Ours(name) {
				kept = append(kept, strings.TrimSpace(pair))
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Cookie")
		return
	}
	h["Cookie"] = []string{strings.Join(kept, "; ")}
}

// cleanAnswer strips from an upstream's answer what only the gateway may say.
func cleanAnswer(h http.Header) {
	h.Del("X-Gateway-Response")
	h.Del("X-Request-Id") // the client gets ours
	lines := h["Set-Cookie"]
	kept := lines[:0:0]
	for _, line := range lines {
		if name, _, _ := strings.Cut(line, "="); !session.Ours(name) {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		delete(h, "Set-Cookie")
		return
	}
	h["Set-Cookie"] = kept
}

// keepPrivate keeps caches between us and the client from storing an answer for
// one person. They store nothing that was asked for with Authorization unless the
// answer allows it (RFC 9111 section 3.5); the upstream relies on that, and the
// client has sent a cookie, to which the rule does not apply.
func keepPrivate(h http.Header) {
	const name = "Cache-Control"
	for _, line := range h[name] {
		for directive := range strings.SplitSeq(line, ",") {
			word, _, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(word) {
			case "private", "no-store", "public", "s-maxage", "must-revalidate":
				return
			}
		}
	}
	h[name] = []string{strings.Join(append(h[name], "private"), ", ")}
}

// cleanUpgrade leaves of a 101's Connection what it is for. The reverse proxy
// strips what that header names from all other answers, but not from this one.
func cleanUpgrade(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); !strings.EqualFold(name, "Upgrade") {
				h.Del(name)
			}
		}
	}
	h.Set("Connection", "Upgrade")
}

// filterChallenges keeps of ES's challenges those that the route takes. Basic
// and Negotiate make browsers open a login box, so they stay only for a client
// that has used that scheme itself.
func filterChallenges(h http.Header, schemes []string, used string) {
	const name = "Www-Authenticate"
	kept := h[name][:0:0]
	for _, value := range h[name] {
		scheme, _, _ := strings.Cut(value, " ")
		taken := slices.ContainsFunc(schemes, func(s string) bool { return strings.EqualFold(s, scheme) })
		box := strings.EqualFold(scheme, "Basic") || strings.EqualFold(scheme, "Negotiate")
		if taken && (!box || strings.EqualFold(scheme, used)) {
			kept = append(kept, value)
		}
	}
	if len(kept) == 0 {
		delete(h, name)
		return
	}
	h[name] = kept
}
