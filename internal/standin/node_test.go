package standin_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
)

// A clock is set by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A node is a stand-in behind a real server, with its clock.
type node struct {
	tb    testing.TB
	es    *standin.Elasticsearch
	url   string
	clock *clock
}

func config(c *clock) standin.Config {
	return standin.Config{
		Now: c.Now,
		Users: []standin.User{
			{Name: "root", Password: "root-pw", Roles: []string{"superuser"}},
			{Name: "gateway", Password: "gateway-pw", Roles: []string{"gateway"}},
			{Name: "other", Password: "other-pw", Roles: []string{"gateway"}},
			{Name: "bob", Password: "bob-pw", Roles: []string{"reader"}, FullName: "Bob B", Email: "bob@example.org"},
			{Name: "nobody", Password: "nobody-pw", Roles: []string{"ghost"}},
			{Name: "gone", Password: "gone-pw", Disabled: true},
			{Name: "saml", Password: "saml-pw", Roles: []string{"saml_only"}},
			{Name: "oidc", Password: "oidc-pw", Roles: []string{"oidc_only"}},
			{Name: "pki", Password: "pki-pw", Roles: []string{"pki_only"}},
			{Name: "actor", Password: "actor-pw", Roles: []string{"actor"}},
		},
		Roles: map[string]standin.Role{
			"gateway":   {Cluster: []string{"manage_saml", "manage_token", "monitor"}},
			"reader":    {Indices: []standin.IndexPrivileges{{Names: []string{"logs-*"}, Privileges: []string{"read"}}}},
			"saml_only": {Cluster: []string{"manage_saml"}},
			"oidc_only": {Cluster: []string{"manage_oidc"}},
			"pki_only":  {Cluster: []string{"delegate_pki"}},
			"actor":     {Cluster: []string{"monitor"}, RunAs: []string{"bob", "gateway"}},
		},
		Indices: map[string][]standin.Document{
			"logs-1": {{ID: "1", Source: map[string]any{"user": "ann", "n": 1}}, {ID: "2", Source: map[string]any{"user": "bob", "n": 2}}},
			"secret": {{ID: "s", Source: map[string]any{"word": "hidden"}}},
		},
	}
}

func start(tb testing.TB, changes ...func(*standin.Config)) *node {
	tb.Helper()
	c := newClock()
	cfg := config(c)
	for _, change := range changes {
		change(&cfg)
	}
	es, err := standin.New(cfg)
	if err != nil {
		tb.Fatalf("start: %v", err)
	}
	return serve(tb, es, c)
}

func serve(tb testing.TB, es *standin.Elasticsearch, c *clock) *node {
	tb.Helper()
	server := httptest.NewUnstartedServer(es)
	server.Config = es.Server()
	server.Start()
	tb.Cleanup(server.Close)
	return &node{tb: tb, es: es, url: server.URL, clock: c}
}

// A reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+user+"-pw"))
}

func bearer(token string) string { return "Bearer " + token }

// request sends one request; a body is JSON.
func (n *node) request(method, target, auth, body string, headers ...string) (reply, error) {
	r, err := http.NewRequestWithContext(n.tb.Context(), method, n.url+target, strings.NewReader(body))
	if err != nil {
		n.tb.Fatalf("%s %s: %v", method, target, err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "-" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(text)}, err
}

func (n *node) do(method, target, auth, body string, headers ...string) reply {
	n.tb.Helper()
	a, err := n.request(method, target, auth, body, headers...)
	if err != nil {
		n.tb.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

// fields decodes the body.
func (n *node) fields(a reply) map[string]any {
	n.tb.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		n.tb.Fatalf("body %q: %v", a.body, err)
	}
	return m
}

// problem is the error of a reply in the ES shape.
func (n *node) problem(a reply) map[string]any {
	n.tb.Helper()
	e, is := n.fields(a)["error"].(map[string]any)
	if !is {
		n.tb.Fatalf("not in the ES shape: %s", a.body)
	}
	return e
}

// refused asserts an error in the ES shape.
func (n *node) refused(a reply, status int, kind, reason string) {
	n.tb.Helper()
	e := n.problem(a)
	if a.status != status || e["type"] != kind || e["reason"] != reason {
		n.tb.Errorf("got %d %v %q\nwant %d %s %q", a.status, e["type"], e["reason"], status, kind, reason)
	}
	if n.fields(a)["status"] != float64(status) {
		n.tb.Errorf("status in the body of %s is not %d", a.body, status)
	}
}

// oauth asserts an error in the OAuth shape.
func (n *node) oauth(a reply, code, description string) {
	n.tb.Helper()
	text, err := json.Marshal(description)
	if err != nil {
		n.tb.Fatal(err)
	}
	want := `{"error":"` + code + `","error_description":` + string(text) + `}`
	if a.status != http.StatusBadRequest || a.body != want {
		n.tb.Errorf("got %d %s\nwant 400 %s", a.status, a.body, want)
	}
	if a.header.Get("WWW-Authenticate") != "" {
		n.tb.Errorf("an OAuth refusal has a challenge")
	}
}

const tokenPath = "/_security/oauth2/token"

// A pair is what the token endpoint gave.
type pair struct{ access, refresh string }

func (n *node) pair(a reply) pair {
	n.tb.Helper()
	if a.status != http.StatusOK {
		n.tb.Fatalf("no tokens: %d %s", a.status, a.body)
	}
	m := n.fields(a)
	access, _ := m["access_token"].(string)
	refresh, _ := m["refresh_token"].(string)
	return pair{access, refresh}
}

func (n *node) signIn(user string) pair {
	n.tb.Helper()
	body := `{"grant_type":"password","username":"` + user + `","password":"` + user + `-pw"}`
	return n.pair(n.do("POST", tokenPath, basic("gateway"), body))
}

func (n *node) refresh(token string) reply {
	n.tb.Helper()
	return n.do("POST", tokenPath, basic("gateway"), `{"grant_type":"refresh_token","refresh_token":"`+token+`"}`)
}

func (n *node) whoami(auth string) reply {
	n.tb.Helper()
	return n.do("GET", "/_security/_authenticate", auth, "")
}
