package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
)

const policyRoutes = `
  - {path: /verify, to: ["{{app}}"], authorization: {basic: verify, apikey: verify, bearer: verify}, require: {users: [robot, alice]}}
  - {path: /admins, to: ["{{app}}"], authorization: {basic: verify, apikey: verify}, require: {roles: [admin]}}
  - {path: /trusting, to: ["{{app}}"], authorization: {apikey: forward}}
  - {path: /keys, to: ["{{es}}"], ca: "{{ca}}", strip_prefix: true, elasticsearch: true, authorization: {basic: refuse}}
  - {path: /as, to: ["{{es}}"], ca: "{{ca}}", strip_prefix: true, elasticsearch: true, authorization: {basic: verify, apikey: refuse, bearer: refuse}, account: {username: reader, password_file: reader}}
  - {path: /_security/api_key, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true}
`

// policyGateway has robots: users of ES with passwords.
func policyGateway(t *testing.T) *gatewaytest.Gateway {
	t.Helper()
	return gatewaytest.Start(t, gatewaytest.Options{
		Routes: policyRoutes,
		Files:  map[string]string{"reader": "reader-password\n"},
		Roles: map[string]standin.Role{
			"keeper": {Cluster: []string{"manage_own_api_key"}},
			"reader": {Cluster: []string{"cluster:admin/xpack/security/token/create"}, Indices: []standin.IndexPrivileges{{Names: []string{"reports"}, Privileges: []string{"read"}}}},
		},
		Elastic: func(_ *gatewaytest.Gateway, c *standin.Config) {
			c.Users = append(c.Users,
				standin.User{Name: "robot", Password: "robot-password", Roles: []string{"keeper"}},
				standin.User{Name: "reader", Password: "reader-password", Roles: []string{"reader"}},
				standin.User{Name: "chief", Password: "chief-password", Roles: []string{"admin"}},
			)
		},
	})
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// apiKey makes a key of robot's.
func apiKey(t *testing.T, g *gatewaytest.Gateway) string {
	t.Helper()
	got := g.Browser().API(http.MethodPost, "/_security/api_key", `{"name":"k"}`, "Authorization", basic("robot", "robot-password"))
	var key struct {
		Encoded string `json:"encoded"`
	}
	if err := json.Unmarshal([]byte(got.Body), &key); err != nil || key.Encoded == "" {
		t.Fatalf("no key: %d %s", got.Status, got.Body)
	}
	g.Secret(key.Encoded)
	return "ApiKey " + key.Encoded
}

// TestWhatBecomesOfAClientsOwnAuthorization on each kind of route.
func TestWhatBecomesOfAClientsOwnAuthorization(t *testing.T) {
	t.Parallel()
	g := policyGateway(t)
	key := apiKey(t, g)
	robot, chief, wrong := basic("robot", "robot-password"), basic("chief", "chief-password"), basic("robot", "wrong")
	for _, tc := range []struct {
		name, path, header string
		status             int
		says               string // in the body
	}{
		{"verified, and let in", "/verify", robot, http.StatusOK, "Authorization: " + robot},
		{"verified, and not let in", "/verify", chief, http.StatusForbidden, "forbidden"},
		{"an API key is its owner's", "/verify", key, http.StatusOK, "Authorization: ApiKey "},
		{"a wrong password", "/verify", wrong, http.StatusUnauthorized, "login_required"},
		{"a bearer of nobody", "/verify", "Bearer nonsense", http.StatusUnauthorized, "login_required"},
		{"no base64", "/verify", "Basic %%%", http.StatusUnauthorized, "login_required"},
		{"a scheme that nobody knows", "/verify", "Digest x", http.StatusUnauthorized, "does not take"},
		{"a role that is there", "/admins", chief, http.StatusOK, ""},
		{"a role that is missing", "/admins", robot, http.StatusForbidden, "forbidden"},
		{"an API key has no roles", "/admins", key, http.StatusForbidden, "privileges"},
		{"a scheme that the route has not", "/admins", "Bearer x", http.StatusUnauthorized, "does not take"},
		{"forwarded without a look", "/trusting", "ApiKey whatever", http.StatusOK, "Authorization: ApiKey whatever"},
		{"what the route does not forward", "/trusting", robot, http.StatusUnauthorized, "does not take"},
		{"refused on a route to ES", "/keys/_security/_authenticate", robot, http.StatusUnauthorized, ""},
		{"forwarded on a route to ES", "/keys/_security/_authenticate", key, http.StatusOK, "api_key"},
		{"judged by ES on a route to ES", "/keys/_security/_authenticate", "ApiKey nonsense", http.StatusUnauthorized, "security_exception"},
		{"a usual route takes none", "/", robot, http.StatusUnauthorized, "does not take"},
	} {
		g.Secret(strings.TrimPrefix(tc.header, "Basic "))
		got := g.Browser().API(http.MethodGet, tc.path, "", "Authorization", tc.header)
		if got.Status != tc.status || !strings.Contains(got.Body, tc.says) {
			t.Errorf("%s: %d %s", tc.name, got.Status, got.Body)
		}
		if challenges := strings.Join(got.Header.Values("Www-Authenticate"), ","); got.Status == http.StatusUnauthorized && strings.HasPrefix(tc.path, "/verify") && !strings.Contains(challenges, "ApiKey") {
			t.Errorf("%s: the challenges are %q", tc.name, challenges)
		}
		if len(got.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("%s: a cookie was set", tc.name)
		}
	}
}

func TestAHeaderDecidesAloneAndLeavesTheSession(t *testing.T) {
	t.Parallel()
	g := policyGateway(t)
	b := g.Browser()
	b.SignIn("/", "alice")
	cookie := b.Cookie("esgateway_session")
	if got := b.API(http.MethodGet, "/verify", "", "Authorization", basic("robot", "wrong")); got.Status != http.StatusUnauthorized {
		t.Errorf("a bad header over a session: %d", got.Status)
	}
	if got := b.Get("/verify"); got.Status != http.StatusOK || b.Cookie("esgateway_session") != cookie {
		t.Errorf("the session after that: %d", got.Status)
	}
}

func TestAVerifiedHeaderIsAskedAfterOnceForAll(t *testing.T) {
	t.Parallel()
	g := policyGateway(t)
	calls := func() int { return g.ES.Counters().Calls["GET /_security/_authenticate"] }
	send := func(header string) int {
		return g.Browser().API(http.MethodGet, "/verify", "", "Authorization", header).Status
	}
	together := func(header string, want int) {
		t.Helper()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if got := send(header); got != want {
					t.Errorf("got %d, want %d", got, want)
				}
			})
		}
		all.Wait()
	}
	robot := basic("robot", "robot-password")
	together(robot, http.StatusOK)
	together(basic("robot", "wrong"), http.StatusUnauthorized)
	if n := calls(); n != 2 {
		t.Errorf("ES was asked %d times, want once for each header", n)
	}
	g.Clock.Advance(25 * time.Second)
	send(robot)
	gatewaytest.Eventually(t, "it is asked after again, beside the requests", func() bool { return calls() == 3 })
	g.Clock.Advance(10 * time.Second)
	g.ES.SetFaults(standin.Faults{Down: true})
	if got := send(robot); got != http.StatusOK {
		t.Errorf("in an outage, within its time: %d", got)
	}
	g.Clock.Advance(31 * time.Second)
	if got := g.Browser().API(http.MethodGet, "/verify", "", "Authorization", robot); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("in an outage, past its time: %d", got.Status)
	}
	g.ES.SetFaults(standin.Faults{})
	if got := send(robot); got != http.StatusOK {
		t.Errorf("after the outage: %d", got)
	}
}

