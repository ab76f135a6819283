package parts

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// StartOIDCProvider starts an OpenID provider of that name, which has no SAML. Its clock
// may be late. The config's Host must not be empty.
func StartOIDCProvider(t testing.TB, config IdentityProviderConfig, late time.Duration) *IdentityProvider {
	t.Helper()
	script := filepath.Join(Root(t), "test", "parts", "oidcprovider", "server.js")
	if _, err := os.Stat(filepath.Join(filepath.Dir(script), "node_modules")); err != nil {
		t.Fatalf("no oidc-provider: run scripts/setup (%v)", err)
	}
	port, dir := FreePort(t), t.TempDir()
	config.CA.Serve(t, config.Port, forward(Loopback(port)), config.Host)
	issuer := fmt.Sprintf("https://%s:%d", config.Host, config.Port)
	settings, authority := filepath.Join(dir, "settings.json"), filepath.Join(dir, "authority.crt")
	Write(t, authority, config.CA.PEM())
	Write(t, settings, toJSON(t, map[string]any{
		"issuer": issuer, "port": port, "late": int(late.Seconds()), "clients": config.Clients,
	}))
	idp := &IdentityProvider{
		URL: issuer + "/", issuer: issuer,
		form:    form{user: "input[name=username]", password: "input[name=password]", button: "button"},
		signOut: signOut{page: issuer + "/session/end", confirm: "button[name=logout]", farewell: "Sign-out Success", onward: "button[name=logout]"},
	}
	cmd := exec.CommandContext(t.Context(), Find(t, "node", "nodejs"), script, settings)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+authority)
	idp.Process = Start(t, "oidc-provider", cmd)
	// Beside the start of everything else, Node has once needed more than the usual time.
	idp.Process.ReadyWithin(t, 4*Patience, func(ctx context.Context) error {
		published, err := get(ctx, "http://"+Loopback(port)+"/.well-known/openid-configuration")
		if err == nil && !strings.Contains(string(published), issuer) {
			err = fmt.Errorf("somebody else has taken the port: %s", published)
		}
		return err
	})
	return idp
}
