package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/web"
)

// The words of RouteConfig.CSRF.
const (
	csrfStrict = "strict"
	csrfLax    = "lax"
	csrfOff    = "off"
)

// exposed are the headers of our own answers that a page of an allowed origin
// may read.
const exposed = "Retry-After, Www-Authenticate, X-Gateway-Response, X-Request-Id"

// checkOrigins proves a list of origins: a browser compares the whole string.
func checkOrigins(list []string) error {
	for _, o := range list {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || o != u.Scheme+"://"+strings.ToLower(u.Host) {
			return fmt.Errorf("%q is no origin; write scheme and host in lower case and nothing behind them, for example https://app.example.com", o)
		}
	}
	return nil
}

// trusts reports whether the request says that it comes from a page of an origin
// on the route's list. A request with two origins comes from none.
func (rt *route) trusts(r *http.Request) bool {
	said := r.Header["Origin"]
	return len(said) == 1 && slices.Contains(rt.Origins, said[0])
}

// foreign is why a request with a session or a client certificate does not go on: a page
// of another origin may not change anything with what browsers send to everybody. The
// evidence is the browser's (web.OriginOf); a sibling host is another origin. A
// WebSocket's handshake changes nothing by itself, but has no other protection, so it
// counts whatever the route says. A program with a certificate says nothing of any
// origin, and need not.
func (h *Handler) foreign(r *http.Request, e *exchange, v gate.Visitor) error {
	if v.Session == nil && !v.Proven {
		return nil
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	rule := e.route.CSRF
	switch {
	case e.upgrade:
		rule = csrfStrict
	case safe, rule == csrfOff:
		return nil
	}
	if e.route.trusts(r) {
		return nil
	}
	switch web.OriginOf(r, &url.URL{Scheme: h.Public.Scheme, Host: r.Host}) {
	case web.SameOrigin:
		return nil
	case web.UnknownOrigin:
		if rule == csrfLax || v.Proven {
			return nil
		}
		return &fault.Error{
			Kind: fault.CrossOrigin, Public: "This request changes something and does not say which page it comes from.",
			Hint: "Browsers say so by themselves. A program that uses a session cookie sends the header Origin with the address of this host.",
			Err:  errors.New("no Origin, Sec-Fetch-Site or Referer"),
		}
	default:
		return fault.New(fault.CrossOrigin, "")
	}
}

// preflight reports whether a browser asks if a page of another origin may send
// a request (Fetch standard 3.2.2). Browsers ask without credentials, so there is
// nobody to admit.
func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != "" &&
		(r.Body == nil || r.Body == http.NoBody)
}

// share lets a page of an origin on the list read what is answered, our own
// refusals too. The answer depends on the origin, and says so to caches.
func (rt *route) share(h http.Header, r *http.Request) {
	if !rt.CORS {
		return
	}
	h.Add("Vary", "Origin")
	if !rt.trusts(r) {
		return
	}
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", exposed)
}

// ownShare takes from an upstream's answer what share has said already: a browser
// refuses an answer that says it twice.
func (rt *route) ownShare(h http.Header) {
	if rt.CORS {
		h.Del("Access-Control-Allow-Origin")
		h.Del("Access-Control-Allow-Credentials")
	}
}

// answerPreflight answers for the upstream, where the route has cors.
func (h *Handler) answerPreflight(w http.ResponseWriter, r *http.Request, rt *route) {
	if !rt.trusts(r) {
		h.Pages.Error(w, r, &fault.Error{
			Kind: fault.CrossOrigin, Hint: "If that page should use this application, its origin belongs on the list of the route.",
		}, web.Reply{Audience: web.API, Elasticsearch: rt.Elasticsearch})
		return
	}
	head := w.Header()
	head.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	head.Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		head.Set("Access-Control-Allow-Headers", asked)
	}
	head.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
