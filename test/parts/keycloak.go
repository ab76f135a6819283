package parts

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

// Keycloak is a running identity provider of that name. Its URL is that of its realm.
type Keycloak struct{ IdentityProvider }

//go:embed keycloak
var keycloakFiles embed.FS

// keycloakPatience: a JVM on a busy machine of two cores.
const keycloakPatience = 3 * time.Minute

// StartKeycloak starts Keycloak with one realm of ours. scripts/setup has installed it
// where programs keep what can be had again. The config's Host must not be empty.
func StartKeycloak(t testing.TB, config IdentityProviderConfig) *Keycloak {
	t.Helper()
	port := FreePort(t)
	base := fmt.Sprintf("https://%s:%d", config.Host, config.Port)
	config.CA.Serve(t, config.Port, forward(Loopback(port)), config.Host)
	realm := base + "/realms/corp"
	idp := &Keycloak{IdentityProvider{
		EntityID: realm, URL: realm + "/", SSO: realm + "/protocol/saml", SLO: realm + "/protocol/saml",
		Initiated: realm + "/protocol/saml/clients/es",
		form:      form{user: "#username", password: "#password", button: "#kc-login"},
		signOut:   signOut{page: realm + "/protocol/openid-connect/logout", confirm: "#kc-logout", farewell: "You are logged out"},
	}}
	home := keycloakHome(t)
	writeKeycloakRealm(t, filepath.Join(home, "data", "import", "corp.json"), config)

	cmd := exec.CommandContext(t.Context(), filepath.Join(home, "bin", "kc.sh"), "start", "--optimized", "--import-realm",
		"--http-enabled=true", "--http-host=127.0.0.1", "--http-port="+strconv.Itoa(port),
		"--hostname="+base, "--proxy-headers=xforwarded", "--cache=local")
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "JAVA_OPTS="+javaOptions(t, home))
	idp.Process = Start(t, "keycloak", cmd)
	idp.Process.ReadyWithin(t, keycloakPatience, func(ctx context.Context) error {
		published, err := get(ctx, "http://"+Loopback(port)+"/realms/corp/protocol/saml/descriptor")
		idp.Metadata = published
		return err
	})
	return idp
}

// keycloakHome makes a home of its own for one Keycloak: what it reads only is that
// of the installation, what it writes is not.
func keycloakHome(t testing.TB) string {
	t.Helper()
	installed, home := keycloakInstalled(t), t.TempDir()
	script, err := os.ReadFile(filepath.Join(installed, "bin", "kc.sh"))
	if err != nil {
		t.Fatalf("no Keycloak on this machine: run scripts/setup (%v)", err)
	}
	Write(t, filepath.Join(home, "bin", "kc.sh"), script) // it takes the directory above its own for its home
	if err := os.Chmod(filepath.Join(home, "bin", "kc.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, shared := range []string{"lib", "conf", "providers", "themes"} {
		if err := os.Symlink(filepath.Join(installed, shared), filepath.Join(home, shared)); err != nil {
			t.Fatal(err)
		}
	}
	// Tables and Keycloak's own realm are there already; that takes longer than all the rest.
	const database = "data/h2/keycloakdb.mv.db"
	fresh, err := os.ReadFile(filepath.Join(installed, database))
	if err != nil {
		t.Fatal(err)
	}
	Write(t, filepath.Join(home, database), fresh)
	return home
}

// javaOptions are those with which scripts/setup has prepared the classes.
func javaOptions(t testing.TB, home string) string {
	t.Helper()
	options, err := keycloakFiles.ReadFile("keycloak/java.options")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(options)) + " -XX:SharedArchiveFile=" + filepath.Join(home, "lib", "classes.jsa")
}

// keycloakInstalled is where scripts/setup puts it; the name of what it downloads says the release.
func keycloakInstalled(t testing.TB) string {
	t.Helper()
	line, err := keycloakFiles.ReadFile("keycloak/dist.sha256")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Fields(string(line))[1]
	return filepath.Join(cache, "esgateway", strings.TrimSuffix(name, ".zip"))
}

func writeKeycloakRealm(t testing.TB, path string, config IdentityProviderConfig) {
	t.Helper()
	parsed, err := template.New("").Funcs(template.FuncMap{"json": jsonLiteral}).ParseFS(keycloakFiles, "keycloak/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var content strings.Builder
	values := map[string]any{"Peer": config.Peer, "PeerCertificate": config.Peer.certificate()}
	if err := parsed.ExecuteTemplate(&content, "realm.json.tmpl", values); err != nil {
		t.Fatal(err)
	}
	Write(t, path, []byte(content.String()))
}
