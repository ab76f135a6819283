package config_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"

	"github.com/google/go-cmp/cmp"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/plugins"
)

// good is a configuration without a mistake; cases add to it or change it.
const good = `public_url: https://sso.example.com
listen: {address: ":8443", cert: tls.crt, key: tls.key, trusted_proxies: [10.0.0.0/8]}
elasticsearch: {urls: [https://es1:9200, https://es2:9200], ca: es-ca.crt, username: esgateway, password_file: password}
sessions: {keys_file: keys, store: {type: embedded, path: sessions.db}}
methods:
  - {name: corp, type: saml, realm: saml1, title: Corporate account}
routes:
  - {to: [http://app:3000]}
`

// load loads a text in a house of its own.
func load(t testing.TB, text string, env ...string) (*config.Ready, string, error) {
	t.Helper()
	dir := house(t)
	ready, err := config.Load(write(t, dir, "gateway.yaml", text, 0o600), env, plugins.Plugins())
	return ready, dir, err
}

// said is what a person reads of an error, without the directory.
func said(dir string, err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") + "\n"
}

func TestGoodFileIsReady(t *testing.T) {
	t.Parallel()
	r, dir, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{
		"public": r.Public.String(), "secure": r.Secure, "prefix": r.Prefix, "hosts": r.Hosts, "warnings": r.Warnings,
		"cert": r.Listen.Cert, "shutdown": r.Listen.ShutdownTime, "operations": r.Operations.Address,
		"ca": r.Elastic.CA, "idle": r.Sessions.Idle, "keys": r.Keys != nil, "level": r.LogLevel,
		"method": []string{r.Methods[0].Name, r.Methods[0].Type, r.Methods[0].Title, r.Methods[0].Realm},
	}
	want := map[string]any{
		"public": "https://sso.example.com", "secure": true, "prefix": "/_gateway", "hosts": []string{"sso.example.com"}, "warnings": []string(nil),
		"cert": filepath.Join(dir, "tls.crt"), "shutdown": 30 * time.Second, "operations": "127.0.0.1:8444",
		"ca": filepath.Join(dir, "es-ca.crt"), "idle": 8 * time.Hour, "keys": true, "level": slog.LevelInfo,
		"method": []string{"corp", "saml", "Corporate account", "saml1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	store, err := r.OpenStore(session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := os.Stat(filepath.Join(dir, "sessions.db")); err != nil {
		t.Errorf("the store is not beside the file: %v", err)
	}
}

// TestMistakes loads each file of testdata/mistakes and compares what people
// read with the golden file beside it.
func TestMistakes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, dir, err := load(t, string(text))
			if _, ok := errors.AsType[config.Errors](err); !ok {
				t.Fatalf("got %v, want Errors", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", said(dir, err))
		})
	}
}

// TestOneMistake changes one thing in a good file.
func TestOneMistake(t *testing.T) {
	t.Parallel()
	for _, c := range oneMistake() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := good + c.add
			if c.old != "" {
				if !strings.Contains(text, c.old) {
					t.Fatalf("%q is not in the good file", c.old)
				}
				text = strings.Replace(text, c.old, c.new, 1)
			}
			_, dir, err := load(t, text, c.env...)
			if got := strings.TrimSuffix(said(dir, err), "\n"); got != c.want {
				t.Errorf("\ngot  %s\nwant %s", got, c.want)
			}
		})
	}
}

type mistake struct {
	name, old, new, add string
	env                 []string
	want                string
}

