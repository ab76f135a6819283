package clients

import (
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
)

// routes: Elasticsearch is at the root, where clients expect it, and once more under a
// prefix, and once more under one where people need another role; away leads where
// nothing listens.
const routes = `  - {path: /app, to: ["{{app}}"], title: Application}
  - {to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true}
  - {path: /prefix/of/two, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true, strip_prefix: true}
  - {path: /admins, to: ["{{es}}"], ca: "{{ca}}", elasticsearch: true, strip_prefix: true, require: {roles: [admin]}}
  - {path: /away, to: ["http://127.0.0.1:1"], elasticsearch: true, strip_prefix: true}
`

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
}

// start starts a gateway in front of an Elasticsearch of that version and signs alice in.
func start(t *testing.T, version string) (*gatewaytest.Gateway, given) {
	t.Helper()
	g := gatewaytest.Start(t, gatewaytest.Options{
		Version: version, Routes: routes, OnlyRoutes: true,
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
	root := g.URL.String()
	told := given{URL: root, Prefix: root + "/prefix/of/two", Admins: root + "/admins", Away: root + "/away"}
	told.Expired, _ = signIn(t, g, "alice")
	g.Clock.Advance(time.Hour)
	told.Bearer, told.Cookie = signIn(t, g, "alice")
	return g, told
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
