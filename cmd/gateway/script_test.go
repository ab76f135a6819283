package main

import (
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// TestScripts runs testdata/*.txtar. Each has a stand-in for Elasticsearch of
// its own over TLS, and a gateway.yaml that fits it; a script bends both.
//
//	code N gateway ...   the gateway's exit code is N
//	es FAULT             down, up, tokens-off, basic
//	serving              waits until the gateway answers healthcheck
//	terminate            sends SIGTERM to what runs in the background
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return setUp(t, env) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "es": bend, "serving": serving, "terminate": terminate,
		},
		RequireExplicitExec: true,
	})
}

type elasticsearch struct{}

const (
	accountPassword = "account-password"
	realmBase       = "/_gateway/saml/corp"
	partnerBase     = "/_gateway/oidc/partners"
)

// setUp starts the stand-in and writes what every script needs.
func setUp(t *testing.T, env *testscript.Env) error {
	front, operations := freePort(t), freePort(t)
	public := "http://localhost:" + front
	partner, err := newPartner(public)
	if err != nil {
		return err
	}
	env.Defer(partner.server.Close)
	env.Setenv("OP", partner.server.URL)
	es, err := cluster(public, partner)
	if err != nil {
		return err
	}
	node := httptest.NewUnstartedServer(es)
	node.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // cut connections are meant
	node.StartTLS()
	env.Defer(node.Close)
	env.Values[elasticsearch{}] = es
	env.Setenv("ES", node.URL)
	ca := authority(node)
	text := strings.NewReplacer("{{public}}", public, "{{front}}", front, "{{operations}}", operations, "{{es}}", node.URL).Replace(`public_url: {{public}}
listen: {address: "127.0.0.1:{{front}}"}
operations: {address: "127.0.0.1:{{operations}}"}
elasticsearch: {urls: ["{{es}}"], ca: es-ca.crt, username: esgateway, password_file: password}
sessions: {keys_file: keys, store: {path: sessions.db}}
methods:
  - {name: corp, type: saml, realm: saml1}
routes:
  - {path: /app, to: [http://127.0.0.1:9]}
`)
	return errors.Join(
		put(env, "gateway.yaml", text), put(env, "es-ca.crt", ca), put(env, "op-ca.crt", authority(partner.server)),
		put(env, "password", accountPassword+"\n"), put(env, "keys", session.NewKey()+"\n"),
	)
}

// authority is the certificate of a server that has signed its own.
func authority(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func put(env *testscript.Env, name, text string) error {
	return os.WriteFile(filepath.Join(env.WorkDir, name), []byte(text), 0o600)
}

// cluster is a stand-in with a realm whose addresses are ours, one of Kibana, two
// that are wrong, those of the partner, an account that has all it needs and one that
// has nothing.
func cluster(public string, partner partner) (*standin.Elasticsearch, error) {
	key, cert, err := idp.NewKey()
	if err != nil {
		return nil, err
	}
	provider, err := idp.New(idp.Config{
		BaseURL: "http://idp.example", EntityID: "urn:test:idp", Key: key, Certificate: cert, Now: time.Now,
		ServiceProviders: []idp.ServiceProvider{{EntityID: "urn:test:sp", ACS: public + realmBase + "/acs"}},
	})
	if err != nil {
		return nil, err
	}
	realm := func(name, acs, slo string) samlrealm.Config {
		return samlrealm.Config{
			Name: name, IDPMetadata: func() ([]byte, error) { return provider.Metadata(), nil }, IDPEntityID: "urn:test:idp",
			SPEntityID: "urn:test:sp", ACS: acs, Logout: slo, Attributes: samlrealm.Attributes{Principal: "uid"},
		}
	}
	return standin.New(standin.Config{
		Now: time.Now,
		Users: []standin.User{
			{Name: "esgateway", Password: accountPassword, Roles: []string{"esgateway"}},
			{Name: "weak", Password: accountPassword, Roles: []string{"weak"}},
		},
		Roles: map[string]standin.Role{
			"esgateway": {Cluster: []string{"manage_saml", "manage_oidc", "manage_token", "cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/xpack/license/get"}},
			"weak":      {Cluster: []string{"manage_saml", "cluster:monitor/main"}},
		},
		SAML: []samlrealm.Config{
			realm("saml1", public+realmBase+"/acs", public+realmBase+"/slo"),
			realm("saml2", "https://kibana.example/api/security/saml/callback", public+realmBase+"/slo"),
			realm("half", public+realmBase+"/acs/", ""),
			realm("moved", public+realmBase+"/acs", "https://old.example/slo"),
		},
		OIDC: []oidcrealm.Config{
			partner.realm("oidc1", partner.server.URL, public+partnerBase+"/callback"),
			partner.realm("shifted", "https://old.example", "https://kibana.example/api/security/oidc/callback"),
		},
	})
}

// partner is an OpenID provider that listens by TLS.
type partner struct{ server *httptest.Server }

// newPartner starts it. Its client is es-client.
func newPartner(public string) (partner, error) {
	key, err := op.NewKey("ES256")
	if err != nil {
		return partner{}, err
	}
	server := httptest.NewUnstartedServer(nil)
	provider, err := op.New(op.Config{
		Issuer: "https://" + server.Listener.Addr().String(), Key: key, Now: time.Now,
		Clients: []op.Client{{ID: "es-client", Secret: "secret-of-es-client", RedirectURIs: []string{public + partnerBase + "/callback"}}},
	})
	if err != nil {
		return partner{}, err
	}
	server.Config.Handler = provider
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // refused handshakes are meant
	server.StartTLS()
	return partner{server}, nil
}

func (p partner) realm(name, issuer, callback string) oidcrealm.Config {
	return oidcrealm.Config{
		Name: name, HTTPClient: p.server.Client(),
		RP: oidcrealm.RP{
			ClientID: "es-client", ClientSecret: "secret-of-es-client", ResponseType: "code", RedirectURI: callback,
			RequestedScopes: []string{"openid", "profile", "email", "groups"}, SignatureAlgorithm: "ES256",
		},
		OP: oidcrealm.OP{
			Issuer: issuer, AuthorizationEndpoint: issuer + "/authorize", TokenEndpoint: issuer + "/token", JWKSetPath: issuer + "/jwks",
		},
		Claims: oidcrealm.Claims{Principal: "preferred_username"},
	}
}

// freePort is a port that was free a moment ago: the gateway is another process,
// so it cannot be given the listener.
func freePort(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// code runs a program and compares its exit code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args")
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// bend makes the stand-in misbehave.
func bend(ts *testscript.TestScript, _ bool, args []string) {
	faults := map[string]standin.Faults{
		"up": {}, "down": {Down: true}, "tokens-off": {TokenServiceOff: true}, "basic": {License: "basic"},
	}
	fault, ok := faults[strings.Join(args, " ")]
	if !ok {
		ts.Fatalf("there is no fault %q", args)
	}
	ts.Value(elasticsearch{}).(*standin.Elasticsearch).SetFaults(fault)
}

// serving waits until the gateway answers.
func serving(ts *testscript.TestScript, _ bool, _ []string) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if ts.Exec("gateway", "healthcheck", "--config", "gateway.yaml") == nil {
			return
		}
		<-tick.C
	}
	ts.Fatalf("the gateway does not serve")
}

func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGTERM))
	}
}
