package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// signedIn signs a browser in and gives the user that the realm sees.
func (s *site) signedIn(t testing.TB) *samlrealm.User {
	t.Helper()
	id, address, err := s.realm.Prepare(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.asserted(t, s.signIn(t, s.get(t, address), "jane", "jane's"), id)
}

func (s *site) isSignedIn(t testing.TB) bool {
	t.Helper()
	return strings.Contains(s.get(t, s.base+"/").body, "Sign out everywhere")
}

// rawQuery is what a browser brings to the service provider's logout address.
func rawQuery(t testing.TB, page seen) string {
	t.Helper()
	query, ok := strings.CutPrefix(page.Header.Get("Location"), spLogout+"?")
	if page.StatusCode != http.StatusSeeOther || !ok {
		t.Fatalf("got %d to %q", page.StatusCode, page.Header.Get("Location"))
	}
	return query
}

func TestLogoutFromTheServiceProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.signedIn(t)
	id, address, ok, err := s.realm.LogoutRequest(noon, user.TokenMetadata)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	query := rawQuery(t, s.get(t, address+"&RelayState=a+b"))
	if !strings.Contains(query, "&RelayState=a+b&SigAlg=") {
		t.Errorf("RelayState does not come back: %s", query)
	}
	if err := s.realm.CompleteLogout(noon, &query, nil, []string{id}); err != nil {
		t.Error(err)
	}
	if s.isSignedIn(t) {
		t.Error("the browser is still signed in at the IdP")
	}
}

func TestLogoutOfAnotherSessionLeavesTheLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.signedIn(t)
	user.TokenMetadata["saml_session"] = new("_another")
	_, address, _, err := s.realm.LogoutRequest(noon, user.TokenMetadata)
	if err != nil {
		t.Fatal(err)
	}
	rawQuery(t, s.get(t, address))
	if !s.isSignedIn(t) {
		t.Error("the login is gone")
	}
}

func TestSigningOutEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.signedIn(t)
	home := s.get(t, s.base+"/")
	if got := home.Header.Get("Content-Security-Policy"); !strings.HasSuffix(got, "form-action 'self' https://gateway.example") {
		t.Errorf("got %s", got)
	}
	if page := s.post(t, s.base+"/logout", nil, "Sec-Fetch-Site", "cross-site"); page.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: got %d", page.StatusCode)
	}
	query := rawQuery(t, s.post(t, s.base+"/logout", url.Values{}))
	request, err := s.realm.ReadLogoutRequest(noon, query)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range user.TokenMetadata {
		got := request.Values[name]
		if (got == nil) != (want == nil) || (got != nil && *got != *want) {
			t.Errorf("%s differs: the tokens would not be found", name)
		}
	}
	answer, err := s.realm.LogoutResponse(noon, request.ID, request.RelayState)
	if err != nil {
		t.Fatal(err)
	}
	if page := s.get(t, answer); page.StatusCode != http.StatusOK || !strings.Contains(page.body, "You are signed out") {
		t.Errorf("got %d\n%s", page.StatusCode, page.body)
	}
	if s.isSignedIn(t) {
		t.Error("the browser is still signed in at the IdP")
	}
}

func TestLogoutRequestsThatGetNoAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.signedIn(t)
	realm := func(entity, to string) string {
		r, err := samlrealm.New(samlrealm.Config{
			Name: "saml1", IDPEntityID: s.base + "/metadata", SPEntityID: entity, ACS: acs,
			IDPMetadata: func() ([]byte, error) {
				return []byte(strings.ReplaceAll(string(s.idp.Metadata()), s.base+"/slo", to)), nil
			},
			Attributes: samlrealm.Attributes{Principal: "uid"},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, address, _, err := r.LogoutRequest(noon, user.TokenMetadata)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(address, to, s.base+"/slo", 1)
	}
	for name, address := range map[string]string{
		"unknown service provider": realm("urn:unknown", s.base+"/slo"),
		"no address for logouts":   realm("urn:other", s.base+"/slo"),
		"another destination":      realm(spID, "https://elsewhere.example/slo"),
		"no message":               s.base + "/slo",
	} {
		if page := s.get(t, address); page.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d", name, page.StatusCode)
		}
	}
	if !s.isSignedIn(t) {
		t.Error("the login is gone")
	}
}
