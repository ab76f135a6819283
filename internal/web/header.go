package web

import (
	"net/http"
	"strings"
)

// year is how long browsers remember that this host speaks https.
const year = "max-age=31536000"

// secure sets the headers of our own pages: no script, style or image but our
// own, no frames, no trace in caches and in the Referer of other sites
// (threat: markup or framing turns our pages against the person).
func (rn *Renderer) secure(h http.Header, l look) {
	rn.guard(h)
	h.Set("Content-Security-Policy", policy(l))
	h.Set("Referrer-Policy", referrer(l))
	if rn.https {
		h.Set("Cross-Origin-Opener-Policy", "same-origin") // elsewhere browsers only complain of it
	}
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	if l.framed {
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
}

// guard sets the headers that every answer of ours has.
func (rn *Renderer) guard(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if rn.https {
		h.Set("Strict-Transport-Security", year)
	}
}

// policy is the Content-Security-Policy of a page.
//
// Chrome applies form-action to the redirects that follow a form, too: with
// 'self' the button "sign in" would stop at the 303 to the identity provider,
// whose address may change with every answer of Elasticsearch. So pages with a
// form allow http and https, and nothing else (no javascript:, no data:). They
// lose little: their forms have no field that a person fills in, and no markup
// of others gets into them.
func policy(l look) string {
	action, ancestors := "'self'", "'none'"
	if l.posts {
		action = "'self' https: http:"
	}
	if l.framed {
		ancestors = "'self'"
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
		"form-action " + action, "base-uri 'none'", "frame-ancestors " + ancestors,
	}, "; ")
}

// referrer is the Referrer-Policy of a page. Under no-referrer browsers send
// "Origin: null" with a form (Fetch, "append a request Origin header"), which
// is no evidence that the form was ours; browsers without Sec-Fetch-Site, and
// all browsers on plain http, have no other. same-origin tells other sites as
// little.
func referrer(l look) string {
	if l.posts {
		return "same-origin"
	}
	return "no-referrer"
}
