package web_test

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
)

var update = flag.Bool("update", false, "write docs/audience.md anew")

// asked is a request as it is on the wire, as far as anything in it could tell
// who asks.
type asked struct {
	who     string
	request string // method, then header lines
	want    web.Audience
}

const (
	chromeAccept  = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
	firefoxAccept = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	form          = "Content-Type: application/x-www-form-urlencoded"
)

// fetch spells the three headers of fetch metadata.
func fetch(site, mode, dest string) string {
	return "Sec-Fetch-Site: " + site + "\nSec-Fetch-Mode: " + mode + "\nSec-Fetch-Dest: " + dest + "\n"
}

func browsers() []asked {
	return []asked{
		{"Chrome, address typed or bookmark", "GET\n" + fetch("none", "navigate", "document") + "Sec-Fetch-User: ?1\nUpgrade-Insecure-Requests: 1\n" + chromeAccept, web.Navigation},
		{"Chrome, link of another site", "GET\n" + fetch("cross-site", "navigate", "document") + chromeAccept, web.Navigation},
		{"Chrome, form with GET", "GET\n" + fetch("same-origin", "navigate", "document") + "Sec-Fetch-User: ?1\n" + chromeAccept, web.Navigation},
		{"Chrome, form with POST", "POST\n" + fetch("same-origin", "navigate", "document") + "Origin: https://app.example.com\n" + form + "\n" + chromeAccept, web.Navigation},
		{"Chrome, file upload by form", "POST\n" + fetch("same-origin", "navigate", "document") + "Origin: https://app.example.com\nContent-Type: multipart/form-data; boundary=----WebKitFormBoundary7MA4\n" + chromeAccept, web.Navigation},
		{"Chrome, identity provider posts back", "POST\n" + fetch("cross-site", "navigate", "document") + "Origin: https://idp.example.com\n" + form + "\n" + chromeAccept, web.Navigation},
		{"Chrome, window.open", "GET\n" + fetch("same-site", "navigate", "document") + chromeAccept, web.Navigation},
		{"Chrome, prerender of a link", "GET\n" + fetch("none", "navigate", "document") + "Sec-Purpose: prefetch;prerender\nPurpose: prefetch\n" + chromeAccept, web.Navigation},
		{"Chrome, page by plain http (no fetch metadata)", "GET\nUpgrade-Insecure-Requests: 1\n" + chromeAccept, web.Navigation},
		{"Chrome, form by plain http", "POST\nOrigin: http://app.example.com\n" + form + "\n" + chromeAccept, web.Navigation},
		{"Chrome, text/plain form by plain http", "POST\nOrigin: null\nContent-Type: text/plain\n" + chromeAccept, web.Navigation},
		{"Firefox, link", "GET\n" + fetch("same-origin", "navigate", "document") + "Sec-Fetch-User: ?1\nPriority: u=0, i\n" + firefoxAccept, web.Navigation},
		{"Safari 17, link", "GET\n" + fetch("none", "navigate", "document") + firefoxAccept, web.Navigation},
		{"Safari 15, link (no fetch metadata)", "GET\n" + firefoxAccept, web.Navigation},
		{"Safari 15, frame (cannot be told from a link)", "GET\n" + firefoxAccept, web.Navigation},
		{"Safari, password in the address", "GET\nAuthorization: Basic YWRhOnNlY3JldA==\n" + firefoxAccept, web.Navigation},
		{"Edge, Kerberos ticket on a link by plain http", "GET\nAuthorization: Negotiate YIIJ...\n" + chromeAccept, web.Navigation},
		{"Android WebView, link (names its app)", "GET\nX-Requested-With: com.example.app\n" + fetch("none", "navigate", "document") + chromeAccept, web.Navigation},
		{"Chrome, service worker passes a navigation on", "GET\n" + fetch("same-origin", "navigate", "document") + chromeAccept, web.Navigation},
		{"Lynx", "GET\nAccept: text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01", web.Navigation},
		{"w3m", "GET\nAccept: text/html, text/*;q=0.5, image/*, application/*", web.Navigation},
		{"Browser asks for XHTML first", "GET\nAccept: application/xhtml+xml, text/html;q=0.9, */*;q=0.1", web.Navigation},
		{"Link checker that names HTML, HEAD", "HEAD\nAccept: text/html,application/xhtml+xml", web.Navigation},

		{"Chrome, iframe", "GET\n" + fetch("same-origin", "navigate", "iframe") + chromeAccept, web.Embedded},
		{"Chrome, iframe of a sibling host", "GET\n" + fetch("same-site", "navigate", "iframe") + chromeAccept, web.Embedded},
		{"Firefox, frame of a frameset", "GET\n" + fetch("same-origin", "navigate", "frame") + firefoxAccept, web.Embedded},
		{"Firefox, object", "GET\n" + fetch("same-origin", "navigate", "object") + firefoxAccept, web.Embedded},
		{"Chrome, embed", "GET\n" + fetch("same-origin", "navigate", "embed") + chromeAccept, web.Embedded},
		{"Chrome, form posted within an iframe", "POST\n" + fetch("same-origin", "navigate", "iframe") + form + "\n" + chromeAccept, web.Embedded},
		{"Chrome, fenced frame", "GET\n" + fetch("cross-site", "navigate", "fencedframe") + chromeAccept, web.Embedded},
		{"Chrome 78, iframe (before Sec-Fetch-Dest)", "GET\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: nested-navigate\n" + chromeAccept, web.Embedded},
	}
}

