package idp_test

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

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const (
	spID     = "https://gateway.example"
	acs      = "https://gateway.example/saml/acs"
	spLogout = "https://gateway.example/saml/logout"
)

var key = sync.OnceValue(func() idp.Config {
	k, certificate, err := idp.NewKey()
	if err != nil {
		panic(err)
	}
	return idp.Config{Key: k, Certificate: certificate}
})

var (
	jane  = idp.Person{Username: "jane", Password: "jane's", FullName: "Jane <Doe>", Email: "jane@example.org", Groups: []string{"staff"}}
	nobel = idp.Person{Username: "nobel", FullName: "No Password"}
)

// A site is an IdP that listens, a realm that trusts it, and a browser.
type site struct {
	idp     *idp.IdP
	base    string
	realm   *samlrealm.Realm
	browser *http.Client
	forward func(time.Duration) // moves the clock
}

func newSite(t testing.TB) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s := &site{base: "http://" + server.Listener.Addr().String() + "/idp"}
	var mu sync.Mutex
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	s.forward = func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	config := key()
	config.BaseURL, config.People, config.Title = s.base+"/", []idp.Person{jane, nobel}, "Works"
	config.ServiceProviders = []idp.ServiceProvider{{EntityID: spID, ACS: acs, Logout: spLogout}, {EntityID: "urn:other", ACS: "https://other.example/acs"}}
	config.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	var err error
	if s.idp, err = idp.New(config); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = s.idp
	server.Start()
	t.Cleanup(server.Close)
	s.realm, err = samlrealm.New(samlrealm.Config{
		Name: "saml1", IDPEntityID: s.base + "/metadata", SPEntityID: spID, ACS: acs, Logout: spLogout,
		IDPMetadata: func() ([]byte, error) { return s.idp.Metadata(), nil },
		Attributes:  samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
	})
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.browser = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), s.base) {
			return http.ErrUseLastResponse // the service provider is not on the network
		}
		return nil
	}}
	return s
}

// A seen is a page in the browser.
type seen struct {
	*http.Response
	body string
}

func (s *site) do(t testing.TB, r *http.Request) seen {
	t.Helper()
	response, err := s.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return seen{response, string(body)}
}

func (s *site) get(t testing.TB, address string) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, r)
}

func (s *site) post(t testing.TB, address string, form url.Values, header ...string) seen {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return s.do(t, r)
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

// signIn fills in the login page on which the browser is.
func (s *site) signIn(t testing.TB, page seen, username, password string) seen {
	t.Helper()
	action, err := page.Request.URL.Parse(page.attribute(t, "<form", "action"))
	if err != nil {
		t.Fatal(err)
	}
	return s.post(t, action.String(), url.Values{"username": {username}, "password": {password}}, "Sec-Fetch-Site", "same-origin")
}
