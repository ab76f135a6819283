package standin_test

import (
	"crypto/x509"
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/op"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// TestRealmsBesideEachOther: roles come by what the realm says of a user, and a logout
// tells whose token it is.
func TestRealmsBesideEachOther(t *testing.T) {
	t.Parallel()
	world, i := newChain(t), newIDP(t)
	n, p := startOIDC(t, "9.5.0", func(c *standin.Config) {
		c.SAML = []samlrealm.Config{i.realm("saml1")}
		c.PKI = []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{world.root.Certificate}, DelegationEnabled: true}}
		c.Roles["gateway"] = standin.Role{Cluster: []string{"manage_oidc", "manage_saml", "manage_token"}}
		c.RoleMappings = []standin.RoleMapping{
			{Realm: "oidc1", Metadata: map[string]string{"oidc(groups)": "staff", "oidc(sub)": op.Subject(oidcAnn)}, Roles: []string{"by-claims"}},
			{Realm: "oidc1", Metadata: map[string]string{"oidc(groups)": "others"}, Roles: []string{"wrong"}},
			{Realm: "saml1", Metadata: map[string]string{"saml(groups)": "staff"}, Roles: []string{"by-attribute"}},
			{Realm: "saml1", Metadata: map[string]string{"saml(groups)": "others"}, Roles: []string{"wrong"}},
			{Realm: "pki1", Metadata: map[string]string{"pki_dn": "CN=service-1, O=org"}, Roles: []string{"by-name"}},
		}
	})
	ofOIDC, ofSAML, ofPKI := n.oidcSignIn(p).access, n.samlSignIn(i).access, n.pair(n.delegate("pki", world.leaf, world.sub)).access
	for access, want := range map[string]string{ofOIDC: "by-claims", ofSAML: "by-attribute", ofPKI: "by-name"} {
		if got := n.whoami(bearer(access)).body; !strings.Contains(got, `"roles":["`+want+`"]`) {
			t.Errorf("want %s, got %s", want, got)
		}
	}
	for _, access := range []string{ofSAML, ofPKI} {
		n.refused(n.oidc("logout", map[string]any{"token": access}), http.StatusBadRequest, "illegal_argument_exception",
			"Access token is not valid for an OpenID Connect realm")
	}
	for access, realm := range map[string]string{ofOIDC: "oidc/oidc1", ofPKI: "pki/pki1"} {
		n.refused(n.saml("logout", map[string]any{"token": access}), http.StatusUnauthorized, "security_exception",
			"Authenticating realm "+realm+" is not a SAML realm")
	}
}
