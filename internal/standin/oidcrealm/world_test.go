package oidcrealm_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

const (
	callback = "https://gateway.example/callback"
	secret   = "s:e/c r+e+t of the client, long enough for HS512: ................"
)

// noon is the time of every test.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

var (
	rsaKey   = sync.OnceValue(func() op.Key { return mustKey("RS256") })
	otherKey = sync.OnceValue(func() op.Key { return mustKey("RS256") })
	curveKey = sync.OnceValue(func() op.Key { return mustKey("ES256") })
)

func mustKey(algorithm string) op.Key {
	key, err := op.NewKey(algorithm)
	if err != nil {
		panic(err)
	}
	return key
}

var jane = op.Person{
	Username: "jane", Password: "jane's", FullName: "Jane Doe", Email: "jane@example.org", Groups: []string{"staff", "ops"},
}

// A world is a realm and the provider that it trusts.
type world struct {
	realm   *oidcrealm.Realm
	op      *op.OP
	fetched atomic.Int64 // how often the key set was asked for
	down    atomic.Bool  // the provider answers nobody
}

// settings bend a world.
type settings struct {
	realm    func(*oidcrealm.Config)
	provider func(*op.Config)
}

func newWorld(t testing.TB, s settings) *world {
	t.Helper()
	w := &world{}
	server := httptest.NewTLSServer(w)
	t.Cleanup(server.Close)
	provider := op.Config{
		Issuer: server.URL, Key: rsaKey(), People: []op.Person{jane}, Now: func() time.Time { return noon },
		Clients: []op.Client{{ID: "es client", Secret: secret, RedirectURIs: []string{callback}}},
	}
	if s.provider != nil {
		s.provider(&provider)
	}
	var err error
	if w.op, err = op.New(provider); err != nil {
		t.Fatal(err)
	}
	realm := good(server.URL)
	realm.HTTPClient = server.Client()
	if s.realm != nil {
		s.realm(&realm)
	}
	if w.realm, err = oidcrealm.New(realm); err != nil {
		t.Fatal(err)
	}
	return w
}

// good are settings that a node starts with.
func good(issuer string) oidcrealm.Config {
	return oidcrealm.Config{
		Name: "oidc1",
		RP: oidcrealm.RP{
			ClientID: "es client", ClientSecret: secret, ResponseType: "code", RedirectURI: callback,
			RequestedScopes: []string{"profile", "email", "groups"},
		},
		OP: oidcrealm.OP{
			Issuer: issuer, AuthorizationEndpoint: issuer + "/authorize", TokenEndpoint: issuer + "/token",
			JWKSetPath: issuer + "/jwks",
		},
		Claims: oidcrealm.Claims{Principal: "preferred_username", Groups: "groups", Name: "name", Mail: "email"},
	}
}

// ServeHTTP is the provider, or its outage.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/jwks" {
		w.fetched.Add(1)
	}
	if w.down.Load() {
		rw.WriteHeader(http.StatusBadGateway)
		return
	}
	w.op.ServeHTTP(rw, r)
}

// answer begins a sign-in and lets the provider answer.
func (w *world) answer(t testing.TB, a op.Answer) oidcrealm.Answer {
	t.Helper()
	p, err := w.realm.Prepare(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	address, err := w.op.Respond(p.Redirect, jane, a)
	if err != nil {
		t.Fatal(err)
	}
	return oidcrealm.Answer{RedirectURI: address, State: p.State, Nonce: p.Nonce}
}

func (w *world) judge(t testing.TB, asked oidcrealm.Answer) (*oidcrealm.User, error) {
	t.Helper()
	return w.realm.Authenticate(t.Context(), noon, asked)
}

// signIn is all of it, and must work.
func (w *world) signIn(t testing.TB, a op.Answer) *oidcrealm.User {
	t.Helper()
	user, err := w.judge(t, w.answer(t, a))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// refusal is the reason for which an answer was refused; a fault begins with its type.
func refusal(t testing.TB, user *oidcrealm.User, err error) string {
	t.Helper()
	if rejection, is := errors.AsType[*oidcrealm.Rejection](err); is {
		return rejection.Reason
	}
	if fault, is := errors.AsType[*oidcrealm.Fault](err); is {
		return fault.Type + ": " + fault.Reason
	}
	t.Fatalf("got %+v %v, want a refusal", user, err)
	return ""
}

// with is a callback's address with other parameters; an empty value takes one away.
func with(t testing.TB, address string, pairs ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