func oneMistake() []mistake {
	return []mistake{
		{name: "nothing is wrong"},
		{name: "a port that is the scheme's own", old: "https://sso.example.com", new: "https://sso.example.com:443"},
		{name: "a list over several lines", old: "trusted_proxies: [10.0.0.0/8]", new: "trusted_proxies:\n  [10.0.0.0/8]"},
		{name: "a section whose keys are commented out", add: "log:\n#  level: debug\n"},
		{name: "an alias", old: "listen: {", new: "log: {level: &l info}\nlanding: /app\nlisten: {"},
		{name: "an alias of nothing may be a password", add: "log: {level: *hunter2}\n", want: "gateway.yaml:9: is no YAML: a value that begins with * is the alias of nothing; quote the value"},
		{name: "no value", add: "landing:\n", want: "gateway.yaml:9: landing: has no value; give it one, or leave the key out"},
		{name: "a text for a list", old: "urls: [https://es1:9200, https://es2:9200]", new: "urls: https://es1:9200", want: "gateway.yaml:3: elasticsearch.urls: is no list; write [one, two], or one a line after a dash"},
		{name: "a list for a text", add: "landing: [a]\n", want: "gateway.yaml:9: landing: is a list or a section; write a single value; quote it if it begins with [ or {"},
		{name: "a text for a section", add: "log: debug\n", want: "gateway.yaml:9: log: is no section; write its keys and values below it, or as {key: value}"},
		{name: "a tag", add: "landing: !env LANDING\n", want: "gateway.yaml:9: landing: has a tag; quote the value if it begins with !"},
		{name: "a merge key", add: "log:\n  <<: {level: debug}\n", want: "gateway.yaml:10: log.<<: merge keys are not read; write the keys out"},
		{name: "a key with a line break", add: "\"a\\nb\\e[31m\": 1\n", want: "gateway.yaml:9: a b [31m: unknown key; known are brand, elasticsearch, landing, listen, log, methods, operations, prefix, public_url, routes, sessions"},
		{name: "yes is no truth", add: "operations: {pprof: yes}\n", want: `gateway.yaml:9: operations.pprof: "yes" is neither true nor false; write one of these`},
		{name: "a key twice", add: "prefix: /a\nprefix: /b\n", want: "gateway.yaml:10: prefix: is there twice, first in line 9; leave one out"},
		{name: "a key of another section", add: "idle: 8h\n", want: "gateway.yaml:9: idle: unknown key; did you mean sessions.idle?"},
		{name: "days are no duration", old: "{keys_file", new: "{lifetime: 7d, keys_file", want: `gateway.yaml:4: sessions.lifetime: "7d" is no duration; write a number with a unit (ms, s, m, h), for example 90s or 8h`},
		{name: "idle longer than a refresh token", old: "{keys_file", new: "{idle: 24h, keys_file", want: "gateway.yaml:4: sessions.idle: must be more than 0 and at most 23h, since Elasticsearch's refresh token lives 24 hours"},

		{name: "http for others", old: "https://sso.example.com", new: "http://sso.example.com", want: "gateway.yaml:1: public_url: is plain http, over which anybody on the way can take sessions; write https, also where a proxy in front ends TLS (then with listen.plain: behind_tls); http is for localhost and names below it"},
		{name: "no public url", old: "public_url: https://sso.example.com", new: "#", want: "gateway.yaml: public_url: is missing; write the address that people use, for example https://sso.example.com"},
		{name: "a public url with a path", old: "https://sso.example.com", new: "https://sso.example.com/x", want: "gateway.yaml:1: public_url: has more than scheme, host and port; write https://sso.example.com; the gateway's own path is prefix"},
		{name: "a public url in Unicode", old: "https://sso.example.com", new: "https://sso.exämple.com", want: `gateway.yaml:1: public_url: "sso.exämple.com" is no host name as browsers send it; write it in ASCII (xn--...), without a dot at the end`},
		{name: "plain without a word", old: "cert: tls.crt, key: tls.key, ", want: "gateway.yaml:2: listen.cert: is missing; public_url is https: name the certificate and its key here, or write listen.plain: behind_tls where a proxy in front ends TLS"},
		{name: "plain behind TLS", old: "cert: tls.crt, key: tls.key, ", new: "plain: behind_tls, "},
		{name: "plain behind nobody", old: "cert: tls.crt, key: tls.key, trusted_proxies: [10.0.0.0/8]", new: "plain: behind_tls", want: "gateway.yaml:2: listen.trusted_proxies: is missing; a plain listener that others reach needs the addresses of the proxies that end TLS"},
		{name: "plain behind a proxy on this machine", old: `":8443", cert: tls.crt, key: tls.key, trusted_proxies: [10.0.0.0/8]`, new: "127.0.0.1:8080, plain: behind_tls"},
		{name: "plain and a certificate", old: "cert: tls.crt", new: "plain: behind_tls, cert: tls.crt", want: "gateway.yaml:2: listen.plain: contradicts listen.cert; leave out one of them"},
		{name: "another word for plain", old: "cert: tls.crt, key: tls.key", new: "plain: true", want: `gateway.yaml:2: listen.plain: "true" is not known; leave it out, or write behind_tls where a proxy in front ends TLS`},
		{name: "a certificate without key", old: "key: tls.key, ", want: "gateway.yaml:2: listen.key: is missing; it is the PEM file with the private key of listen.cert"},
		{name: "a certificate that is not there", old: "cert: tls.crt", new: "cert: no.crt", want: "gateway.yaml:2: listen.cert: cannot be used with listen.key: there is no file no.crt; both are PEM files and belong together"},
		{name: "trust for everybody", old: "10.0.0.0/8", new: "0.0.0.0/0", want: `gateway.yaml:2: listen.trusted_proxies: "0.0.0.0/0" trusts everybody: any client could forge its address; list the proxies' networks`},
		{name: "proxies' certificates that nobody is asked for", old: "trusted_proxies: [10.0.0.0/8]", new: "trusted_proxies: [10.0.0.0/8], trusted_certificates: {names: [lb.example.com], ca: es-ca.crt}", want: "gateway.yaml:2: listen.trusted_certificates: needs listen.client_certificates: no proxy is asked for a certificate; write request, and listen.cert and listen.key where they are missing"},
		{name: "names that nobody vouches for", old: "trusted_proxies: [10.0.0.0/8]", new: "client_certificates: request, trusted_proxies: [10.0.0.0/8], trusted_certificates: {names: [lb.example.com]}", want: "gateway.yaml:2: listen.trusted_certificates.ca: is missing: names count only if an authority vouches for them"},
		{name: "a fingerprint that is none", old: "trusted_proxies: [10.0.0.0/8]", new: "client_certificates: request, trusted_proxies: [10.0.0.0/8], trusted_certificates: {fingerprints: [AB]}", want: `gateway.yaml:2: listen.trusted_certificates.fingerprints: "AB" is no SHA-256 fingerprint: 64 hexadecimal digits, with or without colons`},
		{name: "certificates of nobody's proxies", old: "trusted_proxies: [10.0.0.0/8]", new: "client_certificates: request, trusted_certificates: {names: [lb.example.com], ca: es-ca.crt}", want: "gateway.yaml:2: listen.trusted_certificates: does nothing without listen.trusted_proxies; name the proxies' addresses or networks there as well"},
		{name: "proxies' certificates", old: "trusted_proxies: [10.0.0.0/8]", new: "client_certificates: request, trusted_proxies: [10.0.0.0/8], trusted_certificates: {names: [lb.example.com], ca: es-ca.crt}"},
		{name: "a route that wants certificates, which nobody has", old: "{to: [http://app:3000]}", new: "{to: [http://app:3000], certificate: {require: true}}", want: "gateway.yaml:8: routes[0].certificate: needs a method that takes client certificates, and there is none; add one of type pki, or leave this out"},
		{name: "the same address twice", add: "operations: {address: \":8443\"}\n", want: "gateway.yaml:9: operations.address: is the address of listen; take another port"},
		{name: "operations off", add: "operations: {address: \"\"}\n"},

		{name: "an api key", old: "password_file: password", new: "api_key: hunter2", want: "gateway.yaml:3: elasticsearch.api_key: not supported: Elasticsearch lets only the creator refresh a session's tokens, and a key under another id is another creator, so changing the key would end every session; use username and password_file"},
		{name: "a password twice", old: "password_file: password", new: "password_file: password, password: hunter2", want: "gateway.yaml:3: elasticsearch.password: given beside password_file; give one of them"},
		{name: "a password file that is not there", old: "password_file: password", new: "password_file: nowhere", want: "gateway.yaml:3: elasticsearch.password_file: there is no file nowhere; it holds the password and nothing else"},
		{name: "plain http to Elasticsearch", old: "[https://es1:9200, https://es2:9200], ca: es-ca.crt", new: "[http://es1:9200]", want: "gateway.yaml:3: elasticsearch.urls[0]: is plain http: passwords and everybody's tokens would be readable on the way; write https; http is for this machine alone"},
		{name: "plain http to this machine", old: "[https://es1:9200, https://es2:9200], ca: es-ca.crt", new: "[http://127.0.0.1:9200, http://localhost:9201]"},
		{name: "a password in an address", old: "https://es1:9200", new: "https://u:hunter2@es1:9200", want: "gateway.yaml:3: elasticsearch.urls[0]: has a user name in it; use username and password_file"},
		{name: "authorities without a certificate", old: "ca: es-ca.crt", new: "ca: password", want: "gateway.yaml:3: elasticsearch.ca: there is no certificate in password; it is a PEM file with the certificates of authorities"},

		{name: "no keys", old: "keys_file: keys, ", want: "gateway.yaml:4: sessions.keys_file: is missing; it holds the keys that seal cookies and sessions; make one: (umask 077; gateway keys new > keys)"},
		{name: "keys that are not there", old: "keys_file: keys", new: "keys_file: no-keys", want: "gateway.yaml:4: sessions.keys_file: there is no file no-keys; make one: (umask 077; gateway keys new > keys)"},
		{name: "keys that are none", old: "keys_file: keys", new: "keys_file: password", want: "gateway.yaml:4: sessions.keys_file: line 1 is not base64; a key is made by `gateway keys new`"},
		{name: "a short key", old: "keys_file: keys", new: "keys: aHVudGVyMg==", want: "gateway.yaml:4: sessions.keys: line 1 holds a key of 7 bytes, needed are 32; a key is made by `gateway keys new`"},
		{name: "a foreign cookie domain", old: "{keys_file", new: "{cookie_domain: example.org, keys_file", want: "gateway.yaml:4: sessions.cookie_domain: does not cover the public host sso.example.com; write a domain above it"},
		{name: "a cookie domain with a dot", old: "{keys_file", new: "{cookie_domain: .example.com, keys_file", want: "gateway.yaml:4: sessions.cookie_domain: begins with a dot; write example.com"},
		{name: "a cookie domain without a dot", old: "{keys_file", new: "{cookie_domain: com, keys_file", want: `gateway.yaml:4: sessions.cookie_domain: "com" is no domain that browsers accept; write it in lower case and ASCII with at least one dot, for example example.com`},
		{name: "an unknown store", old: "type: embedded", new: "type: etcd", want: `gateway.yaml:4: sessions.store.type: "etcd" is no type of store; known are embedded or redis`},
		{name: "a misspelt key of the store", old: "path: sessions.db", new: "pth: sessions.db", want: "gateway.yaml:4: sessions.store.pth: unknown key; did you mean path?"},

		{name: "no methods", old: "  - {name: corp, type: saml, realm: saml1, title: Corporate account}", new: "  []", want: "gateway.yaml:5: methods: is missing; at least one way to sign in is needed, for example - {name: corp, type: saml, realm: saml1}"},
		{name: "a misspelt key of a method", old: "realm: saml1", new: "relam: saml1", want: "gateway.yaml:6: methods[0].relam: unknown key; did you mean realm?"},
		{name: "a key that a method misses", old: "realm: saml1, ", want: "gateway.yaml:6: methods[0].realm: is missing; it is the name of the SAML realm in elasticsearch.yml: xpack.security.authc.realms.saml.<name>"},
		{name: "an unknown method", old: "type: saml", new: "type: sampl", want: `gateway.yaml:6: methods[0].type: "sampl" is no type of method; did you mean saml?`},
		{name: "a method without a type", old: "type: saml, ", want: "gateway.yaml:6: methods[0].type: is missing; known are saml, oidc or pki"},
		{name: "a method's name twice", old: "routes:", new: "  - {name: corp, type: saml, realm: saml2}\nroutes:", want: `gateway.yaml:7: methods[1].name: "corp" is the name of methods[0] already; names are unique`},
		{name: "a name that is no word", old: "name: corp", new: "name: corp/../x", want: `gateway.yaml:6: methods[0].name: "corp/../x" is no name; write at most 40 of a-z, 0-9 and - between them`},

		{name: "a route without upstream", old: "to: [http://app:3000]", new: "path: /app", want: "gateway.yaml:8: routes[0].to: is missing; it lists the upstream's addresses, for example [http://app:3000]"},
		{name: "a route below the prefix", add: "  - {path: /_gateway/x, to: [http://app:3000]}\n", want: "gateway.yaml:9: routes[1].path: lies below the gateway's own prefix /_gateway; take another path, or set prefix"},
		{name: "a route twice", add: "  - {host: SSO.example.com, path: /, to: [http://app:3000]}\n", want: "gateway.yaml:9: routes[1]: has host and path of routes[0]; leave one out, or give one a longer path"},
		{name: "a further host", add: "  - {host: app.example.com, to: [http://app:3000]}\n"},
		{name: "a further host under another name", add: "  - {host: app.other.example, to: [http://app:3000]}\n"},
		{name: "a further host outside of the cookie domain", old: "{keys_file", new: "{cookie_domain: example.com, keys_file", add: "  - {host: app.other.example, to: [http://app:3000]}\n", want: `gateway.yaml:9: routes[1].host: "app.other.example" is not covered by sessions.cookie_domain, so its session cookie would be refused; leave cookie_domain out: hosts then have cookies of their own`},
		{name: "a further host in the cookie domain", old: "{keys_file", new: "{cookie_domain: example.com, keys_file", add: "  - {host: app.example.com, to: [http://app:3000]}\n"},
		{name: "a host with a port", old: "{to: [", new: "{host: \"sso.example.com:8443\", to: [", want: `gateway.yaml:8: routes[0].host: "sso.example.com:8443" is no host name; write it in ASCII, without scheme, port or path, for example app.example.com`},
		{name: "a misspelt requirement", old: "{to: [", new: "{require: {role: [a]}, to: [", want: "gateway.yaml:8: routes[0].require.role: unknown key; did you mean roles?"},
		{name: "a prefix that is none", add: "prefix: gateway\n", want: `gateway.yaml:9: prefix: "gateway" must be a path such as "/_gateway": letters, digits, "-", "_" and "." between slashes, without a slash at the end`},
		{name: "a logo that is not there", add: "brand: {logo: logo.svg}\n", want: "gateway.yaml:9: brand.logo: open logo.svg: no such file or directory"},
		{name: "a landing elsewhere", add: "landing: https://evil.example\n", want: "gateway.yaml:9: landing: is no place to go to after a sign-in; write a path of the public host, for example /app, or an address of a route, for example https://sso.example.com/app"},
		{name: "an unknown level", add: "log: {level: trace}\n", want: `gateway.yaml:9: log.level: "trace" is no level; write debug, info, warn or error`},

		{name: "a variable over the file", old: "https://sso.example.com", new: "nonsense", env: []string{"ESGATEWAY_PUBLIC_URL=https://sso.example.com"}},
		{name: "a variable that is wrong", env: []string{"ESGATEWAY_LOG_LEVEL=loud"}, want: `ESGATEWAY_LOG_LEVEL: log.level: "loud" is no level; write debug, info, warn or error`},
		{name: "a list in a variable", env: []string{"ESGATEWAY_ELASTICSEARCH_URLS=https://es1:9200, ftp://es2"}, want: "ESGATEWAY_ELASTICSEARCH_URLS: elasticsearch.urls[1]: not an address such as https://es1.example.com:9200"},
		{name: "a misspelt variable", env: []string{"ESGATEWAY_LISTEN_ADDR=:1"}, want: "ESGATEWAY_LISTEN_ADDR: unknown variable; did you mean ESGATEWAY_LISTEN_ADDRESS?"},
		{name: "a variable for a list of sections", env: []string{"ESGATEWAY_ROUTES_0_HOST=x"}, want: "ESGATEWAY_ROUTES_0_HOST: unknown variable; routes can be written in the file only"},
		{name: "a variable for the store", env: []string{"ESGATEWAY_SESSIONS_STORE_PAHT=x"}, want: "ESGATEWAY_SESSIONS_STORE_PAHT: sessions.store.paht: unknown key; did you mean path?"},
		{name: "somebody else's variables", env: []string{"PATH=/bin", "ESGATEWAYS=1", "esgateway_x=1"}},
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, old, new string
		env            []string
		want           []string
	}{
		{name: "none"},
		{
			name: "service links", env: []string{"ESGATEWAY_SERVICE_HOST=10.0.0.1", "ESGATEWAY_PORT=tcp://10.0.0.1:8443", "ESGATEWAY_PORT_8443_TCP_ADDR=10.0.0.1", "ESGATEWAY_OPERATIONS_SERVICE_PORT_METRICS=1"},
			want: []string{"4 variables of Kubernetes' service links (such as ESGATEWAY_SERVICE_HOST) are ignored; enableServiceLinks: false in the pod leaves them out"},
		},
		{
			name: "plain http to Elasticsearch as an upstream", old: "{to: [http://app:3000]}", new: "{to: [http://es1:9200], elasticsearch: true}",
			want: []string{"gateway.yaml:8: routes[0].to: is plain http: people's tokens are readable on the way to Elasticsearch"},
		},
		{
			name: "no routes", old: "  - {to: [http://app:3000]}", new: "  []",
			want: []string{"gateway.yaml: there are no routes: everything but the gateway's own pages is answered with 404"},
		},
		{
			name: "a certificate for another name", old: "https://sso.example.com", new: "https://login.example.com",
			want: []string{"gateway.yaml:2: listen.cert: the certificate is not for login.example.com; browsers accept that only if a proxy in front has another one"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, dir, err := load(t, strings.Replace(good, c.old, c.new, 1), c.env...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range r.Warnings {
				got = append(got, strings.ReplaceAll(w, dir+string(filepath.Separator), ""))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFilesThatOthersCanRead(t *testing.T) {
	t.Parallel()
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o440: false, 0o640: false, 0o644: true, 0o660: true, 0o666: true} {
		dir := house(t)
		if err := os.Chmod(filepath.Join(dir, "keys"), mode); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(write(t, dir, "gateway.yaml", good, 0o600), nil, plugins.Plugins())
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "chmod 600 ") {
			t.Errorf("mode %04o: got %v, want an error: %v", mode, err, refused)
		}
	}
}

func TestKeysFromTheEnvironment(t *testing.T) {
	t.Parallel()
	two := strings.Repeat("A", 43) + "=," + strings.Repeat("B", 42) + "A="
	r, _, err := load(t, strings.Replace(good, "keys_file: keys, ", "", 1), "ESGATEWAY_SESSIONS_KEYS="+two)
	if err != nil || r.Keys == nil {
		t.Fatal(err)
	}
}

func TestLoopbackNeedsNoCertificate(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("https://sso.example.com", "http://localhost:8080", `":8443", cert: tls.crt, key: tls.key`, `127.0.0.1:8080`).Replace(good)
	r, _, err := load(t, text)
	if err != nil || r.Secure || r.Cookies.Secure {
		t.Errorf("got %v, %+v", err, r)
	}
	_, dir, err := load(t, strings.Replace(text, "127.0.0.1:8080", `":8080"`, 1))
	if want := "gateway.yaml:2: listen.address: listens without TLS on more than this machine; write 127.0.0.1:PORT, or give it a certificate\n"; said(dir, err) != want {
		t.Errorf("\ngot  %s\nwant %s", said(dir, err), want)
	}
}
