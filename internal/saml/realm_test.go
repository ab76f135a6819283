package saml_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/saml"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// realmSaml runs `gateway realm saml`.
func realmSaml(ctx context.Context, args ...string) (out, warnings string, err error) {
	var o, e strings.Builder
	err = saml.Kind().Commands[0].Run(ctx, login.Call{
		Args: args, In: strings.NewReader(""), Out: &o, Err: &e, Now: testTime,
		Address: func(publicURL, method string) (*url.URL, error) {
			return url.Parse(strings.TrimSuffix(publicURL, "/") + "/_gateway/saml/" + method)
		},
		Load: func(file string) (login.Site, error) {
			if file != "gateway.yaml" {
				return login.Site{}, errors.New("there is no file " + file)
			}
			at, err := url.Parse("https://other.example.com/auth/saml/partners")
			return login.Site{Methods: []login.SiteMethod{{Name: "partners", Realm: "saml2", Base: at}}}, err
		},
	})
	return o.String(), e.String(), err
}

// settings are the realm settings of Elasticsearch that we write (contract saml 11,
// and the reference of the security settings for ssl).
func settings() []string {
	return []string{
		"order", "idp.metadata.path", "idp.entity_id", "sp.entity_id", "sp.acs", "sp.logout",
		"attributes.principal", "attributes.groups", "attributes.name", "attributes.mail", "nameid_format",
		"signing.certificate", "signing.key", "encryption.certificate", "encryption.key", "ssl.certificate_authorities",
	}
}

// realmOf reads the first part of what was printed as a node does, and makes the
// stand-in's realm of it. A setting that it does not know is an error there, too.
func realmOf(t *testing.T, name, printed string, metadata []byte) samlrealm.Config {
	t.Helper()
	block, _, _ := strings.Cut(printed, "# ---- 2.")
	var file map[string]map[string]any
	if err := yaml.Unmarshal([]byte(block), &file); err != nil {
		t.Fatalf("%v:\n%s", err, block)
	}
	key, certificate := pair()
	realm := samlrealm.Config{Name: name, IDPMetadata: func() ([]byte, error) { return metadata, nil }}
	text := map[string]*string{
		"idp.entity_id": &realm.IDPEntityID, "sp.entity_id": &realm.SPEntityID, "sp.acs": &realm.ACS, "sp.logout": &realm.Logout,
		"attributes.principal": &realm.Attributes.Principal, "attributes.groups": &realm.Attributes.Groups,
		"attributes.name": &realm.Attributes.Name, "attributes.mail": &realm.Attributes.Mail, "nameid_format": &realm.NameIDFormat,
	}
	for setting, value := range file["xpack.security.authc.realms.saml."+name] {
		if !slices.Contains(settings(), setting) {
			t.Errorf("Elasticsearch has no setting %s", setting)
		}
		s, isText := value.(string)
		switch into := text[setting]; {
		case into != nil && isText:
			*into = s
		case setting == "order":
			if _, ok := value.(int); !ok {
				t.Errorf("order is %v, no number", value)
			}
		case setting == "signing.key":
			realm.SigningKey, realm.SigningCertificate = key, certificate
		case setting == "encryption.key":
			realm.EncryptionKeys = []*rsa.PrivateKey{key}
		case setting == "ssl.certificate_authorities":
			if list, ok := value.([]any); !ok || len(list) != 1 {
				t.Errorf("%s is %v, no list of one file", setting, value)
			}
		case !isText || s == "":
			t.Errorf("%s is %v", setting, value)
		}
	}
	return realm
}

