package web

import (
	"mime"
	"net/http"
	"strings"
)

// Audience is who waits for an answer.
type Audience string

// The audiences.
const (
	// Navigation is a browser that shows a page to a person. It may be
	// redirected to a sign-in and gets errors as pages.
	Navigation Audience = "navigation"
	// Embedded is a browser that fills a frame of a page. A sign-in cannot
	// happen there, since identity providers refuse to be framed.
	Embedded Audience = "embedded"
	// API is everything else: it is never redirected and gets JSON.
	API Audience = "api"
)

// AudienceOf decides who waits for the answer to r. It is the one place that
// does; docs/audience.md shows what it says of real requests.
//
// A browser's own word (Sec-Fetch-Mode, which pages cannot forge) counts most.
// Browsers keep it back on plain http and old ones do not know it; then a
// navigation is what looks like one in every respect. In doubt it is an API
// call: a person who gets JSON is annoyed, a script that gets a redirect to a
// page breaks in a way that nobody understands.
func AudienceOf(r *http.Request) Audience {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost,
		r.Header.Get("Upgrade") != "",
		byScript(r.Header):
		return API
	case r.Header.Get("Sec-Fetch-Mode") != "":
		return fetched(r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest"))
	case looksLikeNavigation(r):
		return Navigation
	default:
		return API
	}
}

// byScript reports whether a header is there that only scripts send. The value
// of X-Requested-With matters: Android's WebView names its app in it on every
// navigation.
func byScript(h http.Header) bool {
	for _, name := range [...]string{"Kbn-Xsrf", "Osd-Xsrf", "Hx-Request", "X-Pjax", "X-Turbo-Request-Id"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return strings.EqualFold(h.Get("X-Requested-With"), "XMLHttpRequest")
}

// fetched decides by fetch metadata (W3C Fetch Metadata, sections 2.1 and 2.2).
// nested-navigate is what Chrome 76 to 79 said of frames, without a destination.
func fetched(mode, destination string) Audience {
	if mode == "nested-navigate" {
		return Embedded
	}
	if mode != "navigate" {
		return API
	}
	switch destination {
	case "iframe", "frame", "embed", "object", "fencedframe":
		return Embedded
	default:
		return Navigation
	}
}

// looksLikeNavigation decides without fetch metadata. Browsers ask for HTML
// first and say so; no browser sends Origin when it follows a link, a token
// when it shows a page, or JSON from a form.
func looksLikeNavigation(r *http.Request) bool {
	if !wantsHTML(r.Header.Get("Accept")) || carriesToken(r.Header.Get("Authorization")) {
		return false
	}
	if r.Method == http.MethodPost {
		return fromForm(r.Header.Get("Content-Type"))
	}
	return r.Header.Get("Origin") == ""
}

// javaAccept begins what Java's HttpURLConnection asks for where a program has
// not said what it wants.
const javaAccept = "text/html, image/gif, image/jpeg,"

// wantsHTML reports whether the first thing that is asked for is HTML. Feed
// readers ask for it too, after the feeds.
func wantsHTML(accept string) bool {
	if strings.HasPrefix(accept, javaAccept) {
		return false
	}
	first, _, _ := strings.Cut(accept, ",")
	media, _, _ := strings.Cut(first, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "text/html" || media == "application/xhtml+xml"
}

// carriesToken: browsers answer Basic and Negotiate by themselves; any other
// scheme was put there by a program.
func carriesToken(authorization string) bool {
	scheme, _, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	return scheme != "" && !strings.EqualFold(scheme, "Basic") && !strings.EqualFold(scheme, "Negotiate")
}

func fromForm(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return media == "application/x-www-form-urlencoded" || media == "multipart/form-data" || media == "text/plain"
}
