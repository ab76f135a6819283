package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/gatewaytest"
)

func TestSomebodyWithoutASessionIsAnsweredByWhatAsks(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	for _, tc := range []struct {
		name, method, path string
		headers            []string
		status             int
		kind               string
		redirect           bool
		contains           string
	}{
		{name: "a navigation goes to the sign-in page", method: "GET", path: "/x", status: 303, redirect: true},
		{name: "a form that was posted gets a page, never a redirect", method: "POST", path: "/x", headers: []string{"Sec-Fetch-Site", "same-origin"}, status: 401, contains: "was not saved"},
		{name: "a frame gets a link that opens a new tab", method: "GET", path: "/x", headers: []string{"Sec-Fetch-Dest", "iframe"}, status: 401, contains: `target="_blank"`},
		{name: "a fetch gets JSON", method: "GET", path: "/x", headers: []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, status: 401, kind: "login_required"},
		{name: "an XHR gets JSON", method: "GET", path: "/x", headers: []string{"X-Requested-With", "XMLHttpRequest", "Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Sec-Fetch-Site", "", "Accept", "*/*"}, status: 401, kind: "login_required"},
		{name: "curl gets JSON", method: "GET", path: "/x", headers: []string{"Accept", "*/*", "Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Sec-Fetch-Site", ""}, status: 401, kind: "login_required"},
		{name: "an own Authorization on a route that takes none: 401, no redirect", method: "GET", path: "/x", headers: []string{"Authorization", "Bearer x"}, status: 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := g.Browser().Request(tc.method, tc.path, "", tc.headers...)
			if got.Status != tc.status || (got.Location != "") != tc.redirect {
				t.Fatalf("got %d %q", got.Status, got.Location)
			}
			if !strings.Contains(strings.ToLower(got.Body), tc.contains) {
				t.Errorf("%q is not in %s", tc.contains, got.Body)
			}
			if tc.kind != "" && (got.Header.Get("X-Gateway-Response") != tc.kind || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json")) {
				t.Errorf("kind %q, type %q", got.Header.Get("X-Gateway-Response"), got.Header.Get("Content-Type"))
			}
		})
	}
	var body struct {
		Error struct {
			Kind      string `json:"kind"`
			Message   string `json:"message"`
			RequestID string `json:"request_id"`
			Login     string `json:"login"`
		} `json:"error"`
	}
	got := b.API(http.MethodGet, "/api", "")
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
		t.Fatal(err)
	}
	if body.Error.Kind != "login_required" || body.Error.Message == "" || body.Error.RequestID != got.Header.Get("X-Request-Id") ||
		!strings.HasPrefix(body.Error.Login, g.URL.String()+prefix+"/login") {
		t.Errorf("the JSON says %+v", body)
	}
	if got.Header.Values("Www-Authenticate") != nil {
		t.Errorf("a route that takes no Authorization challenges with %q", got.Header.Values("Www-Authenticate"))
	}
}

func TestOnARouteToElasticsearchOurAnswersHaveItsShape(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	got := b.API(http.MethodGet, "/_search", "")
	var body struct {
		Error struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error"`
		Status int `json:"status"`
	}
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
		t.Fatal(err)
	}
	if got.Status != 401 || body.Status != 401 || body.Error.Type != "security_exception" || body.Error.Reason == "" || got.Header.Get("X-Elastic-Product") != "" {
		t.Errorf("got %d %+v", got.Status, body)
	}
	if want := `Bearer realm="security"|ApiKey`; strings.Join(got.Header.Values("Www-Authenticate"), "|") != want {
		t.Errorf("challenges %q", got.Header.Values("Www-Authenticate"))
	}
}

