package parts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"embed"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
)

// LemonLDAP is a running LemonLDAP::NG. When somebody signs out there, it tells the
// service providers from hidden frames of its own page.
type LemonLDAP struct{ IdentityProvider }

//go:embed lemonldap
var lemonLDAPFiles embed.FS

// lemonLDAPPages is where Debian's package puts the pages.
const lemonLDAPPages = "/usr/share/lemonldap-ng/portal/templates"

// StartLemonLDAP starts LemonLDAP::NG as an identity provider with a configuration of its
// own: nothing in /etc is touched. The config's Host must not be empty. It signs
// responses and assertions, whatever the peer says.
func StartLemonLDAP(t testing.TB, config IdentityProviderConfig) *LemonLDAP {
	t.Helper()
	starman := Find(t, "starman")
	if _, err := os.Stat(lemonLDAPPages); err != nil {
		t.Fatalf("no LemonLDAP::NG on this machine: run scripts/setup (%v)", err)
	}
	port, dir := FreePort(t), t.TempDir()
	config.CA.Serve(t, config.Port, forward(Loopback(port)), config.Host)
	base := fmt.Sprintf("https://%s:%d/", config.Host, config.Port)
	idp := &LemonLDAP{IdentityProvider{
		EntityID: base + "saml/metadata", URL: base, issuer: strings.TrimSuffix(base, "/"), SSO: base + "saml/singleSignOn", SLO: base + "saml/singleLogout",
		Initiated: base + "saml/singleSignOn?IDPInitiated=1&spConfKey=es",
		form:      form{user: "input[name=user]", password: "input[name=password]", button: "button[type=submit]"},
		signOut:   signOut{page: base + "?logout=1", farewell: "Logout from service providers", onward: "button.positive"},
	}}
	writeLemonLDAP(t, dir, idp, config)

	cmd := exec.CommandContext(t.Context(), starman, "--listen", Loopback(port), "--workers", "2", filepath.Join(dir, "portal.psgi"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LLNG_DEFAULTCONFFILE="+filepath.Join(dir, "lemonldap-ng.ini"))
	idp.Process = Start(t, "lemonldap", cmd)
	idp.Process.Ready(t, func(ctx context.Context) error {
		published, err := get(ctx, "http://"+Loopback(port)+"/saml/metadata")
		idp.Metadata = published
		return err
	})
	return idp
}

func writeLemonLDAP(t testing.TB, dir string, idp *LemonLDAP, config IdentityProviderConfig) {
	t.Helper()
	for _, sub := range []string{"conf", "sessions/lock", "psessions/lock", "cache"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	key := SigningKey(t, "identity provider")
	certFile, keyFile := WriteFiles(t, key, dir, "idp")
	values := map[string]any{
		"Dir": dir, "IdP": idp, "Domain": config.Host, "Peer": config.Peer, "Clients": config.Clients,
		"AttributeFormat": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
		"Key":             readFile(t, keyFile), "Certificate": readFile(t, certFile), "PublicKey": publicKey(t, key),
	}
	parsed := lemonLDAPTemplates(t)
	written := func(name string) string {
		var content strings.Builder
		if err := parsed.ExecuteTemplate(&content, name+".tmpl", values); err != nil {
			t.Fatal(err)
		}
		return content.String()
	}
	values["PeerMetadata"] = written("peer.xml")
	Write(t, filepath.Join(dir, "conf", "lmConf-1.json"), []byte(written("lmConf-1.json")))
	Write(t, filepath.Join(dir, "lemonldap-ng.ini"), []byte(written("lemonldap-ng.ini")))
	portal, err := lemonLDAPFiles.ReadFile("lemonldap/portal.psgi")
	if err != nil {
		t.Fatal(err)
	}
	Write(t, filepath.Join(dir, "portal.psgi"), portal)
}

func lemonLDAPTemplates(t testing.TB) *template.Template {
	t.Helper()
	parsed, err := template.New("").Funcs(template.FuncMap{"json": jsonLiteral}).ParseFS(lemonLDAPFiles, "lemonldap/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// publicKey is the key's public half in PEM form.
func publicKey(t testing.TB, key tls.Certificate) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Leaf.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// jsonLiteral is for templates of JSON files.
func jsonLiteral(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
