package e2e_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/test/parts"
)

// openID is a method of type oidc, its realm in Elasticsearch, and the client that the
// provider knows of it.
type openID struct {
	name     string       // of the method
	client   parts.Client // its id, Realm, ResponseType and BySubject; the rest comes later
	tells    logoutWay
	settings string // further keys of the method
}

// logoutWay is how a provider tells of a sign-out.
type logoutWay int

const (
	tellsNobody logoutWay = iota
	tellsByPost
	tellsInFrames
)

func (o openID) realm() string { return "oidc-" + o.name }

// addressed are methods whose clients know the gateway's addresses.
func addressed(origin string, all []openID) []openID {
	all = slices.Clone(all)
	for i := range all {
		c, base := &all[i].client, origin+"/_gateway/oidc/"+all[i].name
		c.ID, c.Secret = "es-"+all[i].name, "the-secret-of-the-client-"+all[i].name
		c.Callback, c.LoggedOut = base+"/callback", base+"/logged-out"
		switch all[i].tells {
		case tellsByPost:
			c.BackChannel = base + "/backchannel-logout"
		case tellsInFrames:
			c.FrontChannel = base + "/frontchannel-logout"
		}
	}
	return all
}

func clientsOf(all []openID) []parts.Client {
	var clients []parts.Client
	for _, o := range all {
		clients = append(clients, o.client)
	}
	return clients
}

// oidcRealms are Elasticsearch's realms, set up by what the provider publishes. They
// speak to it themselves, over TLS.
func (w *world) oidcRealms(t *testing.T, authority *parts.CA) []oidcrealm.Config {
	t.Helper()
	var realms []oidcrealm.Config
	for _, o := range w.openID {
		found := parts.Discover(t, authority, w.idp.Issuer(o.client))
		realms = append(realms, oidcrealm.Config{
			Name: o.realm(),
			RP: oidcrealm.RP{
				ClientID: o.client.ID, ClientSecret: o.client.Secret, ResponseType: o.client.ResponseType,
				RedirectURI: o.client.Callback, PostLogoutRedirectURI: o.client.LoggedOut,
				RequestedScopes: []string{"openid", "profile", "email"},
			},
			OP: oidcrealm.OP{
				Issuer: found.Issuer, AuthorizationEndpoint: found.Authorization, TokenEndpoint: found.Token,
				UserinfoEndpoint: found.Userinfo, EndsessionEndpoint: found.EndSession, JWKSetPath: found.Keys,
			},
			Claims:     oidcrealm.Claims{Principal: "preferred_username", Groups: "groups", Name: "name", Mail: "email"},
			HTTPClient: authority.Client(),
		})
		w.wire.remember(o.client.Secret)
	}
	return realms
}

// secretsOf are the code or the tokens of an answer, and the ID token that
// Elasticsearch shows of a user.
func secretsOf(message []byte, answer string) []string {
	var secrets []string
	if u, err := url.Parse(answer); err == nil {
		for _, part := range []string{u.RawQuery, u.Fragment} {
			values, _ := url.ParseQuery(part) // what cannot be read is remembered as a whole
			secrets = append(secrets, values.Get("code"), values.Get("id_token"), values.Get("access_token"))
		}
	}
	const hint = "oidc(id_token_hint)"
	type user struct{ Metadata map[string]any }
	var fields struct {
		user
		Authentication user
	}
	if json.Unmarshal(message, &fields) == nil {
		for _, metadata := range []map[string]any{fields.Metadata, fields.Authentication.Metadata} {
			token, _ := metadata[hint].(string)
			secrets = append(secrets, token)
		}
	}
	return secrets
}

// callback is the address with the provider's last answer, as Elasticsearch got it.
func (w *world) callback(t *testing.T) string {
	t.Helper()
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	if len(w.wire.answers) == 0 {
		t.Fatal("Elasticsearch has got no answer of a provider")
	}
	return w.wire.answers[len(w.wire.answers)-1]
}

// signsInBy is a person's way to a page by one of several methods, and through the
// provider's form.
func (w *world) signsInBy(t *testing.T, tab *parts.Tab, method, user, path string) {
	t.Helper()
	w.asksBy(t, tab, method, path)
	w.idp.FillIn(tab, user)
	tab.WaitURL(w.origin + path)
}

// asksBy goes to a page, chooses the method, and waits for the provider's form.
func (w *world) asksBy(t *testing.T, tab *parts.Tab, method, path string) {
	t.Helper()
	tab.Goto(w.origin + path)
	tab.Click("[data-method=" + method + "]")
	w.idp.WaitForm(tab)
}