// TestARouteMayHaveAnAccountOfItsOwn, which the upstream sees in the place of whoever asks.
func TestARouteMayHaveAnAccountOfItsOwn(t *testing.T) {
	t.Parallel()
	g := policyGateway(t)
	const who = "/as/_security/_authenticate"
	alice := g.Browser()
	alice.SignIn("/", "alice")
	made := func() int { return g.ES.Counters().Calls["POST /_security/oauth2/token"] }
	is := func(what string, got gatewaytest.Reply) {
		t.Helper()
		if got.Status != http.StatusOK || !strings.Contains(got.Body, `"username":"reader"`) {
			t.Errorf("%s: %d %s", what, got.Status, got.Body)
		}
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { is("alice", alice.API(http.MethodGet, who, "")) })
	}
	all.Wait()
	is("a robot that was verified", g.Browser().API(http.MethodGet, who, "", "Authorization", basic("robot", "robot-password")))
	if n := made(); n != 1 {
		t.Errorf("%d tokens were made, want one", n)
	}
	if got := g.Browser().API(http.MethodGet, who, ""); got.Status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", got.Status)
	}
	if got := g.Browser().API(http.MethodGet, who, "", "Authorization", basic("robot", "wrong")); got.Status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", got.Status)
	}
	g.ES.ForgetTokens("reader")
	is("after ES has forgotten the token", alice.API(http.MethodGet, who, ""))
	g.Clock.Advance(19*time.Minute + 30*time.Second)
	is("near the token's end", alice.API(http.MethodGet, who, ""))
	gatewaytest.Eventually(t, "the token is made anew ahead of its end", func() bool { return made() >= 3 })
	if got := alice.Get("/"); !strings.Contains(got.Body, "Authorization: Bearer ") || got.Status != http.StatusOK {
		t.Errorf("alice elsewhere: %d", got.Status)
	}
}
