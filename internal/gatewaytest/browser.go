package gatewaytest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/esgateway/esgateway/internal/standin/idp"
)

// Browser is a client with a cookie jar that follows no redirect by itself.
type Browser struct {
	http.Client
	g    *Gateway
	t    testing.TB
	node atomic.Pointer[Gateway]
}

// Use sends what the browser asks of the public URL to that node from now on, on
// new connections.
func (b *Browser) Use(node *Gateway) {
	b.node.Store(node)
	b.CloseIdleConnections()
}

// Browser opens a new browser.
func (g *Gateway) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	must(g.t, err)
	b := &Browser{g: g, t: g.t}
	b.node.Store(g)
	transport := &http.Transport{DialContext: b.dial}
	g.t.Cleanup(transport.CloseIdleConnections)
	b.Client = http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return b
}

// dial connects to the node in use where the gateway is meant.
func (b *Browser) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if strings.HasSuffix(address, ":"+b.g.URL.Port()) { // whatever the host is called
		address = b.node.Load().address
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// Reply is an answer, read to its end.
type Reply struct {
	Status   int
	Header   http.Header
	Body     string
	Location string
}

// Request makes a request as a browser navigates, unless headers say otherwise.
// A header with an empty value is taken away.
func (b *Browser) Request(method, path, body string, headers ...string) Reply {
	b.t.Helper()
	got, err := b.Try(method, path, body, headers...)
	must(b.t, err)
	return got
}

// Try is Request for a gateway that may not answer.
func (b *Browser) Try(method, path, body string, headers ...string) (Reply, error) {
	target := path
	if strings.HasPrefix(path, "/") {
		target = b.g.URL.String() + path
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		return Reply{}, err
	}
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	r.Header.Set("Sec-Fetch-Site", "none")
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.Do(r)
	if err != nil {
		return Reply{}, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	read, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, err
	}
	b.note(resp, string(read))
	return Reply{Status: resp.StatusCode, Header: resp.Header, Body: string(read), Location: resp.Header.Get("Location")}, nil
}

// note remembers the secrets of an answer: cookies, and the bearer that the echo
// application shows.
func (b *Browser) note(resp *http.Response, body string) {
	for _, c := range resp.Cookies() {
		b.g.Secret(c.Value)
	}
	if _, bearer, ok := strings.Cut(body, "Authorization: Bearer "); ok {
		token, _, _ := strings.Cut(bearer, "\r\n")
		b.g.Secret(token)
	}
}

// Get navigates.
func (b *Browser) Get(path string, headers ...string) Reply {
	b.t.Helper()
	return b.Request(http.MethodGet, path, "", headers...)
}

// API calls as a script of the gateway's own pages does.
func (b *Browser) API(method, path, body string, headers ...string) Reply {
	b.t.Helper()
	return b.Request(method, path, body, append([]string{
		"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Sec-Fetch-Site", "", "Origin", b.g.URL.String(), "Accept", "*/*", "Content-Type", "application/json",
	}, headers...)...)
}

// Begin starts a sign-in for the page and returns the identity provider's
// address with the request, as the page's script would go on.
func (b *Browser) Begin(path string) string {
	b.t.Helper()
	challenged := b.Get(path)
	if challenged.Status != http.StatusSeeOther {
		b.t.Fatalf("GET %s: %d, want a redirect to the sign-in page: %s", path, challenged.Status, challenged.Body)
	}
	return b.Go(challenged.Location)
}

// Go opens a sign-in page and goes on to the identity provider.
func (b *Browser) Go(login string) string {
	b.t.Helper()
	page := b.Get(login)
	if page.Status != http.StatusOK {
		b.t.Fatalf("GET %s: %d, want the sign-in page: %s", login, page.Status, page.Body)
	}
	u, err := url.Parse(login)
	must(b.t, err)
	started := b.Get(Prefix+"/login/"+Method+"?"+u.RawQuery, "Sec-Fetch-Site", "same-origin")
	if started.Status != http.StatusSeeOther {
		b.t.Fatalf("the sign-in did not start: %d %s", started.Status, started.Body)
	}
	return started.Location
}

// TrySignIn is SignIn for a gateway that may not answer. The error says how far it
// came.
func (b *Browser) TrySignIn(path, person string) (Reply, error) {
	challenged, err := b.Try(http.MethodGet, path, "")
	if err != nil || challenged.Status != http.StatusSeeOther {
		return challenged, fmt.Errorf("no challenge: %d %w", challenged.Status, err)
	}
	page, err := b.Try(http.MethodGet, challenged.Location, "")
	if err != nil || page.Status != http.StatusOK {
		return page, fmt.Errorf("no sign-in page: %d %w", page.Status, err)
	}
	u, err := url.Parse(challenged.Location)
	if err != nil {
		return page, err
	}
	started, err := b.Try(http.MethodGet, Prefix+"/login/"+Method+"?"+u.RawQuery, "", "Sec-Fetch-Site", "same-origin")
	if err != nil || started.Status != http.StatusSeeOther {
		return started, fmt.Errorf("no start: %d %w", started.Status, err)
	}
	response, relay, err := b.g.IdP.Respond(started.Location, b.g.Person(person), idp.Answer{})
	if err != nil {
		return started, err
	}
	b.g.Secret(response)
	form := url.Values{"SAMLResponse": {response}, "RelayState": {relay}}
	return b.Try(http.MethodPost, Prefix+"/saml/"+Method+"/acs", form.Encode(), "Sec-Fetch-Site", "cross-site")
}

// Person returns somebody who can sign in.
func (g *Gateway) Person(name string) idp.Person {
	for _, p := range g.people {
		if p.Username == name {
			return p
		}
	}
	return idp.Person{Username: name}
}

// Answer lets the identity provider answer a request for a person, and posts the
// answer as the browser would: from another site.
func (b *Browser) Answer(authnRequest, person string, how idp.Answer) Reply {
	b.t.Helper()
	response, relay, err := b.g.IdP.Respond(authnRequest, b.g.Person(person), how)
	must(b.t, err)
	return b.Post(response, relay)
}

// Post posts a SAML response to the callback. Where the gateway has the form go by a
// page of its own, its script goes on.
func (b *Browser) Post(response, relay string) Reply {
	b.t.Helper()
	return b.PostTo(Prefix+"/saml/"+Method+"/acs", answerForm(response, relay))
}

// PostTo is a form that another site posts to an address of the gateway.
func (b *Browser) PostTo(path string, form url.Values, headers ...string) Reply {
	b.t.Helper()
	b.g.Secret(form.Get("SAMLResponse"))
	b.g.Secret(form.Get("SAMLRequest"))
	got := b.Request(http.MethodPost, path, form.Encode(), append([]string{"Sec-Fetch-Site", "cross-site"}, headers...)...)
	if !strings.Contains(got.Body, "data-bounce") {
		return got
	}
	form.Set("esgateway_bounced", "1")
	return b.Request(http.MethodPost, path, form.Encode(), "Sec-Fetch-Site", "same-origin")
}

func answerForm(response, relay string) url.Values {
	form := url.Values{"SAMLResponse": {response}}
	if relay != "" {
		form.Set("RelayState", relay)
	}
	return form
}

// SignIn signs a person in and returns where that led.
func (b *Browser) SignIn(path, person string) Reply {
	b.t.Helper()
	return b.Answer(b.Begin(path), person, idp.Answer{})
}

// SignOut presses the button.
func (b *Browser) SignOut() Reply {
	b.t.Helper()
	return b.Request(http.MethodPost, Prefix+"/logout", "x=", "Sec-Fetch-Site", "same-origin")
}

// Cookie returns the value of one of the browser's cookies for the gateway.
func (b *Browser) Cookie(name string) string { return b.CookieAt(b.g.URL, name) }

// CookieAt is Cookie for another host.
func (b *Browser) CookieAt(at *url.URL, name string) string {
	for _, c := range b.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// Home is the public URL of the browser's gateway.
func (b *Browser) Home() string { return b.g.URL.String() }
