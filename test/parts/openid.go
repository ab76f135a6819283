package parts

import (
	"encoding/json"
	"net/http"
	"testing"
)

// Client is an OpenID Connect client as a provider knows it. Behind the gateway that is
// an OpenID Connect realm of Elasticsearch.
type Client struct {
	ID, Secret string
	// Realm is one of Keycloak's; no other provider has any.
	Realm string
	// ResponseType is code, id_token or id_token token.
	ResponseType string
	// Callback is where answers go, LoggedOut where people come back to after a sign-out.
	Callback, LoggedOut string
	// BackChannel and FrontChannel are told of sign-outs, by the provider or in a frame;
	// empty: they are not.
	BackChannel, FrontChannel string
	// BySubject: messages about logout name the person and no session.
	BySubject bool
}

// ClientsOf is for templates: those of a realm of Keycloak's.
func (c IdentityProviderConfig) ClientsOf(realm string) []Client {
	var found []Client
	for _, client := range c.Clients {
		if client.Realm == realm {
			found = append(found, client)
		}
	}
	return found
}

// Issuer is the provider's name as an OpenID Connect client of it knows it.
func (i *IdentityProvider) Issuer(client Client) string { return i.issuer + client.Realm }

// GoOn is what somebody does whom an OpenID Connect client has sent for a sign-out, where
// the provider asks, or shows something, before it sends people back.
func (i *IdentityProvider) GoOn(tab *Tab) {
	tab.t.Helper()
	if i.signOut.onward != "" {
		tab.Click(i.signOut.onward)
	}
}

// Discovery is what an OpenID provider publishes of itself, as far as an administrator
// copies it into the settings of Elasticsearch.
type Discovery struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Userinfo      string `json:"userinfo_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
	Keys          string `json:"jwks_uri"`
}

// Discover asks the issuer.
func Discover(t testing.TB, authority *CA, issuer string) Discovery {
	t.Helper()
	address := issuer + "/.well-known/openid-configuration"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := authority.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var found Discovery
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil || found.Issuer != issuer {
		t.Fatalf("%s: %s, issuer %q, %v", address, response.Status, found.Issuer, err)
	}
	return found
}