func TestAnOwnAuthorizationGoesToElasticsearchAloneAndLeavesTheSession(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	cookie := b.Cookie("esgateway_session")
	for _, tc := range []struct {
		name, authorization string
		status              int
		challenges          string
	}{
		{"a bearer that ES does not know", "Bearer nonsense", 401, `Bearer realm="security"|ApiKey`},
		{"a wrong password", "Basic YTpi", 401, `Basic realm="security", charset="UTF-8"|Bearer realm="security"|ApiKey`},
		{"an API key that ES does not know", "ApiKey YTpi", 401, `Bearer realm="security"|ApiKey`},
		{"a scheme that ES would take for nobody", "Digest x", 401, `Bearer realm="security"|ApiKey`},
	} {
		got := b.API(http.MethodGet, "/_security/_authenticate", "", "Authorization", tc.authorization)
		if got.Status != tc.status || strings.Join(got.Header.Values("Www-Authenticate"), "|") != tc.challenges || strings.Contains(got.Body, "alice") {
			t.Errorf("%s: %d %q %s", tc.name, got.Status, got.Header.Values("Www-Authenticate"), got.Body)
		}
	}
	if b.Cookie("esgateway_session") != cookie || b.Get("/").Status != http.StatusOK {
		t.Error("the session did not survive a bad Authorization header")
	}
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	alice, bob := g.Browser(), g.Browser()
	alice.SignIn("/", "alice")
	bob.SignIn("/", "bob")
	got := alice.Get("/admin/x")
	if got.Status != http.StatusForbidden || got.Header.Get("X-Gateway-Response") != "forbidden" {
		t.Errorf("alice: %d", got.Status)
	}
	if !strings.Contains(got.Body, "again=1") || !strings.Contains(got.Body, "%2Fadmin%2Fx") {
		t.Error("the way to sign in as someone else leads nowhere")
	}
	if got := bob.Get("/admin/x"); got.Status != http.StatusOK {
		t.Errorf("bob: %d", got.Status)
	}
}

func TestPublicPathsNeedNobodyAndCannotBeTrickedOpen(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	for path, public := range map[string]bool{
		"/public": true, "/public/a": true, "/publicity": false, "/public%2f..%2fprivate": false, "/public/%2e%2e/private": false,
		"/public/..%5cprivate": false, "/%70ublic": true, "//public": false, "/public/a%2fb": false,
	} {
		got := g.Browser().Get(path)
		if (got.Status == http.StatusOK) != public {
			t.Errorf("%s: %d", path, got.Status)
		}
		if got.Status == http.StatusOK && strings.Contains(got.Body, "Authorization") {
			t.Errorf("%s: got an Authorization", path)
		}
	}
	if got := g.Browser().Get("/public", "Authorization", "Basic x"); got.Status != http.StatusOK || strings.Contains(got.Body, "Basic") {
		t.Errorf("an Authorization on a public path is dropped: %d %s", got.Status, got.Body)
	}
}

func TestTwoDifferentSessionCookiesSignNobodyInAndAreCleared(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.SignIn("/", "alice")
	both := "esgateway_session=" + b.Cookie("esgateway_session") + "; esgateway_session=planted"
	b.Jar = nil
	page := b.Get("/", "Cookie", both)
	if page.Status != http.StatusUnauthorized || page.Header.Get("X-Gateway-Response") != "two_sessions" || page.Location != "" {
		t.Errorf("a navigation: %d %q", page.Status, page.Header.Get("X-Gateway-Response"))
	}
	if cleared := page.Header.Get("Set-Cookie"); !strings.Contains(cleared, "esgateway_session=;") || !strings.Contains(cleared, "Max-Age=0") {
		t.Errorf("the cookie is not cleared: %q", cleared)
	}
	if got := b.API(http.MethodGet, "/", "", "Cookie", both); got.Status != http.StatusUnauthorized {
		t.Errorf("an API call: %d", got.Status)
	}
}

func TestALoopbackAddressIsSentToTheNameThatCookiesKnow(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	got := g.Browser().Get("http://127.0.0.1:" + g.URL.Port() + "/x?y=1")
	if got.Status != http.StatusSeeOther || got.Location != g.URL.String()+"/x?y=1" {
		t.Errorf("got %d %q", got.Status, got.Location)
	}
}
