package op_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/esgateway/esgateway/internal/standin/op"
)

const (
	redirectURI = "https://gateway.example/callback"
	afterwards  = "https://gateway.example/out"
	secret      = "s:e/c r+e+t of at least thirty-two bytes"
)

var (
	rsaKey   = sync.OnceValues(func() (op.Key, error) { return op.NewKey("RS256") })
	otherKey = sync.OnceValues(func() (op.Key, error) { return op.NewKey("RS256") })

	jane = op.Person{Username: "jane", Password: "jane's", FullName: "Jane <Doe>", Email: "jane@example.org", Groups: []string{"staff"}}
)

func must[T any](t testing.TB, thing T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return thing
}

// A site is a provider that listens, a judge, and a browser.
type site struct {
	*op.OP
	base    string
	browser *http.Client
	judge   *oidc.IDTokenVerifier
	forward func(time.Duration) // moves the clock
}

func clients() []op.Client {
	return []op.Client{
		{ID: "gateway", Secret: secret, RedirectURIs: []string{redirectURI}, PostLogoutRedirectURIs: []string{afterwards}},
		{ID: "public", RedirectURIs: []string{redirectURI}},
		{ID: "hmac", Secret: secret, RedirectURIs: []string{redirectURI}, Algorithm: "HS256"},
	}
}

func newSite(t testing.TB, changes ...func(*op.Config)) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s := &site{base: "http://" + server.Listener.Addr().String() + "/op"}
	var mu sync.Mutex
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	s.forward = func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	config := op.Config{Issuer: s.base, People: []op.Person{jane}, Clients: clients(), Now: clock, HTTPClient: &http.Client{Timeout: time.Minute}}
	key, err := rsaKey()
	config.Key = must(t, key, err)
	for _, change := range changes {
		change(&config)
	}
	provider, err := op.New(config)
	s.OP = must(t, provider, err)
	server.Config.Handler = s.OP
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	s.browser = &http.Client{Jar: must(t, jar, err), CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), s.base) {
			return http.ErrUseLastResponse // the client is not on the network
		}
		return nil
	}}
	discovered, err := oidc.NewProvider(t.Context(), s.base)
	s.judge = must(t, discovered, err).Verifier(&oidc.Config{ClientID: "gateway", Now: clock})
	return s
}

// request is the address of an authorization request; pairs change it, and an empty
// value takes a parameter away.
func (s *site) request(pairs ...string) string {
	q := url.Values{
		"client_id": {"gateway"}, "redirect_uri": {redirectURI}, "response_type": {"code"},
		"scope": {"openid profile email groups"}, "state": {"st"}, "nonce": {"no"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return s.base + "/authorize?" + q.Encode()
}

// A seen is an answer, read to its end.
type seen struct {
	*http.Response
	body string
}

func (s *site) do(t testing.TB, r *http.Request, err error) seen {
	t.Helper()
	response, err := s.browser.Do(must(t, r, err))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return seen{response, string(must(t, body, err))}
}

func (s *site) get(t testing.TB, address string) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	return s.do(t, r, err)
}

func (s *site) post(t testing.TB, address string, form url.Values, header ...string) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	must(t, r, err).Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return s.do(t, r, err)
}

// attribute is an attribute of the first tag that matches.
func (p seen) attribute(t testing.TB, tag, name string) string {
	t.Helper()
	found := regexp.MustCompile(tag + `[^>]*\s` + name + `="([^"]*)"`).FindStringSubmatch(p.body)
	if found == nil {
		t.Fatalf("no %s of %s in\n%s", name, tag, p.body)
	}
	return html.UnescapeString(found[1])
}

// press sends the form of a page.
func (s *site) press(t testing.TB, page seen, form url.Values) seen {
	t.Helper()
	action, err := page.Request.URL.Parse(page.attribute(t, "<form", "action"))
	return s.post(t, must(t, action, err).String(), form, "Sec-Fetch-Site", "same-origin")
}

func (s *site) signIn(t testing.TB, page seen, password string) seen {
	t.Helper()
	return s.press(t, page, url.Values{"username": {"jane"}, "password": {password}})
}

// answered are the parameters with which a browser is sent to the client.
func (p seen) answered(t testing.TB) url.Values {
	t.Helper()
	return answered(t, p.Header.Get("Location"))
}

func answered(t testing.TB, location string) url.Values {
	t.Helper()
	rest, ok := strings.CutPrefix(location, redirectURI)
	if !ok || rest == "" {
		t.Fatalf("sent to %q", location)
	}
	values, err := url.ParseQuery(rest[1:])
	return must(t, values, err)
}