func parts() []asked {
	return []asked{
		{"Chrome, fetch()", "GET\n" + fetch("same-origin", "cors", "empty") + "Accept: */*", web.API},
		{"Chrome, fetch() that asks for HTML", "GET\n" + fetch("same-origin", "cors", "empty") + "Accept: text/html", web.API},
		{"Chrome, fetch() with mode same-origin", "GET\n" + fetch("same-origin", "same-origin", "empty") + "Accept: */*", web.API},
		{"Chrome, fetch() of another origin", "POST\n" + fetch("same-site", "cors", "empty") + "Origin: https://ui.example.com\nContent-Type: application/json\nAccept: */*", web.API},
		{"Chrome, fetch() with no-cors", "GET\n" + fetch("cross-site", "no-cors", "empty") + "Accept: */*", web.API},
		{"Chrome, sendBeacon", "POST\n" + fetch("same-origin", "no-cors", "empty") + "Content-Type: text/plain;charset=UTF-8\nAccept: */*", web.API},
		{"Chrome, XMLHttpRequest", "GET\n" + fetch("same-origin", "cors", "empty") + "Accept: */*", web.API},
		{"Chrome, fetch() by plain http that asks for HTML", "GET\nOrigin: http://ui.example.com\nAccept: text/html", web.API},
		{"axios in a browser", "GET\n" + fetch("same-origin", "cors", "empty") + "Accept: application/json, text/plain, */*", web.API},
		{"axios in Safari 15", "GET\nAccept: application/json, text/plain, */*", web.API},
		{"jQuery in Safari 15, asks for HTML", "GET\nX-Requested-With: XMLHttpRequest\nAccept: text/html, */*; q=0.01", web.API},
		{"htmx by plain http", "GET\nHX-Request: true\nHX-Current-URL: http://app.example.com/\nAccept: text/html, */*", web.API},
		{"Turbo by plain http", "GET\nX-Turbo-Request-Id: 6c3c\nAccept: text/html, application/xhtml+xml", web.API},
		{"PJAX by plain http", "GET\nX-PJAX: true\nAccept: text/html, */*; q=0.01", web.API},
		{"Kibana in a browser", "POST\nkbn-xsrf: true\nkbn-version: 9.1.0\n" + fetch("same-origin", "cors", "empty") + "Content-Type: application/json\nAccept: */*", web.API},
		{"Kibana, by plain http, with a form", "POST\nkbn-xsrf: kibana\n" + form + "\n" + chromeAccept, web.API},
		{"OpenSearch Dashboards in a browser", "POST\nosd-xsrf: true\nContent-Type: application/json\nAccept: */*", web.API},
		{"Script posts JSON and asks for HTML", "POST\nContent-Type: application/json\nAccept: text/html", web.API},
		{"Chrome, image", "GET\n" + fetch("same-origin", "no-cors", "image") + "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", web.API},
		{"Safari 15, image", "GET\nAccept: image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", web.API},
		{"Chrome, style sheet", "GET\n" + fetch("same-origin", "no-cors", "style") + "Accept: text/css,*/*;q=0.1", web.API},
		{"Chrome, script", "GET\n" + fetch("same-origin", "no-cors", "script") + "Accept: */*", web.API},
		{"Chrome, module worker", "GET\n" + fetch("same-origin", "same-origin", "worker") + "Accept: */*", web.API},
		{"Chrome, service worker script", "GET\n" + fetch("same-origin", "same-origin", "serviceworker") + "Service-Worker: script\nAccept: */*", web.API},
		{"Chrome, service worker makes its own request of a navigation", "GET\n" + fetch("same-origin", "same-origin", "empty") + chromeAccept, web.API},
		{"Chrome, web manifest", "GET\n" + fetch("same-origin", "cors", "manifest") + "Accept: */*", web.API},
		{"Chrome, favicon", "GET\n" + fetch("same-origin", "no-cors", "image") + "Accept: image/avif,image/webp,*/*;q=0.8", web.API},
		{"Firefox, font", "GET\n" + fetch("same-origin", "cors", "font") + "Accept: application/font-woff2;q=1.0,application/font-woff;q=0.9,*/*;q=0.8", web.API},
		{"Firefox, video", "GET\n" + fetch("same-origin", "no-cors", "video") + "Range: bytes=0-\nAccept: video/webm,video/ogg,video/*;q=0.9,application/ogg;q=0.7,audio/*;q=0.6,*/*;q=0.5", web.API},
		{"Chrome, link rel=prefetch", "GET\n" + fetch("same-origin", "no-cors", "empty") + "Sec-Purpose: prefetch\nPurpose: prefetch\nAccept: */*", web.API},
		{"Chrome, EventSource", "GET\n" + fetch("same-origin", "cors", "empty") + "Accept: text/event-stream", web.API},
		{"Chrome, WebSocket", "GET\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nOrigin: https://app.example.com\n" + fetch("same-origin", "websocket", "empty"), web.API},
		{"Safari 15, WebSocket", "GET\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nOrigin: https://app.example.com", web.API},
		{"Chrome, preflight", "OPTIONS\nOrigin: https://ui.example.com\nAccess-Control-Request-Method: POST\n" + fetch("same-site", "cors", "empty") + "Accept: */*", web.API},
		{"Chrome, fetch() with DELETE", "DELETE\n" + fetch("same-origin", "cors", "empty") + "Accept: */*", web.API},
	}
}

