package clients

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
)

// routes: Elasticsearch is at the root, where clients expect it, and once more under a
// prefix, and once more under one where people need another role; away leads where
// nothing listens. refusing takes no header of clients, robots takes one of a user alone.
// The last ones lead to nodes that misbehave, each in its own way.
const routes = `  - {path: /app, to: ["{{app}}"], title: Application}
  - {to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true}
  - {path: /prefix/of/two, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true, strip_prefix: true}
  - {path: /admins, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true, strip_prefix: true, require: {roles: [admin]}}
  - {path: /away, to: ["http://127.0.0.1:1"], elasticsearch: true, strip_prefix: true}
  - {path: /refusing, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true, strip_prefix: true, authorization: {basic: refuse, bearer: refuse, apikey: refuse}}
  - {path: /robots, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true, strip_prefix: true, authorization: {basic: verify, bearer: verify}, require: {users: [robot]}}
  - {path: /busy, to: ["{{busy}}"], elasticsearch: true, strip_prefix: true}
  - {path: /starting, to: ["{{starting}}"], elasticsearch: true, strip_prefix: true}
  - {path: /forgetful, to: ["{{forgetful}}"], elasticsearch: true, strip_prefix: true}
  - {path: /late, to: ["{{late}}"], elasticsearch: true, strip_prefix: true, response_header_timeout: 100ms}
`

// misbehaving are further nodes of the cluster, by the name of their route.
func misbehaving() map[string]standin.Faults {
	return map[string]standin.Faults{
		"busy":      {Status: http.StatusTooManyRequests},
		"starting":  {Status: http.StatusServiceUnavailable},
		"forgetful": {LoseAnswer: func(*http.Request) bool { return true }}, // after the work is done
		"late":      {Delay: func(*http.Request) <-chan struct{} { return make(chan struct{}) }},
	}
}

// password of robot, who is a user of Elasticsearch's own.
const password = "robot-password-of-test-clients"

// given is what a client's program is told on its standard input.
type given struct {
	URL     string `json:"url"`
	Bearer  string `json:"bearer"`
	Expired string `json:"expired"` // was alice's bearer too
	Cookie  string `json:"cookie"`  // of alice's browser
	Prefix  string `json:"prefix"`  // the same, under a prefix
	Admins  string `json:"admins"`  // a route that alice may not use
	Away    string `json:"away"`    // a route to an Elasticsearch that does not answer
	Index   string `json:"index"`   // the program's own

	User      string `json:"user"` // robot, and the password
	Password  string `json:"password"`
	Refusing  string `json:"refusing"`  // a route that takes no header of clients
	Robots    string `json:"robots"`    // a route for robot alone
	Busy      string `json:"busy"`      // a route to a node that answers 429
	Starting  string `json:"starting"`  // to one that answers 503
	Forgetful string `json:"forgetful"` // to one that does the work and then says nothing
	Late      string `json:"late"`      // to one that says nothing for too long
}

// start starts a gateway in front of an Elasticsearch of that version and signs alice in.
func start(t *testing.T, version string) (*gatewaytest.Gateway, given) {
	t.Helper()
	nodes, addresses := listeners(t)
	g := gatewaytest.Start(t, gatewaytest.Options{
		Version: version, Routes: addresses.Replace(routes), OnlyRoutes: true,
		Elastic: func(_ *gatewaytest.Gateway, cluster *standin.Config) {
			cluster.Users = append(cluster.Users, standin.User{Name: "robot", Password: password, Roles: []string{"analyst"}})
		},
		Roles: map[string]standin.Role{
			"analyst": {
				Cluster: []string{"monitor", "manage_own_api_key", "manage_user_profile"},
				Indices: []standin.IndexPrivileges{{Names: []string{"notes-*"}, Privileges: []string{"all"}}},
			},
			"admin": {
				Cluster: []string{"all"},
				Indices: []standin.IndexPrivileges{{Names: []string{"*"}, Privileges: []string{"all"}}},
			},
		},
	})
	for name, faults := range misbehaving() {
		node := g.ES.Node()
		node.SetFaults(faults)
		nodes[name].Config.Handler = node
		nodes[name].Start()
	}
	g.Secret(password)
	g.Secret(base64.StdEncoding.EncodeToString([]byte("robot:" + password))) // as it travels
	root := g.URL.String()
	told := given{
		URL: root, Prefix: root + "/prefix/of/two", Admins: root + "/admins", Away: root + "/away",
		User: "robot", Password: password, Refusing: root + "/refusing", Robots: root + "/robots",
		Busy: root + "/busy", Starting: root + "/starting", Forgetful: root + "/forgetful", Late: root + "/late",
	}
	told.Expired, _ = signIn(t, g, "alice")
	g.Clock.Advance(time.Hour)
	told.Bearer, told.Cookie = signIn(t, g, "alice")
	return g, told
}

// listeners are the servers of the nodes that misbehave: their addresses stand in the
// configuration of the gateway, with which the cluster starts that they belong to.
func listeners(t *testing.T) (map[string]*httptest.Server, *strings.Replacer) {
	t.Helper()
	nodes := map[string]*httptest.Server{}
	var addresses []string
	for name := range misbehaving() {
		node := httptest.NewUnstartedServer(nil)
		t.Cleanup(node.Close)
		nodes[name] = node
		addresses = append(addresses, "{{"+name+"}}", "http://"+node.Listener.Addr().String())
	}
	return nodes, strings.NewReplacer(addresses...)
}

// signIn signs a person in and returns the bearer that the application behind the
// gateway got, and the browser's cookies.
func signIn(t *testing.T, g *gatewaytest.Gateway, person string) (bearer, cookies string) {
	t.Helper()
	b := g.Browser()
	b.SignIn("/app", person)
	page := b.Get("/app")
	_, after, found := strings.Cut(page.Body, "Authorization: Bearer ")
	if !found {
		t.Fatalf("the application got no bearer: %d %s", page.Status, page.Body)
	}
	bearer, _, _ = strings.Cut(after, "\r\n")
	var jar []string
	for _, c := range b.Jar.Cookies(g.URL) {
		jar = append(jar, c.Name+"="+c.Value)
	}
	return bearer, strings.Join(jar, "; ")
}