// TestWhatIsPrintedConfigures proves it: a cluster with the printed realm signs
// people in who come from that identity provider, and `gateway check` is content.
func TestWhatIsPrintedConfigures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, entityID string
		flags          []string
		principal      string
		extra          []idp.Attribute
	}{
		{name: "an unknown provider", entityID: "https://idp.example.com/", principal: "alice@example.com"},
		{name: "an entity id that needs quotes", entityID: `urn:a: "b" #c\d`, principal: "alice@example.com"},
		{name: "Keycloak, signing and encrypting", entityID: "https://kc.example.com/realms/corp", principal: "alice@example.com", flags: []string{"--sign", "--encrypt", "--order", "7"}},
		{name: "SimpleSAMLphp", entityID: "https://idp.example.com/simplesaml/saml2/idp/metadata.php", principal: "alice"},
		{
			name: "Microsoft Entra ID", entityID: "https://sts.windows.net/00000000-1111-2222-3333-444444444444/", principal: "alice@corp.example",
			extra: []idp.Attribute{{Name: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", Values: []string{"alice@corp.example"}}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			provider := newProvider(t, tc.entityID, "https://sso.example.com/")
			file := filepath.Join(t.TempDir(), "idp.xml")
			if err := os.WriteFile(file, provider.Metadata(), 0o600); err != nil {
				t.Fatal(err)
			}
			printed, warnings, err := realmSaml(t.Context(), append([]string{"--name", "saml1", "--idp-metadata", file, "--public-url", "https://sso.example.com"}, tc.flags...)...)
			if err != nil || warnings != "" {
				t.Fatalf("%v, %s", err, warnings)
			}
			config := realmOf(t, "saml1", printed, provider.Metadata())
			realm, err := samlrealm.New(config)
			if err != nil {
				t.Fatalf("%v:\n%s", err, printed)
			}
			id, redirect, err := realm.Prepare(testTime(), nil)
			if err != nil {
				t.Fatal(err)
			}
			person := idp.Person{Username: "alice", FullName: "Alice A", Email: "alice@example.com", Groups: []string{"analysts"}}
			response, _, err := provider.Respond(redirect, person, idp.Answer{NameID: new("alice@example.com"), Extra: tc.extra})
			if err != nil {
				t.Fatal(err)
			}
			message, err := base64.StdEncoding.DecodeString(response)
			if err != nil {
				t.Fatal(err)
			}
			user, err := realm.Authenticate(testTime(), message, []string{id})
			if err != nil || user.Principal != tc.principal {
				t.Fatalf("got %+v, %v; want %s", user, err, tc.principal)
			}
			if signs := strings.Contains(redirect, "Signature="); signs != slices.Contains(tc.flags, "--sign") {
				t.Errorf("it signs: %v", signs)
			}
			for _, f := range newMethod(t, "saml1", config).Diagnose(t.Context()) {
				if !f.OK {
					t.Errorf("gateway check says: %s; %s", f.Text, f.Advice)
				}
			}
		})
	}
}

// TestWhatIsPrintedBesidesTheRealm: role, mapping, and the lines that wait to be
// used are right as well.
func TestWhatIsPrintedBesidesTheRealm(t *testing.T) {
	t.Parallel()
	provider := newProvider(t, "https://idp.example.com/", "https://sso.example.com/")
	file := filepath.Join(t.TempDir(), "idp.xml")
	if err := os.WriteFile(file, provider.Metadata(), 0o600); err != nil {
		t.Fatal(err)
	}
	printed, _, err := realmSaml(t.Context(), "--name", "saml2", "--idp-metadata", file, "--config", "gateway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`sp.entity_id: "https://other.example.com/"`, `sp.acs: "https://other.example.com/auth/saml/partners/acs"`,
		`sp.logout: "https://other.example.com/auth/saml/partners/slo"`, `# Copy "idp.xml" there`, `idp.metadata.path: "saml/saml2-idp.xml"`,
		"  - {name: partners, type: saml, realm: saml2}", "https://other.example.com/auth/saml/partners/metadata",
		"bin/elasticsearch-keystore add xpack.security.authc.realms.saml.saml2.signing.secure_key_passphrase",
		"bin/elasticsearch-keystore add xpack.security.authc.realms.saml.saml2.encryption.secure_key_passphrase",
		"bin/elasticsearch-users useradd esgateway -r esgateway",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("no %s in:\n%s", want, printed)
		}
	}
	// The lines that are comments are settings, once they are used.
	used := regexp.MustCompile(`(?m)^  # ([a-z_.]+: ")`).ReplaceAllString(printed, "  $1")
	if config := realmOf(t, "saml2", used, nil); config.NameIDFormat == "" || config.SigningKey == nil || len(config.EncryptionKeys) != 1 {
		t.Errorf("the lines that are comments do not set what they say:\n%s", used)
	}
	_, mapping, _ := strings.Cut(printed, "PUT /_security/role_mapping/saml2-first\n")
	mapping, _, _ = strings.Cut(mapping, "\n\n")
	if !json.Valid([]byte(mapping)) || !strings.Contains(mapping, `"realm.name": "saml2"`) {
		t.Errorf("the role mapping is %s", mapping)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, role, _ := strings.Cut(string(readme), "```yaml\nesgateway:\n")
	role, _, _ = strings.Cut(role, "```")
	if role == "" || !strings.Contains(printed, "esgateway:\n"+role) {
		t.Errorf("the role is not the README's:\n%s", role)
	}
}

