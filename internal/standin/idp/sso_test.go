package idp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// asserted is the user in the form that a page posts to the service provider.
func (s *site) asserted(t testing.TB, page seen, id string) *samlrealm.User {
	t.Helper()
	if got := page.attribute(t, "<form", "action"); got != acs {
		t.Fatalf("got a form to %s", got)
	}
	message, err := base64.StdEncoding.DecodeString(page.attribute(t, `name="SAMLResponse"`, "value"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(message, []byte("<ds:Signature ")); n != 2 {
		t.Errorf("got %d signatures, want those of Response and assertion", n)
	}
	user, err := s.realm.Authenticate(noon, message, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestSigningInWithABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, address, err := s.realm.Prepare(noon, new(`state"<&`))
	if err != nil {
		t.Fatal(err)
	}
	page := s.get(t, address)
	for _, want := range []string{"Works", "Jane &lt;Doe&gt;", "jane&#39;s", `<label for="password">`, "staff"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the login page lacks %q", want)
		}
	}
	if page = s.signIn(t, page, "jane", "wrong"); page.StatusCode != http.StatusUnauthorized || !strings.Contains(page.body, `role="alert"`) {
		t.Errorf("wrong password: got %d", page.StatusCode)
	}
	if got := page.attribute(t, `id="username"`, "value"); got != "jane" {
		t.Errorf("the name is lost: got %q", got)
	}
	page = s.signIn(t, page, "jane", "jane's")
	if got := page.attribute(t, `name="RelayState"`, "value"); got != `state"<&` {
		t.Errorf("got RelayState %q", got)
	}
	user := s.asserted(t, page, id)
	if user.Principal != "jane" || *user.FullName != "Jane <Doe>" || *user.Email != "jane@example.org" || user.InResponseTo != id {
		t.Errorf("got %+v", user)
	}

	id, address, err = s.realm.Prepare(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	page = s.get(t, address)
	again := s.asserted(t, page, id)
	if strings.Contains(page.body, `name="RelayState"`) {
		t.Error("there is a RelayState although none was sent")
	}
	for _, key := range []string{"saml_nameid_val", "saml_session"} {
		if *again.TokenMetadata[key] != *user.TokenMetadata[key] {
			t.Errorf("%s is another one in the same session", key)
		}
	}
	s.forward(8 * time.Hour)
	if page := s.get(t, address); !strings.Contains(page.body, `id="password"`) {
		t.Error("the session does not end")
	}
}

func TestForcedAuthenticationAsksAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	realm, err := samlrealm.New(samlrealm.Config{
		Name: "forced", IDPEntityID: s.base + "/metadata", SPEntityID: spID, ACS: acs, ForceAuthn: new(true),
		IDPMetadata: func() ([]byte, error) { return s.idp.Metadata(), nil }, Attributes: samlrealm.Attributes{Principal: "uid"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		id, address, err := realm.Prepare(noon, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.asserted(t, s.signIn(t, s.get(t, address), "jane", "jane's"), id)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, address, err := s.realm.Prepare(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"jane", ""}, {"", ""}, {"nobel", ""}, {"JANE", "jane's"}, {"eve", "jane's"}} {
		if page := s.post(t, address, url.Values{"username": {c[0]}, "password": {c[1]}}); page.StatusCode != http.StatusUnauthorized || len(page.Cookies()) > 0 {
			t.Errorf("%q with %q: got %d", c[0], c[1], page.StatusCode)
		}
	}
	if page := s.post(t, address, url.Values{"username": {strings.Repeat("x", 9<<10)}}); page.StatusCode != http.StatusBadRequest {
		t.Errorf("a huge form: got %d", page.StatusCode)
	}
	page := s.post(t, address, url.Values{"username": {"jane"}, "password": {"jane's"}}, "Sec-Fetch-Site", "cross-site")
	if page.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: got %d", page.StatusCode)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, address, err := s.realm.Prepare(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	const policy = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	page := s.get(t, address)
	if got := page.Header.Get("Content-Security-Policy"); got != policy {
		t.Errorf("login page: got %s", got)
	}
	if strings.Contains(page.body, "<script") || strings.Contains(page.body, "style=") {
		t.Error("the login page has a script or a style in it")
	}
	s.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer := s.signIn(t, page, "jane", "jane's")
	if got := answer.Header.Get("Set-Cookie"); !strings.HasPrefix(got, "demo_idp_session=") || !strings.HasSuffix(got, "; Path=/idp/; HttpOnly; SameSite=Lax") {
		t.Errorf("got cookie %s", got)
	}
	answer = s.get(t, address)
	if got := answer.Header.Get("Content-Security-Policy"); got != policy+" https://gateway.example" {
		t.Errorf("form to the service provider: got %s", got)
	}
	if !strings.Contains(answer.body, `<button type="submit">Continue</button>`) || strings.Contains(answer.body, "<script>") {
		t.Error("the form does not work without scripts, or has one in it")
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "strict-origin", "X-Content-Type-Options": "nosniff"} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	for path, want := range map[string]string{"style.css": "text/css; charset=utf-8", "post.js": "text/javascript; charset=utf-8"} {
		if page := s.get(t, s.base+"/"+path); page.StatusCode != http.StatusOK || page.Header.Get("Content-Type") != want || page.body == "" {
			t.Errorf("%s: got %d %s", path, page.StatusCode, page.Header.Get("Content-Type"))
		}
	}
}

func TestRequestsThatGetNoAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	request := func(entity, to, back string) string {
		realm, err := samlrealm.New(samlrealm.Config{
			Name: "x", IDPEntityID: s.base + "/metadata", SPEntityID: entity, ACS: back,
			IDPMetadata: func() ([]byte, error) {
				return []byte(strings.ReplaceAll(string(s.idp.Metadata()), s.base+"/sso", to)), nil
			},
			Attributes: samlrealm.Attributes{Principal: "uid"},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, address, err := realm.Prepare(noon, nil)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(address, to, s.base+"/sso", 1)
	}
	sso := s.base + "/sso"
	for name, address := range map[string]string{
		"unknown service provider": request("urn:unknown", sso, acs),
		"another's address":        request(spID, sso, "https://other.example/acs"),
		"another destination":      request(spID, "https://elsewhere.example/sso", acs),
		"no message":               sso,
		"not base64":               sso + "?SAMLRequest=-",
		"not deflated":             sso + "?SAMLRequest=AAAA",
	} {
		if page := s.get(t, address); page.StatusCode != http.StatusBadRequest || strings.Contains(page.body, "<form") {
			t.Errorf("%s: got %d\n%s", name, page.StatusCode, page.body)
		}
		if _, _, err := s.idp.Respond(address, jane, idp.Answer{}); err == nil {
			t.Errorf("%s: Respond answers", name)
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.get(t, s.base+"/metadata")
	var read saml.EntityDescriptor
	if err := xml.Unmarshal([]byte(page.body), &read); err != nil {
		t.Fatal(err)
	}
	if page.Header.Get("Content-Type") != "application/samlmetadata+xml" || page.body != string(s.idp.Metadata()) || read.EntityID != s.base+"/metadata" {
		t.Errorf("got %s of %s", page.Header.Get("Content-Type"), read.EntityID)
	}
	role := read.IDPSSODescriptors[0]
	if role.SingleSignOnServices[0].Location != s.base+"/sso" || role.SingleLogoutServices[0].Location != s.base+"/slo" {
		t.Errorf("got %+v", role)
	}
}

// Another service provider's code judges what the IdP says. It reads the
// machine's clock, so this IdP does too.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	config := key()
	config.BaseURL, config.Now = "https://idp.example", time.Now
	config.ServiceProviders = []idp.ServiceProvider{{EntityID: spID, ACS: acs, Logout: spLogout}}
	p, err := idp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	var metadata saml.EntityDescriptor
	if err := xml.Unmarshal(p.Metadata(), &metadata); err != nil {
		t.Fatal(err)
	}
	at, logout := mustURL(t, acs), mustURL(t, spLogout)
	judge := saml.ServiceProvider{EntityID: spID, AcsURL: *at, SloURL: *logout, IDPMetadata: &metadata}
	for _, c := range []struct {
		name   string
		answer idp.Answer
		good   bool
	}{
		{"assertion signed", idp.Answer{}, true},
		{"both signed", idp.Answer{SignResponse: true}, true},
		{"Response signed", idp.Answer{SignResponse: true, UnsignedAssertion: true}, true},
		{"nothing signed", idp.Answer{UnsignedAssertion: true}, false},
		{"another audience", idp.Answer{Audience: new("urn:x")}, false},
		{"another recipient", idp.Answer{Recipient: new("urn:x")}, false},
		{"another request", idp.Answer{InResponseTo: new("_x")}, false},
		{"old", idp.Answer{Issued: time.Now().Add(-time.Hour)}, false},
	} {
		request, err := judge.MakeAuthenticationRequest("https://idp.example/sso", saml.HTTPRedirectBinding, saml.HTTPPostBinding)
		if err != nil {
			t.Fatal(err)
		}
		address, err := request.Redirect("state", &judge)
		if err != nil {
			t.Fatal(err)
		}
		text, relayState, err := p.Respond(address.String(), jane, c.answer)
		if err != nil || relayState != "state" {
			t.Fatal(relayState, err)
		}
		message, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		assertion, err := judge.ParseXMLResponse(message, []string{request.ID}, *at)
		if (err == nil) != c.good {
			t.Errorf("%s: got %v", c.name, err)
		}
		if c.good && err == nil && assertion.Subject.NameID.Format != string(saml.PersistentNameIDFormat) {
			t.Errorf("%s: got %+v", c.name, assertion.Subject.NameID)
		}
	}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestUnsolicited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text, relayState, err := s.idp.Respond("", jane, idp.Answer{})
	if err != nil || relayState != "" {
		t.Fatal(relayState, err)
	}
	message, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	user, err := s.realm.Authenticate(noon, message, nil)
	if err != nil || user.InResponseTo != "" {
		t.Errorf("got %+v, %v", user, err)
	}
}

func TestNewRefusesHalfAConfiguration(t *testing.T) {
	t.Parallel()
	good := key()
	good.BaseURL, good.Now, good.ServiceProviders = "http://localhost:1", time.Now, []idp.ServiceProvider{{}}
	if _, err := idp.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*idp.Config){
		"address":           func(c *idp.Config) { c.BaseURL = "/idp" },
		"key":               func(c *idp.Config) { c.Key = nil },
		"clock":             func(c *idp.Config) { c.Now = nil },
		"service providers": func(c *idp.Config) { c.ServiceProviders = nil },
	} {
		c := good
		change(&c)
		if _, err := idp.New(c); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}
