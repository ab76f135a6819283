package e2e_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/saml"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// printedRealm is what `gateway realm saml` writes into elasticsearch.yml for this
// metadata.
func printedRealm(t *testing.T, metadata []byte) map[string]any {
	t.Helper()
	file := filepath.Join(t.TempDir(), "idp.xml")
	if err := os.WriteFile(file, metadata, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, warnings strings.Builder
	err := saml.Kind().Commands[0].Run(t.Context(), login.Call{
		Args: []string{"--name", "saml1", "--idp-metadata", file, "--public-url", "https://" + gatewayHost},
		Out:  &out, Err: &warnings, Now: time.Now,
		Address: func(publicURL, method string) (*url.URL, error) {
			return url.Parse(publicURL + "/_gateway/saml/" + method)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	// The certificates of these tests live for a day.
	if strings.Count(warnings.String(), "\n") != 1 || !strings.Contains(warnings.String(), "a signing certificate in the metadata ends on ") {
		t.Errorf("it warns: %s", &warnings)
	}
	block, _, _ := strings.Cut(out.String(), "# ---- 2.")
	var settings map[string]map[string]any
	if err := yaml.Unmarshal([]byte(block), &settings); err != nil {
		t.Fatalf("%v:\n%s", err, block)
	}
	return settings["xpack.security.authc.realms.saml.saml1"]
}

// TestTheRealmCommandFitsARealIdentityProvider: what it reads in metadata that we have
// not made, and what it guesses of attributes, signs a person in with her own name.
func TestTheRealmCommandFitsARealIdentityProvider(t *testing.T) {
	t.Parallel()
	s, idp, browser := newService(t, false, false)
	printed := printedRealm(t, idp.Metadata)
	of := func(setting string) string {
		text, _ := printed[setting].(string)
		return text
	}
	realm, err := samlrealm.New(samlrealm.Config{
		Name: "saml1", IDPMetadata: func() ([]byte, error) { return idp.Metadata, nil },
		IDPEntityID: of("idp.entity_id"), SPEntityID: entityID, ACS: s.origin + "/acs",
		Attributes: samlrealm.Attributes{
			Principal: of("attributes.principal"), Groups: of("attributes.groups"), Name: of("attributes.name"), Mail: of("attributes.mail"),
		},
	})
	if err != nil {
		t.Fatalf("%v: %v", err, printed)
	}
	message, id := s.signIn(t, browser.Person(t).Tab(t), "alice")
	user, err := realm.Authenticate(time.Now(), message, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	if user.Principal != "alice" || user.Email == nil || user.FullName == nil || len(user.Groups) != 2 {
		t.Errorf("got %+v by %v", user, printed)
	}
}