const (
	ssoTo  = `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp/sso"/>`
	ssoBy  = `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp/sso"/>`
	sloTo  = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp/slo"/>`
	format = `<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>`
)

// described is the metadata of an identity provider.
func described(id, attributes, role string) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + id + `" ` + attributes + `>` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + role + `</md:IDPSSODescriptor></md:EntityDescriptor>`
}

// keyFor is a KeyDescriptor whose certificate ends then.
func keyFor(t *testing.T, use string, ends time.Time) string {
	t.Helper()
	key, _ := pair()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: ends.Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return keyOf(use, base64.StdEncoding.EncodeToString(der))
}

func keyOf(use, certificate string) string {
	return `<md:KeyDescriptor use="` + use + `"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` + certificate +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

func attribute(name, friendly string) string {
	return fmt.Sprintf(`<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name=%q FriendlyName=%q/>`, name, friendly)
}

func TestRealmWarnsOfWhatWillNotWork(t *testing.T) {
	t.Parallel()
	good := keyFor(t, "signing", testTime().AddDate(1, 0, 0))
	well := good + ssoTo + sloTo
	for _, tc := range []struct {
		name, metadata string
		warns, prints  []string
	}{
		{name: "all is well", metadata: described("urn:a", "", well), prints: []string{`attributes.principal: "nameid"`}},
		{name: "sign-in by POST alone", metadata: described("urn:a", "", good+ssoBy+sloTo), warns: []string{"no SingleSignOnService of HTTP-Redirect"}},
		{name: "two addresses for sign-in", metadata: described("urn:a", "", well+ssoTo), warns: []string{"several SingleSignOnServices"}},
		{name: "no sign-out", metadata: described("urn:a", "", good+ssoTo), warns: []string{"no SingleLogoutService of HTTP-Redirect"}},
		{name: "two addresses for sign-out", metadata: described("urn:a", "", well+sloTo), warns: []string{"several SingleLogoutServices"}},
		{name: "it is over", metadata: described("urn:a", `validUntil="2026-03-02T09:00:00Z"`, well), warns: []string{"is over since 2026-03-02"}},
		{name: "it will be over", metadata: described("urn:a", `validUntil="2026-03-20T09:00:00.123Z"`, well), warns: []string{"is over on 2026-03-20"}},
		{name: "it will be over much later", metadata: described("urn:a", `validUntil="2027-03-20T09:00:00Z"`, well)},
		{name: "over at an odd time", metadata: described("urn:a", `validUntil="soon"`, well), warns: []string{`validUntil "soon" is no time`}},
		{
			name:     "the group around it is over",
			metadata: `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2026-01-01T00:00:00Z">` + described("urn:a", "", well) + `</md:EntitiesDescriptor>`,
			warns:    []string{"is over since 2026-01-01"},
		},
		{name: "no signing certificate", metadata: described("urn:a", "", ssoTo+sloTo+keyFor(t, "encryption", testTime())), warns: []string{"no signing certificate"}},
		{name: "a certificate that has ended, and a good one", metadata: described("urn:a", "", well+keyFor(t, "signing", testTime().AddDate(0, 0, -1))), warns: []string{"has ended on 2026-03-01"}},
		{name: "a certificate that ends", metadata: described("urn:a", "", ssoTo+sloTo+keyFor(t, "signing", testTime().AddDate(0, 0, 20))), warns: []string{"ends on 2026-03-22"}},
		{name: "a certificate that is none", metadata: described("urn:a", "", ssoTo+sloTo+keyOf("signing", "AAAA")), warns: []string{"cannot be read", "no signing certificate"}},
		{name: "a NameID that changes", metadata: described("urn:a", "", well+format), prints: []string{`attributes.principal: "uid"`, `# nameid_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"`}},
		{
			name:     "attributes that are offered",
			metadata: described("urn:a", "", well+attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName")+attribute("urn:x:members", "memberOf")+attribute("urn:x:cn", "cn")+attribute("E-Mail", "email")),
			prints: []string{
				`attributes.principal: "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"`, `attributes.groups: "urn:x:members"`, `attributes.name: "urn:x:cn"`, `attributes.mail: "E-Mail"`,
			},
		},
		{name: "AD FS", metadata: described("http://fs.example.com/adfs/services/trust", "", well), prints: []string{`attributes.principal: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"`}},
		{name: "Okta", metadata: described("http://www.okta.com/exk1", "", well), prints: []string{"# Okta: ", `attributes.principal: "nameid"`}},
		{name: "Google", metadata: described("https://accounts.google.com/o/saml2?idpid=C01", "", well), prints: []string{"# Google: ", `attributes.principal: "nameid"`}},
		{
			name:     "the provider asks for signatures",
			metadata: strings.Replace(described("urn:a", "", well), "<md:IDPSSODescriptor ", `<md:IDPSSODescriptor WantAuthnRequestsSigned="true" `, 1),
			prints:   []string{"\n  signing.key: ", "the provider's metadata asks for it", "\n  # encryption.key: "},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "idp.xml")
			if err := os.WriteFile(file, []byte(tc.metadata), 0o600); err != nil {
				t.Fatal(err)
			}
			printed, warnings, err := realmSaml(t.Context(), "--name", "saml1", "--idp-metadata", file, "--public-url", "https://sso.example.com")
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(warnings, "\n"); n != len(tc.warns) {
				t.Errorf("got %d warnings, want %d: %s", n, len(tc.warns), warnings)
			}
			for _, want := range tc.warns {
				if !strings.Contains(warnings, want) {
					t.Errorf("no %q in %s", want, warnings)
				}
			}
			for _, want := range tc.prints {
				if !strings.Contains(printed, want) {
					t.Errorf("no %q in %s", want, printed)
				}
			}
		})
	}
}

