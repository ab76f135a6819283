package parts

import (
	"context"
	"crypto/tls"
	"embed"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
)

// SimpleSAMLphp is a running identity provider of that name. Its URL is
// https://HOST:PORT/simplesaml/.
type SimpleSAMLphp struct{ IdentityProvider }

// SimpleSAMLphpConfig says how the identity provider is reached and by whom.
type SimpleSAMLphpConfig = IdentityProviderConfig

//go:embed simplesamlphp
var simpleSAMLphpFiles embed.FS

// simpleSAMLphpWWW is where Debian's package puts the pages.
const simpleSAMLphpWWW = "/usr/share/simplesamlphp/www"

// StartSimpleSAMLphp starts SimpleSAMLphp as an identity provider in PHP's own web
// server, with a configuration of its own: nothing in /etc is touched.
func StartSimpleSAMLphp(t testing.TB, config SimpleSAMLphpConfig) *SimpleSAMLphp {
	t.Helper()
	php := Find(t, "php8.2", "php")
	if _, err := os.Stat(simpleSAMLphpWWW); err != nil {
		t.Fatalf("no SimpleSAMLphp on this machine: run scripts/setup (%v)", err)
	}

	dir := t.TempDir()
	base, port := fmt.Sprintf("http://localhost:%d/simplesaml/", config.Port), config.Port
	if config.Host != "" {
		port = FreePort(t)
		base = fmt.Sprintf("https://%s:%d/simplesaml/", config.Host, config.Port)
		config.CA.Serve(t, config.Port, forward(Loopback(port)), config.Host)
	}
	idp := &SimpleSAMLphp{IdentityProvider{
		EntityID:  "urn:identity.test:idp",
		URL:       base,
		SSO:       base + "saml2/idp/SSOService.php",
		SLO:       base + "saml2/idp/SingleLogoutService.php",
		Initiated: base + "saml2/idp/SSOService.php?spentityid=" + url.QueryEscape(config.Peer.EntityID),
		form:      form{user: "input[name=username]", password: "input[name=password]", button: "[type=submit]"},
		signOut:   signOut{page: base + "saml2/idp/SingleLogoutService.php?ReturnTo=" + url.QueryEscape(base), farewell: "Congratulations"},
	}}
	writeSimpleSAMLphp(t, dir, idp, config.Peer)

	cmd := exec.CommandContext(t.Context(), php,
		"-d", "opcache.revalidate_freq=0", "-d", "display_errors=0", "-d", "error_reporting=0",
		"-d", "error_log="+filepath.Join(dir, "log", "php.log"), "-d", "session.save_path="+filepath.Join(dir, "sessions"),
		"-S", Loopback(port), "-t", filepath.Join(dir, "www"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SIMPLESAMLPHP_CONFIG_DIR="+filepath.Join(dir, "config"), "PHP_CLI_SERVER_WORKERS=4")
	idp.Process = Start(t, "simplesamlphp", cmd)
	idp.Process.Ready(t, func(ctx context.Context) error {
		// Asked on its own port: the base address in its configuration is what it publishes.
		published, err := get(ctx, "http://"+Loopback(port)+"/simplesaml/saml2/idp/metadata.php")
		idp.Metadata = published
		return err
	})
	return idp
}

func writeSimpleSAMLphp(t testing.TB, dir string, idp *SimpleSAMLphp, peer SAMLPeer) {
	t.Helper()
	for _, sub := range []string{"log", "tmp", "sessions", "data", "www"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(simpleSAMLphpWWW, filepath.Join(dir, "www", "simplesaml")); err != nil {
		t.Fatal(err)
	}
	WriteFiles(t, SigningKey(t, "identity provider"), filepath.Join(dir, "cert"), "idp")

	values := map[string]any{"Dir": dir, "IdP": idp, "Peer": peer}
	quote := func(s string) string { // a PHP string literal
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	parsed, err := template.New("").Funcs(template.FuncMap{"php": quote}).ParseFS(simpleSAMLphpFiles, "simplesamlphp/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for name, folder := range map[string]string{
		"config.php": "config", "authsources.php": "config",
		"saml20-idp-hosted.php": "metadata", "saml20-sp-remote.php": "metadata",
	} {
		var content strings.Builder
		if err := parsed.ExecuteTemplate(&content, name+".tmpl", values); err != nil {
			t.Fatal(err)
		}
		Write(t, filepath.Join(dir, folder, name), []byte(content.String()))
	}
}

func get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Timeout: Patience}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s\n%s", address, response.Status, body)
	}
	return body, err
}

// CertificatePEM is a certificate as files hold it.
func CertificatePEM(c tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}
