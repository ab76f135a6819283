package elastic_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// world is a cluster with a SAML realm, its identity provider, and a client.
type world struct {
	*elastic.Client
	clock *clock
	es    *standin.Elasticsearch
	idp   *idp.IdP
	url   string
}

const acs = "https://sso.example.com/_gateway/saml/corp/acs"

func newWorld(t testing.TB, version string) *world {
	t.Helper()
	w := &world{clock: newClock()}
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	w.idp, err = idp.New(idp.Config{
		BaseURL: "https://idp.example.com", EntityID: "https://idp.example.com/", Key: key, Certificate: certificate, Now: w.clock.Now,
		ServiceProviders: []idp.ServiceProvider{{EntityID: "https://sp.example.com/", ACS: acs, Logout: "https://sso.example.com/slo"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.es, err = standin.New(standin.Config{
		Version: version, Now: w.clock.Now,
		Users: []standin.User{
			{Name: account, Password: password, Roles: []string{"gateway"}},
			{Name: "other", Password: password, Roles: []string{"gateway"}},
			{Name: "weak", Password: password},
		},
		Roles: map[string]standin.Role{
			"gateway": {Cluster: []string{"manage_saml", "manage_token", "cluster:monitor/main", "cluster:monitor/xpack/license/get"}},
			"analyst": {},
		},
		RoleMappings: []standin.RoleMapping{{Realm: "saml1", Roles: []string{"analyst"}}},
		SAML: []samlrealm.Config{{
			Name: "saml1", IDPMetadata: func() ([]byte, error) { return w.idp.Metadata(), nil }, IDPEntityID: "https://idp.example.com/",
			SPEntityID: "https://sp.example.com/", ACS: acs, Logout: "https://sso.example.com/slo",
			Attributes: samlrealm.Attributes{Principal: "urn:oid:0.9.2342.19200300.100.1.1"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.es)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.Client = newClient(t, w.clock, nil, w.url)
	return w
}

func (w *world) as(t testing.TB, user string) *elastic.Client {
	t.Helper()
	return newClient(t, w.clock, func(c *elastic.Config) { c.Username = user }, w.url)
}

// signIn goes all the way through the identity provider.
func (w *world) signIn(t testing.TB) (elastic.Prepared, elastic.Grant) {
	t.Helper()
	p, err := w.SAMLPrepare(t.Context(), "saml1")
	if err != nil {
		t.Fatal(err)
	}
	g, err := w.SAMLAuthenticate(t.Context(), p.Realm, w.respond(t, p), []string{p.ID})
	if err != nil {
		t.Fatalf("%v: %s", err, reason(err))
	}
	return p, g
}

func (w *world) respond(t testing.TB, p elastic.Prepared) string {
	t.Helper()
	response, _, err := w.idp.Respond(p.Redirect, idp.Person{Username: "alice", FullName: "Alice A"}, idp.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func reason(err error) string {
	e, ok := err.(*elastic.Error) //nolint:errorlint // never wrapped here
	if !ok {
		return ""
	}
	return e.Reason
}

func wantClass(t testing.TB, what string, err error, want elastic.Class) {
	t.Helper()
	if got := elastic.ClassOf(err); got != want {
		t.Errorf("%s: got %s, want %s (%v: %s)", what, got, want, err, reason(err))
	}
}

func TestSignInRefreshAndOut(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.17.0", "9.5.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, version)
			sent := w.clock.Now()
			p, g := w.signIn(t)
			if g.Pair.ExpiresIn != 20*time.Minute || !g.Pair.SentAt.Equal(sent) || g.Pair.Refresh.Empty() {
				t.Errorf("pair: %+v", g.Pair)
			}
			id := g.Identity
			if id.Username != "alice" || id.Realm != (elastic.Realm{Name: "saml1", Type: "saml"}) || !slices.Equal(id.Roles, []string{"analyst"}) || !id.Enabled {
				t.Errorf("identity: %+v", id)
			}
			if version == "9.5.0" && g.InResponseTo != p.ID || version == "8.17.0" && g.InResponseTo != "" {
				t.Errorf("in response to %q, request %q", g.InResponseTo, p.ID)
			}

			again, err := w.Refresh(t.Context(), g.Pair.Refresh)
			if err != nil || again.Pair.Access.Equal(g.Pair.Access) || again.Identity.Username != "alice" {
				t.Fatalf("refresh: %+v, %v", again, err)
			}
			repeat, err := w.Refresh(t.Context(), g.Pair.Refresh)
			if err != nil || !repeat.Pair.Access.Equal(again.Pair.Access) {
				t.Errorf("a repeat within 30 s gives another pair: %v", err)
			}
			who, err := w.Authenticate(t.Context(), again.Pair.Access)
			if err != nil || who.Username != "alice" || who.Realm.Name != "saml1" {
				t.Errorf("authenticate: %+v, %v", who, err)
			}

			logout, redirect, err := w.SAMLLogout(t.Context(), again.Pair.Access, again.Pair.Refresh)
			if err != nil || logout == "" || !strings.Contains(redirect, "SAMLRequest=") {
				t.Errorf("logout: %q, %q, %v", logout, redirect, err)
			}
			_, err = w.Authenticate(t.Context(), again.Pair.Access)
			wantClass(t, "the access token after the logout", err, elastic.Dead)
			_, err = w.Refresh(t.Context(), again.Pair.Refresh)
			wantClass(t, "the refresh token after the logout", err, elastic.RefreshInvalidated)
			wantClass(t, "ending the old access token", w.InvalidateAccess(t.Context(), g.Pair.Access), elastic.OK)
			wantClass(t, "ending it again", w.InvalidateAccess(t.Context(), g.Pair.Access), elastic.OK)
			wantClass(t, "ending what never was", w.InvalidateRefresh(t.Context(), secret.Of("nonsense")), elastic.OK)
		})
	}
}

func TestRefusedSignIns(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.17.0", "9.5.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, version)
			p, err := w.SAMLPrepare(t.Context(), "saml1")
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.SAMLPrepare(t.Context(), "saml9")
			wantClass(t, "another realm", err, elastic.SetUp)
			_, err = w.SAMLAuthenticate(t.Context(), "saml1", "-", []string{p.ID})
			wantClass(t, "no base64", err, elastic.BadInput)
			_, err = w.SAMLAuthenticate(t.Context(), "saml1", base64.StdEncoding.EncodeToString([]byte("<x/>")), []string{p.ID})
			wantClass(t, "no response", err, elastic.PersonRefused)
			_, err = w.SAMLAuthenticate(t.Context(), "saml1", w.respond(t, p), []string{"_other"})
			wantClass(t, "another request", err, elastic.PersonRefused)
			_, err = w.SAMLAuthenticate(t.Context(), "saml1", w.respond(t, p), nil)
			wantClass(t, "no request", err, elastic.PersonRefused)
			_, err = w.as(t, "weak").SAMLPrepare(t.Context(), "saml1")
			wantClass(t, "an account without privileges", err, elastic.AccountRefused)
			_, err = w.as(t, "nobody").SAMLPrepare(t.Context(), "saml1")
			wantClass(t, "an unknown account", err, elastic.AccountRefused)
		})
	}
}

func TestARealmShowsItsOwnMetadata(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.17.0", "9.5.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, version)
			got, err := w.SAMLMetadata(t.Context(), "saml1")
			if err != nil || !strings.Contains(string(got), `Location="`+acs+`"`) {
				t.Errorf("got %s, %v", got, err)
			}
			for _, name := range []string{"saml9", "a/b", "a?b", "%2e"} {
				_, err = w.SAMLMetadata(t.Context(), name)
				wantClass(t, "the realm "+name, err, elastic.SetUp)
				if want := "Cannot find any matching realm for [" + name + "]"; reason(err) != want {
					t.Errorf("got %q, want %q", reason(err), want)
				}
			}
			_, err = w.as(t, "weak").SAMLMetadata(t.Context(), "saml1")
			wantClass(t, "an account without privileges", err, elastic.AccountRefused)
		})
	}
}

func TestWhatEndsARefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "9.5.0")
	_, g := w.signIn(t)
	_, err := w.as(t, "other").Refresh(t.Context(), g.Pair.Refresh)
	wantClass(t, "another account", err, elastic.RefreshForeign)
	_, err = w.Refresh(t.Context(), secret.Of("nonsense"))
	wantClass(t, "an unknown token", err, elastic.Mute)
	_, err = w.Authenticate(t.Context(), secret.Of("nonsense"))
	wantClass(t, "an unknown bearer", err, elastic.Mute)

	w.es.SetFaults(standin.Faults{TokensIndex: standin.IndexPrimaryDown})
	_, err = w.Refresh(t.Context(), g.Pair.Refresh)
	wantClass(t, "the tokens index is out", err, elastic.Mute)
	_, err = w.Authenticate(t.Context(), g.Pair.Access)
	wantClass(t, "a bearer while the index is out", err, elastic.Mute)
	wantClass(t, "ending a token while the index is out", w.InvalidateAccess(t.Context(), g.Pair.Access), elastic.Outage)
	w.es.SetFaults(standin.Faults{})

	w.clock.move(21 * time.Minute)
	_, err = w.Authenticate(t.Context(), g.Pair.Access)
	wantClass(t, "an expired bearer", err, elastic.Dead)
	if _, err = w.Refresh(t.Context(), g.Pair.Refresh); err != nil {
		t.Fatal(err)
	}
	w.clock.move(31 * time.Second)
	_, err = w.Refresh(t.Context(), g.Pair.Refresh)
	wantClass(t, "refreshed 31 s ago", err, elastic.RefreshUsed)
	w.clock.move(24 * time.Hour)
	_, err = w.Refresh(t.Context(), g.Pair.Refresh)
	if class := elastic.ClassOf(err); class != elastic.RefreshExpired && class != elastic.RefreshUsed && class != elastic.Mute {
		t.Errorf("after a day: %v", err)
	}
}

func TestQuestionsOfTheCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "9.5.0")
	has, err := w.HasPrivileges(t.Context(), []string{"manage_saml", "manage_oidc"})
	if err != nil || !has["manage_saml"] || has["manage_oidc"] {
		t.Errorf("privileges: %v, %v", has, err)
	}
	info, err := w.Info(t.Context())
	if err != nil || info != (elastic.Info{Name: "node-1", ClusterName: "docker-cluster", Version: "9.5.0"}) {
		t.Errorf("info: %+v, %v", info, err)
	}
	license, err := w.License(t.Context())
	if err != nil || license != (elastic.License{Type: "trial", Status: "active"}) {
		t.Errorf("licence: %+v, %v", license, err)
	}
	if nodes := w.Nodes(); len(nodes) != 1 || nodes[0] != w.url || w.Account() != account {
		t.Errorf("nodes %q, account %q", nodes, w.Account())
	}
	_, err = w.InfoOf(t.Context(), 1)
	wantClass(t, "a node that is not there", err, elastic.BadInput)
}

func TestProbeTokenService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "9.2.0")
	for _, tc := range []struct {
		faults standin.Faults
		want   elastic.TokenService
		class  elastic.Class
	}{
		{standin.Faults{}, elastic.TokensOn, elastic.OK},
		{standin.Faults{TokenServiceOff: true}, elastic.TokensOff, elastic.OK},
		{standin.Faults{License: "basic"}, elastic.TokensUnlicensed, elastic.OK},
		{standin.Faults{Down: true}, "", elastic.Outage},
	} {
		w.es.SetFaults(tc.faults)
		got, err := w.Client.ProbeTokenService(t.Context())
		if got != tc.want || elastic.ClassOf(err) != tc.class {
			t.Errorf("%+v: got %q, %v; want %q", tc.faults, got, err, tc.want)
		}
	}
}

func TestIdentityHoldsNoIDToken(t *testing.T) {
	t.Parallel()
	s := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, `{"username":"alice","roles":["r"],"full_name":null,"email":null,"metadata":{"oidc(id_token_hint)":"planted","oidc(sub)":"a"},"enabled":true,"authentication_realm":{"name":"oidc1","type":"oidc"},"lookup_realm":{"name":"x","type":"y"}}`)
	})
	id, err := s.client(t).Authenticate(t.Context(), secret.Of("a"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"username":"alice","roles":["r"],"metadata":{"oidc(sub)":"a"},"realm":{"name":"oidc1","type":"oidc"},"enabled":true}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