func TestRealmTakesMetadataFromAnAddress(t *testing.T) {
	t.Parallel()
	provider := newProvider(t, "https://idp.example.com/", "https://sso.example.com/")
	plain := httptest.NewServer(provider)
	t.Cleanup(plain.Close)
	var server *httptest.Server
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/metadata":
			_, _ = w.Write(provider.Metadata())
		case "/moved":
			http.Redirect(w, r, server.URL+"/metadata", http.StatusFound)
		case "/downgraded":
			http.Redirect(w, r, plain.URL+"/metadata", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, server.URL+"/circle", http.StatusFound)
		case "/page":
			_, _ = w.Write([]byte("<html><body>Sign in</body></html>"))
		case "/endless":
			for range 33 {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		default:
			http.NotFound(w, r)
		}
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // refused handshakes are meant
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, source, ca, wrong string
		usage                   bool
	}{
		{name: "https", source: server.URL + "/metadata", ca: ca},
		{name: "a redirect", source: server.URL + "/moved", ca: ca},
		{name: "a redirect to http", source: server.URL + "/downgraded", ca: ca, wrong: "not https"},
		{name: "a circle", source: server.URL + "/circle", ca: ca, wrong: "from one address to the next"},
		{name: "nothing there", source: server.URL + "/none", ca: ca, wrong: "404"},
		{name: "a page", source: server.URL + "/page", ca: ca, wrong: "not SAML metadata"},
		{name: "too much", source: server.URL + "/endless", ca: ca, wrong: "more than"},
		{name: "an authority that nobody knows", source: server.URL + "/metadata", wrong: "certificate"},
		{name: "http", source: plain.URL + "/metadata", wrong: "sign in as anybody", usage: true},
		{name: "another scheme", source: "ftp://idp.example.com/metadata", wrong: "not ftp://", usage: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--name", "saml1", "--idp-metadata", tc.source, "--public-url", "https://sso.example.com"}
			if tc.ca != "" {
				args = append(args, "--idp-ca", tc.ca)
			}
			printed, _, err := realmSaml(t.Context(), args...)
			if tc.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wrong) || errors.Is(err, login.ErrUsage) != tc.usage || printed != "" {
					t.Errorf("got %v; want %q", err, tc.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{`idp.metadata.path: "` + tc.source + `"`, `ssl.certificate_authorities: ["saml/saml1-idp-ca.crt"]`, `# Copy "ca.crt" there`} {
				if !strings.Contains(printed, want) {
					t.Errorf("no %s in %s", want, printed)
				}
			}
			realmOf(t, "saml1", printed, nil)
		})
	}
}

func TestRealmAsksForWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	one := write("one.xml", described("urn:a", "", ssoTo))
	many := write("many.xml", `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`+described("urn:a", "", ssoTo)+described("urn:b", "", ssoTo)+`</md:EntitiesDescriptor>`)
	sp := write("sp.xml", `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:sp"><md:SPSSODescriptor/></md:EntityDescriptor>`)
	crowd := strings.Builder{}
	for i := range 30 {
		crowd.WriteString(described(fmt.Sprintf("urn:%d", i), "", ssoTo))
	}
	federation := write("federation.xml", `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`+crowd.String()+`</md:EntitiesDescriptor>`)
	const public = " --public-url https://sso.example.com"
	for _, tc := range []struct {
		args, wrong string
		usage       bool
	}{
		{"", "--name is missing", true},
		{"--name a.b", "no name of a realm", true},
		{"--name saml1", "--idp-metadata is missing", true},
		{"--name saml1 --idp-metadata " + one, "--public-url", true},
		{"--name saml1 --config gateway.yaml --idp-metadata " + one + public, "--public-url", true},
		{"--name saml1 --idp-metadata " + one + public + " x", "nothing is expected", true},
		{"--name saml1 --idp-metadata " + one + public + " --idp-ca " + one, "--idp-ca is for an https address", true},
		{"--name saml1 --config none.yaml --idp-metadata " + one, "there is no file none.yaml", false},
		{"--name saml1 --config gateway.yaml --idp-metadata " + one, "write there, below methods: - {name: corp, type: saml, realm: saml1}", true},
		{"--name saml2 --config gateway.yaml --method corp --idp-metadata " + one, "{name: corp, type: saml, realm: saml2}", true},
		{"--name saml1 --idp-metadata " + filepath.Join(dir, "none.xml") + public, "no such file", false},
		{"--name saml1 --idp-metadata " + sp + public, "describes no identity provider", false},
		{"--name saml1 --idp-metadata " + one + public + " --idp-entity-id urn:b", `no identity provider "urn:b"`, true},
		{"--name saml1 --idp-metadata " + many + public, "say by --idp-entity-id which one: \n  \"urn:a\"\n  \"urn:b\"", true},
		{"--name saml1 --idp-metadata " + federation + public, "and 10 more", true},
		{"--name saml1 --idp-metadata " + many + public + " --idp-entity-id urn:b", "", false},
	} {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			printed, _, err := realmSaml(t.Context(), strings.Fields(tc.args)...)
			switch {
			case tc.wrong == "" && (err != nil || !strings.Contains(printed, `idp.entity_id: "urn:b"`)):
				t.Errorf("got %v: %s", err, printed)
			case tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong) || errors.Is(err, login.ErrUsage) != tc.usage || printed != ""):
				t.Errorf("got %v, usage %v; want %q", err, errors.Is(err, login.ErrUsage), tc.wrong)
			}
		})
	}
}
