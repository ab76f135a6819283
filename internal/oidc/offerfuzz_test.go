package oidc

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/esgateway/esgateway/internal/login"
)

// says is a provider that says the same to everybody.
type says struct{ body string }

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(s.body)), Request: r,
	}, nil
}

// FuzzDiscovery: a document is read within its bounds; what signing in takes of it is of
// the provider that was asked; and what is printed of it sets those settings and no
// others, however its values are written.
func FuzzDiscovery(f *testing.F) {
	const whole = `{"issuer":"https://idp.example","authorization_endpoint":"https://idp.example/a","token_endpoint":"https://idp.example/t",` +
		`"jwks_uri":"https://idp.example/k","end_session_endpoint":"https://idp.example/o","scopes_supported":["openid","groups"],"claims_supported":["sub","email"],` +
		`"response_types_supported":["code"],"id_token_signing_alg_values_supported":["ES256"],"backchannel_logout_supported":true}`
	for _, seed := range []string{
		whole, `{}`, `null`, `[]`, `{"issuer":1}`, whole[:100], strings.Replace(whole, "https://idp.example/o", `x\n  rp.client_id: \"y\"\n# \u0000\u2028\u0085{{.Name}}`, 1),
		strings.Replace(whole, `["ES256"]`, `["none","HS256"]`, 1), strings.Replace(whole, "https://idp.example/k", "http://idp.example/k", 1),
		strings.Replace(whole, `"issuer":"`, `"issuer":"\ufffd\ud800`, 1), `{"issuer":"https://accounts.google.com","authorization_endpoint":"https://a"}`,
		strings.Replace(whole, "https://idp.example\"", "https://a/adfs\"", 1), strings.Repeat("[", 20000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p := &provider{issuer: issuer, client: &http.Client{Transport: says{body}}}
		if doc, err := p.look(t.Context()); err == nil && (doc.Issuer != issuer || !strings.HasPrefix(doc.Keys, "https://")) {
			t.Errorf("taken: %+v", doc)
		}
		found, err := p.offers(t.Context())
		if err != nil || usable(found) != nil {
			return
		}
		o := realmOptions{RealmFlags: login.RealmFlags{Name: "oidc1"}, kind: codeFlow}
		g := guessFor(found)
		for _, warning := range examine(found, g, issuer, o.kind) {
			if strings.ContainsAny(warning, "\n\r") {
				t.Errorf("a warning of several lines: %q", warning)
			}
		}
		var printed bytes.Buffer
		text := textOf(o, login.SiteMethod{Name: "partners", Base: &url.URL{Scheme: "https", Host: "sso.example"}}, found, g)
		if err := login.PrintRealm(&printed, realmTemplate, text); err != nil {
			t.Fatal(err)
		}
		set := settings(t, printed.String())
		for name, want := range map[string]string{
			"rp.client_id": "YOUR-CLIENT-ID", "op.issuer": found.Issuer, "op.authorization_endpoint": found.Authorization,
			"op.token_endpoint": found.Token, "op.userinfo_endpoint": found.Userinfo, "op.endsession_endpoint": found.EndSession,
		} {
			if got, _ := set[name].(string); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	})
}

// settings are those of the realm that was printed, and nothing else is there.
func settings(t *testing.T, printed string) map[string]any {
	t.Helper()
	block, rest, _ := strings.Cut(printed, "# ---- 3.")
	_, line, _ := strings.Cut(rest, "\nmethods:\n")
	_, block, _ = strings.Cut(block, "\nxpack.")
	var file map[string]map[string]any
	if err := yaml.Unmarshal([]byte("xpack."+block), &file); err != nil || len(file) != 1 {
		t.Fatalf("%v:\n%s", err, block)
	}
	line, _, _ = strings.Cut(line, "\n# ---- 6.")
	var methods []map[string]string
	if err := yaml.Unmarshal([]byte(line), &methods); err != nil || len(methods) != 1 {
		t.Fatalf("%v:\n%s", err, line)
	}
	return file["xpack.security.authc.realms.oidc.oidc1"]
}