func programs() []asked {
	const elastic = "Accept: application/vnd.elasticsearch+json; compatible-with=9"
	return []asked{
		{"curl", "GET\nAccept: */*", web.API},
		{"curl --http2 by plain http", "GET\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nAccept: text/html", web.API},
		{"curl with a token that asks for HTML", "GET\nAuthorization: Bearer dG9rZW4=\nAccept: text/html", web.API},
		{"curl -d", "POST\n" + form + "\nAccept: */*", web.API},
		{"wget", "GET\nAccept: */*\nAccept-Encoding: identity", web.API},
		{"Go, net/http", "GET\nAccept-Encoding: gzip", web.API},
		{"Python, requests", "GET\nAccept: */*\nAccept-Encoding: gzip, deflate", web.API},
		{"Java 8, HttpURLConnection, which says so of every request", "GET\nAccept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", web.API},
		{"Java 21, HttpURLConnection", "GET\nAccept: text/html, image/gif, image/jpeg, */*; q=0.2", web.API},
		{"Java, java.net.http", "GET\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c", web.API},
		{"Elasticsearch client, JavaScript", "GET\n" + elastic + ",text/plain\nContent-Type: application/vnd.elasticsearch+json; compatible-with=9\nX-Elastic-Client-Meta: es=9.1.0,js=22.0.0", web.API},
		{"Elasticsearch client, JavaScript, bulk", "POST\n" + elastic + "\nContent-Type: application/vnd.elasticsearch+x-ndjson; compatible-with=9", web.API},
		{"Elasticsearch client, Go", "GET\nAccept: application/vnd.elasticsearch+json;compatible-with=9\nAuthorization: APIKey aWQ6a2V5\nX-Elastic-Client-Meta: es=9.1.0,go=1.26", web.API},
		{"Elasticsearch client, Python", "POST\n" + elastic + "\nContent-Type: application/vnd.elasticsearch+json; compatible-with=9\nX-Elastic-Client-Meta: es=9.1.0,py=3.13", web.API},
		{"Elasticsearch client, Java", "POST\n" + elastic + "\nContent-Type: application/vnd.elasticsearch+json; compatible-with=9\nX-Elastic-Client-Meta: es=9.1.0,jv=21", web.API},
		{"Elasticsearch client asks whether an index exists", "HEAD\n" + elastic, web.API},
		{"Feed reader", "GET\nAccept: application/rss+xml, application/rdf+xml;q=0.8, application/atom+xml;q=0.6, application/xml;q=0.4, text/xml;q=0.4", web.API},
		{"Feed reader that takes HTML, too (Miniflux)", "GET\nAccept: application/xml, application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, text/html, */*;q=0.9", web.API},
		{"Link checker, HEAD", "HEAD\nAccept: */*", web.API},
		{"Old browser or office program that takes anything", "GET\nAccept: */*", web.API},
		{"Internet Explorer 8", "GET\nAccept: image/gif, image/jpeg, image/pjpeg, application/x-ms-application, application/xaml+xml, */*", web.API},
		{"Health check of a balancer, no headers", "GET", web.API},
		{"WebDAV client", "PROPFIND\nDepth: 1\nAccept: text/html", web.API},
		{"Prometheus", "GET\nAccept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", web.API},
	}
}

