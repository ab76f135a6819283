package parts

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"
)

// Keycloak is a running identity provider of that name. Its URL is that of its realm.
type Keycloak struct {
	IdentityProvider
	local string // address and port without TLS
}

//go:embed keycloak
var keycloakFiles embed.FS

// keycloakPatience: a JVM on a busy machine of two cores.
const keycloakPatience = 3 * time.Minute

// StartKeycloak starts Keycloak with one realm of ours. scripts/setup has installed it
// where programs keep what can be had again. The config's Host must not be empty. What
// it encrypts it encrypts as the stand-in for Elasticsearch can open it; its own choice
// is AES in GCM, and OAEP with another hash.
func StartKeycloak(t testing.TB, config IdentityProviderConfig) *Keycloak {
	t.Helper()
	base := fmt.Sprintf("https://%s:%d", config.Host, config.Port)
	address := make(chan string, 1)
	behind := sync.OnceValue(func() http.Handler { return forward(<-address) })
	config.CA.Serve(t, config.Port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		behind().ServeHTTP(w, r)
	}), config.Host)
	realm := base + "/realms/corp"
	idp := &Keycloak{IdentityProvider: IdentityProvider{
		EntityID: realm, URL: base + "/realms/", SSO: realm + "/protocol/saml", SLO: realm + "/protocol/saml",
		Initiated: realm + "/protocol/saml/clients/es", issuer: base + "/realms/",
		form:    form{user: "#username", password: "#password", button: "#kc-login"},
		signOut: signOut{page: realm + "/protocol/openid-connect/logout", confirm: "#kc-logout", farewell: "You are logged out"},
	}}
	home := keycloakHome(t)
	authority := filepath.Join(home, "authority.crt")
	Write(t, authority, config.CA.PEM())
	writeKeycloakRealm(t, home, "corp", config, &config.Peer)
	if len(config.ClientsOf(secondRealm)) > 0 {
		writeKeycloakRealm(t, home, secondRealm, config, nil)
	}

	// Port 0: one that is free now may be taken when a JVM comes to asking for it.
	cmd := exec.CommandContext(t.Context(), filepath.Join(home, "bin", "kc.sh"), "start", "--optimized", "--import-realm",
		"--http-enabled=true", "--http-host=127.0.0.1", "--http-port=0", "--hostname="+base,
		"--proxy-headers=xforwarded", "--cache=local", "--truststore-paths="+authority)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "JAVA_OPTS="+javaOptions(t, home, config.Peer))
	started := time.Now()
	idp.Process = Start(t, "keycloak", cmd)
	idp.Process.ReadyWithin(t, keycloakPatience, func(ctx context.Context) error {
		log := readFile(t, idp.Process.Log)
		_, after, listens := strings.Cut(log, "Listening on: http://")
		if !listens {
			return errNotYet
		}
		idp.local, _, _ = strings.Cut(after, "\n")
		published, err := get(ctx, "http://"+idp.local+"/realms/corp/protocol/saml/descriptor")
		idp.Metadata = published
		return err
	})
	t.Logf("measured: Keycloak was ready after %.1f s", time.Since(started).Seconds())
	address <- idp.local
	return idp
}

// keycloakHome makes a home of its own for one Keycloak: what it reads only is that
// of the installation, what it writes is not.
func keycloakHome(t testing.TB) string {
	t.Helper()
	installed := keycloakInstalled(t)
	home, err := os.MkdirTemp("", "keycloak") // not the test's: a comma in its name would end a path in an option
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
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

// javaOptions are those with which scripts/setup has prepared the classes, and a list of
// hosts: Keycloak finds the peer on this machine, and nobody else anywhere.
func javaOptions(t testing.TB, home string, peer SAMLPeer) string {
	t.Helper()
	acs, err := url.Parse(peer.ACS)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	hosts := filepath.Join(home, "hosts")
	Write(t, hosts, fmt.Appendf(nil, "127.0.0.1 localhost %s %s\n", own, acs.Hostname()))
	options, err := keycloakFiles.ReadFile("keycloak/java.options")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(options)) + " -XX:SharedArchiveFile=" + filepath.Join(home, "lib", "classes.jsa") +
		" -Djdk.net.hosts.file=" + hosts
}

// keycloakInstalled is where scripts/setup puts it; the name of what it downloads says the release.
func keycloakInstalled(t testing.TB) string {
	t.Helper()
	line, err := keycloakFiles.ReadFile("keycloak/dist.sha256")
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Fields(string(line))[1]
	return installed(t, strings.TrimSuffix(name, ".zip"))
}

// secondRealm has the same people as the first one, and no SAML.
const secondRealm = "partners"

