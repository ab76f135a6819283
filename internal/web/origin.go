package web

import (
	"net/http"
	"net/url"
	"strings"
)

// Origin is what a request says of the page that has sent it.
type Origin string

// The origins.
const (
	// SameOrigin: a page of ours, or a person who typed the address.
	SameOrigin Origin = "same"
	// OtherOrigin: a page of somebody else. A sibling host is somebody else.
	OtherOrigin Origin = "other"
	// UnknownOrigin: nothing was said. Browsers that change something do say.
	UnknownOrigin Origin = "unknown"
)

// OriginOf decides where a request to own (scheme and host) comes from. It is the
// one place that does. A browser's own word counts most (Sec-Fetch-Site, which
// pages cannot forge), then Origin, then, for old browsers, Referer.
func OriginOf(r *http.Request, own *url.URL) Origin {
	site := r.Header.Get("Sec-Fetch-Site")
	switch {
	case site == "same-origin", site == "none" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return SameOrigin
	case site != "" && site != "none":
		return OtherOrigin
	}
	if len(r.Header["Origin"]) > 1 {
		return OtherOrigin // no browser sends two
	}
	for _, said := range [...]string{r.Header.Get("Origin"), r.Header.Get("Referer")} {
		if said == "" {
			continue
		}
		u, err := url.Parse(said)
		if err != nil || u.Scheme != own.Scheme || !strings.EqualFold(u.Host, own.Host) {
			return OtherOrigin // "null" too: a page that hides where it is from
		}
		return SameOrigin
	}
	return UnknownOrigin
}