func requests() []asked { return append(append(browsers(), parts()...), programs()...) }

// parseAsked makes the request.
func parseAsked(t *testing.T, a asked) *http.Request {
	t.Helper()
	method, lines, _ := strings.Cut(a.request, "\n")
	r := httptest.NewRequest(method, "/discover", nil)
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("%s: %q is no header", a.who, line)
		}
		r.Header.Add(name, value)
	}
	return r
}

func TestAudienceOf(t *testing.T) {
	t.Parallel()
	for _, a := range requests() {
		t.Run(a.who, func(t *testing.T) {
			t.Parallel()
			if got := web.AudienceOf(parseAsked(t, a)); got != a.want {
				t.Errorf("AudienceOf(%q) = %q, want %q", a.request, got, a.want)
			}
		})
	}
}

// TestAudienceIsDocumented keeps docs/audience.md equal to the table above.
func TestAudienceIsDocumented(t *testing.T) {
	t.Parallel()
	const path = "../../docs/audience.md"
	if *update {
		if err := os.WriteFile(path, []byte(audiencePage()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != audiencePage() {
		t.Errorf("%s is not what the table in audience_test.go says; go test ./internal/web -run Audience -update writes it", path)
	}
}

func audiencePage() string {
	var b strings.Builder
	b.WriteString(audienceIntroduction)
	for _, section := range []struct {
		title string
		rows  []asked
	}{{"Browsers that show a page", browsers()}, {"Parts of pages, and their scripts", parts()}, {"Programs", programs()}} {
		fmt.Fprintf(&b, "\n## %s\n\n| who asks | method | what it sends | audience |\n|---|---|---|---|\n", section.title)
		for _, a := range section.rows {
			method, headers := telling(a.request)
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.who, method, headers, a.want)
		}
	}
	return b.String()
}

// telling is a request in one cell of a table.
func telling(request string) (method, headers string) {
	scanner := bufio.NewScanner(strings.NewReader(request))
	scanner.Scan()
	method = scanner.Text()
	var cells []string
	for scanner.Scan() {
		if line := scanner.Text(); line != "" {
			cells = append(cells, "`"+line+"`")
		}
	}
	return method, strings.Join(cells, "<br>")
}

const audienceIntroduction = `# Who is asking

Nobody is signed in, or something went wrong: what does the gateway answer? That depends on who waits.

| audience | is | without a session | an error |
|---|---|---|---|
| navigation | a browser that shows a page to a person | is sent to the sign-in by 303 | a page |
| embedded | a browser that fills a frame: identity providers refuse to be framed | a page in the frame, whose link opens the sign-in in a new tab | a page |
| api | everything else: scripts of pages, images, programs | 401 | JSON, on a route to Elasticsearch in Elasticsearch's shape |

The first line that fits decides:

1. A method other than GET, HEAD and POST, a header ` + "`Upgrade`" + `, or a header that only scripts send (` + "`X-Requested-With: XMLHttpRequest`, `kbn-xsrf`, `osd-xsrf`, `HX-Request`, `X-PJAX`, `X-Turbo-Request-Id`" + `): **api**.
2. ` + "`Sec-Fetch-Mode`" + ` is there. ` + "`navigate`" + ` is a **navigation**, or **embedded** if ` + "`Sec-Fetch-Dest`" + ` is iframe, frame, embed, object or fencedframe. Any other mode: **api**. Pages cannot forge these headers.
3. Without it (plain http, old browsers): HTML is the first thing that ` + "`Accept`" + ` names (Java's own default aside); no ` + "`Authorization`" + ` other than Basic and Negotiate; a POST is sent as a form sends it, and a GET has no ` + "`Origin`" + `: **navigation**.
4. Anything else: **api**. A person who gets JSON is annoyed; a script that gets a redirect breaks in a way that nobody understands.

A front that takes ` + "`Sec-Fetch-*`, `Accept`, `X-Requested-With` or `Upgrade`" + ` away changes the answer: let them through.

These are requests as they are on the wire, and what the gateway makes of them. The table is written by a test
(` + "`go test ./internal/web -run Audience -update`" + `), and the same test fails when the gateway decides otherwise.
`

// FuzzAudienceOf: whatever a request says, only the three methods of browsers
// are ever more than an API call, and fetch metadata has the last word.
func FuzzAudienceOf(f *testing.F) {
	f.Add(http.MethodGet, "text/html,application/xhtml+xml,*/*;q=0.8", "", "", "navigate")
	f.Add(http.MethodGet, "text/html, image/gif, image/jpeg, */*", "", "Basic YTpi", "")
	f.Add(http.MethodPost, "text/html", "multipart/form-data; boundary", "Bearer", "navigate")
	f.Fuzz(func(t *testing.T, method, accept, contentType, authorization, mode string) {
		r := &http.Request{Method: method, Header: http.Header{
			"Accept": {accept}, "Content-Type": {contentType}, "Authorization": {authorization}, "Sec-Fetch-Mode": {mode},
		}}
		got := web.AudienceOf(r)
		browser := method == http.MethodGet || method == http.MethodHead || method == http.MethodPost
		if got != web.API && (!browser || (mode != "" && mode != "navigate" && mode != "nested-navigate")) {
			t.Errorf("AudienceOf(%q, %v) = %q, want %q", method, r.Header, got, web.API)
		}
	})
}