// writeKeycloakRealm writes what is imported at the start.
func writeKeycloakRealm(t testing.TB, home, realm string, config IdentityProviderConfig, peer *SAMLPeer) {
	t.Helper()
	parsed, err := template.New("").Funcs(template.FuncMap{"json": jsonLiteral}).ParseFS(keycloakFiles, "keycloak/*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var content strings.Builder
	values := map[string]any{"Realm": realm, "Peer": peer, "Clients": config.ClientsOf(realm)}
	if err := parsed.ExecuteTemplate(&content, "realm.json.tmpl", values); err != nil {
		t.Fatal(err)
	}
	Write(t, filepath.Join(home, "data", "import", realm+".json"), []byte(content.String()))
}

// BackChannel makes Keycloak tell the peer of sign-outs itself, without a browser: by POST.
func (k *Keycloak) BackChannel(t testing.TB, peer string) {
	t.Helper()
	k.change(t, peer, func(client, _ map[string]any) { client["frontchannelLogout"] = false })
}

// Sign sets what Keycloak signs for the peer. Messages about logout are signed as responses are.
func (k *Keycloak) Sign(t testing.TB, peer string, signed Signed) {
	t.Helper()
	k.change(t, peer, func(_, attributes map[string]any) {
		p := SAMLPeer{Signed: signed}
		attributes["saml.server.signature"] = strconv.FormatBool(p.SignsResponse())
		attributes["saml.assertion.signature"] = strconv.FormatBool(p.SignsAssertion())
	})
}

// Import makes the peer anew out of its metadata, as an administrator does it in the
// console. What it is told of people stays as it is, and how it encrypts.
func (k *Keycloak) Import(t testing.TB, peer string, metadata []byte) {
	t.Helper()
	admin, old := k.administrator(t), k.peer(t, peer)
	var client map[string]any
	k.call(t, http.MethodPost, "/admin/realms/corp/client-description-converter", "text/plain", admin, metadata, &client)
	for _, mapper := range old["protocolMappers"].([]any) {
		delete(mapper.(map[string]any), "id")
	}
	client["protocolMappers"] = old["protocolMappers"]
	known := old["attributes"].(map[string]any)
	for _, how := range []string{"saml.encryption.algorithm", "saml.encryption.keyAlgorithm", "saml.encryption.digestMethod"} {
		client["attributes"].(map[string]any)[how] = known[how]
	}
	k.call(t, http.MethodDelete, fmt.Sprintf("/admin/realms/corp/clients/%s", old["id"]), "", admin, nil, nil)
	k.call(t, http.MethodPost, "/admin/realms/corp/clients", inJSON, admin, toJSON(t, client), nil)
}

// change changes the settings of a peer while Keycloak runs.
func (k *Keycloak) change(t testing.TB, peer string, edit func(client, attributes map[string]any)) {
	t.Helper()
	client := k.peer(t, peer)
	edit(client, client["attributes"].(map[string]any))
	k.call(t, http.MethodPut, fmt.Sprintf("/admin/realms/corp/clients/%s", client["id"]), inJSON, k.administrator(t), toJSON(t, client), nil)
}

// peer is all that Keycloak knows of a peer.
func (k *Keycloak) peer(t testing.TB, name string) map[string]any {
	t.Helper()
	var clients []map[string]any
	k.call(t, http.MethodGet, "/admin/realms/corp/clients?clientId="+url.QueryEscape(name), "", k.administrator(t), nil, &clients)
	if len(clients) != 1 {
		t.Fatalf("Keycloak knows %d peers with the name %s", len(clients), name)
	}
	return clients[0]
}

// EndSessions ends all sessions of a person, as an administrator does it in the console.
// Keycloak tells those peers that it can tell without a browser.
func (k *Keycloak) EndSessions(t testing.TB, user string) {
	t.Helper()
	admin := k.administrator(t)
	var people []struct {
		ID string `json:"id"`
	}
	k.call(t, http.MethodGet, "/admin/realms/corp/users?exact=true&username="+url.QueryEscape(user), "", admin, nil, &people)
	if len(people) != 1 {
		t.Fatalf("Keycloak knows %d people with the name %s", len(people), user)
	}
	k.call(t, http.MethodPost, "/admin/realms/corp/users/"+people[0].ID+"/logout", "", admin, nil, nil)
}

// EndOther ends a person's session in another browser, on Keycloak's own page. The tab is
// signed in.
func (k *Keycloak) EndOther(tab *Tab) {
	tab.t.Helper()
	tab.Goto(k.EntityID + "/account/account-security/device-activity")
	tab.Click("[data-testid=row-1] button") // the first row is the tab's own session
	tab.Click("#modal-confirm")
}

// NewKey gives the realm a key by which it signs from now on. Those that it had are
// published as before.
func (k *Keycloak) NewKey(t testing.TB, realm string) {
	t.Helper()
	k.call(t, http.MethodPost, "/admin/realms/"+realm+"/components", inJSON, k.administrator(t), toJSON(t, map[string]any{
		"name": "new", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
		"config": map[string]any{"priority": []string{"1000"}, "enabled": []string{"true"}, "active": []string{"true"}, "algorithm": []string{"RS256"}},
	}), nil)
}

// administrator gives a bearer token of the account that scripts/setup has made.
func (k *Keycloak) administrator(t testing.TB) string {
	t.Helper()
	var token struct {
		Access string `json:"access_token"`
	}
	k.call(t, http.MethodPost, "/realms/master/protocol/openid-connect/token", "application/x-www-form-urlencoded", "",
		[]byte("grant_type=password&client_id=admin-cli&username=admin&password=admin"), &token)
	return token.Access
}

const inJSON = "application/json"

// call is a call of Keycloak's own interface.
func (k *Keycloak) call(t testing.TB, method, path, contentType, token string, body []byte, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+k.local+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Timeout: Patience}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

func toJSON(t testing.TB, value any) []byte {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
