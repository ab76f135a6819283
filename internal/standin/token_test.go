package standin_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
)

const generic401 = "unable to authenticate with provided credentials and anonymous access is not allowed for this request"

func TestPasswordGrantAnswersInTheOrderOfTheContract(t *testing.T) {
	t.Parallel()
	n := start(t)
	a := n.do("POST", tokenPath, basic("gateway"), `{"grant_type":"password","username":"bob","password":"bob-pw","scope":"x"}`)
	p := n.pair(a)
	want := `{"access_token":"` + p.access + `","type":"Bearer","expires_in":1200,"refresh_token":"` + p.refresh +
		`","scope":"full","authentication":{"username":"bob","roles":["reader"],"full_name":"Bob B","email":"bob@example.org",` +
		`"metadata":{},"enabled":true,"authentication_realm":{"name":"default_file","type":"file"},` +
		`"lookup_realm":{"name":"default_file","type":"file"},"authentication_type":"realm"}}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	for _, token := range []string{p.access, p.refresh} {
		raw, err := base64.StdEncoding.DecodeString(token)
		if err != nil || len(token) != 40 || !strings.HasSuffix(token, "=") || len(raw) != 29 {
			t.Errorf("token %q does not have the shape of 8.10+", token)
		}
	}
	if p.access[len(p.access)-10:] != p.refresh[len(p.refresh)-10:] {
		t.Errorf("the halves %q and %q do not share their tail", p.access, p.refresh)
	}
}

func TestTokenRequestsAreValidatedBeforeThePrivilegeIsAsked(t *testing.T) {
	t.Parallel()
	n := start(t)
	const only = "grant_type only supports the values: [password, _kerberos, refresh_token, client_credentials]"
	for _, tc := range []struct{ name, body, code, description string }{
		{"no grant type", `{}`, "unsupported_grant_type", "Validation Failed: 1: " + only + ";"},
		{"case counts", `{"grant_type":"Password"}`, "unsupported_grant_type", "Validation Failed: 1: " + only + ";"},
		{
			"missing fields", `{"grant_type":"password"}`, "invalid_request",
			"Validation Failed: 1: username is missing;2: password is missing;",
		},
		{
			"an empty string is missing", `{"grant_type":"refresh_token","refresh_token":""}`, "invalid_request",
			"Validation Failed: 1: refresh_token is missing;",
		},
		{
			"a surplus field has the code of its text", `{"grant_type":"refresh_token","refresh_token":"x","username":""}`,
			"unsupported_grant_type", "Validation Failed: 1: username is not supported with the refresh_token grant_type;",
		},
		{
			"surplus before missing", `{"grant_type":"_kerberos","password":"x"}`, "unsupported_grant_type",
			"Validation Failed: 1: password is not supported with the _kerberos grant_type;2: kerberos_ticket is missing;",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n.oauth(n.do("POST", tokenPath, basic("bob"), tc.body), tc.code, tc.description)
		})
	}
}

func TestBodiesAreStrict(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, tc := range []struct{ name, body, kind, reason string }{
		{"no body", ``, "parse_exception", "request body is required"},
		{"unknown field", `{"foo":1}`, "x_content_parse_exception", "[1:2] [token_request] unknown field [foo]"},
		{
			"unknown field like a known one", "{\n \"grant_typ\":1}", "x_content_parse_exception",
			"[2:2] [token_request] unknown field [grant_typ] did you mean [grant_type]?",
		},
		{
			"null", `{"username":null}`, "x_content_parse_exception",
			"[1:13] [token_request] username doesn't support values of type: VALUE_NULL",
		},
		{
			"an object", `{"username":{}}`, "x_content_parse_exception",
			"[1:13] [token_request] username doesn't support values of type: START_OBJECT",
		},
		{"cut off", `{"username":`, "x_content_e_o_f_exception", "[1:13] Unexpected end of file"},
		{"twice", `{"scope":"a","scope":"b"}`, "x_content_parse_exception", "[1:14] Duplicate field 'scope'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n.refused(n.do("POST", tokenPath, basic("nobody"), tc.body), http.StatusBadRequest, tc.kind, tc.reason)
		})
	}
}

func TestOnlyTheTextTellsWhoseCredentialsWereWrong(t *testing.T) {
	t.Parallel()
	n := start(t)
	body := `{"grant_type":"password","username":"gone","password":"gone-pw"}`
	n.refused(n.do("POST", tokenPath, basic("gateway"), body), http.StatusUnauthorized, "security_exception",
		"unable to authenticate user [gone] for action [cluster:admin/xpack/security/token/create]")
	n.refused(n.do("POST", tokenPath, basic("stranger"), body), http.StatusUnauthorized, "security_exception",
		"unable to authenticate user [stranger] for REST request [/_security/oauth2/token]")
	kerberos := `{"grant_type":"_kerberos","kerberos_ticket":"YII="}`
	n.refused(n.do("POST", tokenPath, basic("gateway"), kerberos), http.StatusUnauthorized, "security_exception",
		"unable to authenticate user [<Kerberos Token>] for action [cluster:admin/xpack/security/token/create]")
}

func TestTokenPrivileges(t *testing.T) {
	t.Parallel()
	n := start(t)
	const (
		create     = `{"grant_type":"client_credentials"}`
		refresh    = `{"grant_type":"refresh_token","refresh_token":"x"}`
		invalidate = `{"token":"x"}`
	)
	for _, tc := range []struct {
		name, user, method, body string
		status                   int
	}{
		{"manage_saml does not create", "saml", "POST", create, http.StatusForbidden},
		{"manage_saml refreshes", "saml", "POST", refresh, http.StatusBadRequest},
		{"manage_saml invalidates", "saml", "DELETE", invalidate, http.StatusNotFound},
		{"manage_oidc does not refresh", "oidc", "POST", refresh, http.StatusForbidden},
		{"manage_oidc does not invalidate", "oidc", "DELETE", invalidate, http.StatusForbidden},
		{"delegate_pki invalidates", "pki", "DELETE", invalidate, http.StatusNotFound},
		{"delegate_pki does not refresh", "pki", "POST", refresh, http.StatusForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if a := n.do(tc.method, tokenPath, basic(tc.user), tc.body); a.status != tc.status {
				t.Errorf("got %d %s, want %d", a.status, a.body, tc.status)
			}
		})
	}
	n.refused(n.do("POST", tokenPath, basic("bob"), create), http.StatusForbidden, "security_exception",
		"action [cluster:admin/xpack/security/token/create] is unauthorized for user [bob] with effective roles [reader], "+
			"this action is granted by the cluster privileges [manage_token,manage_security,all]")
	n.refused(n.do("POST", tokenPath, basic("bob"), refresh), http.StatusForbidden, "security_exception",
		"action [cluster:admin/xpack/security/token/refresh] is unauthorized for user [bob] with effective roles [reader], "+
			"this action is granted by the cluster privileges [manage_saml,manage_token,manage_security,all]")
	n.refused(n.do("DELETE", tokenPath, basic("bob"), invalidate), http.StatusForbidden, "security_exception",
		"action [cluster:admin/xpack/security/token/invalidate] is unauthorized for user [bob] with effective roles [reader], "+
			"this action is granted by the cluster privileges [delegate_pki,manage_saml,manage_token,manage_security,all]")
}

func TestAccessTokenWorksAtItsLastInstantAndNotAfter(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.clock.advance(20 * time.Minute)
	a := n.whoami("bEaReR " + p.access)
	if a.status != http.StatusOK || n.fields(a)["authentication_type"] != "token" {
		t.Errorf("at its expiry: %d %s", a.status, a.body)
	}
	n.clock.advance(time.Nanosecond)
	expired := n.whoami(bearer(p.access))
	n.refused(expired, http.StatusUnauthorized, "security_exception", "token expired")
	const challenge = `Bearer realm="security", error="invalid_token", error_description="The access token expired"`
	if got := expired.header.Values("WWW-Authenticate"); len(got) != 1 || got[0] != challenge {
		t.Errorf("challenges %q, want one: %q", got, challenge)
	}

	dead := n.signIn("bob")
	n.do("DELETE", tokenPath, basic("gateway"), `{"token":"`+dead.access+`"}`)
	if revoked := n.whoami(bearer(dead.access)); revoked.body != expired.body {
		t.Errorf("revoked and expired differ:\n%s\n%s", revoked.body, expired.body)
	}
}

func TestUnknownBearersAreGeneric(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	for _, token := range []string{"x", " " + p.access, p.access[1:], p.refresh, strings.Repeat("A", 40)} {
		a := n.whoami(bearer(token))
		n.refused(a, http.StatusUnauthorized, "security_exception", generic401)
		if got := n.problem(a)["additional_unsuccessful_credentials"]; got != "oauth2 token: invalid token" {
			t.Errorf("%q: additional %v", token, got)
		}
		if got := a.header.Values("WWW-Authenticate"); len(got) != 3 {
			t.Errorf("%q: challenges %q", token, got)
		}
	}
}

func TestRefreshIsSingleUseWithAWindow(t *testing.T) {
	t.Parallel()
	n := start(t)
	first := n.signIn("bob")
	answer := n.refresh(first.refresh)
	second := n.pair(answer)
	if second.access == first.access || !strings.Contains(answer.body, `"authentication_type":"token"`) {
		t.Fatalf("refresh: %s", answer.body)
	}
	if a := n.whoami(bearer(first.access)); a.status != http.StatusOK {
		t.Errorf("the old access token died at refresh: %s", a.body)
	}
	n.clock.advance(30 * time.Second)
	if again := n.refresh(first.refresh); again.body != answer.body {
		t.Errorf("reuse within 30 s: got %s\nwant %s", again.body, answer.body)
	}
	n.clock.advance(time.Nanosecond)
	n.oauth(n.refresh(first.refresh), "invalid_grant", "token has already been refreshed more than 30 seconds in the past")
	n.clock.advance(-2 * time.Minute)
	n.oauth(n.refresh(first.refresh), "invalid_grant",
		"token has been refreshed more than 30 seconds in the future, clock skew too great")
}

func TestRefreshChecksInOrder(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	body := `{"grant_type":"refresh_token","refresh_token":"` + p.refresh + `"}`
	n.pair(n.refresh(p.refresh))
	n.clock.advance(time.Minute)
	n.oauth(n.do("POST", tokenPath, basic("other"), body), "invalid_grant", "tokens must be refreshed by the creating client")
	n.do("DELETE", tokenPath, basic("gateway"), `{"refresh_token":"`+p.refresh+`"}`)
	n.oauth(n.do("POST", tokenPath, basic("other"), body), "invalid_grant", "token has been invalidated")
	n.clock.advance(24 * time.Hour)
	n.oauth(n.do("POST", tokenPath, basic("other"), body), "invalid_grant", "token document has expired")
	n.oauth(n.refresh(p.access), "invalid_grant", "could not refresh the requested token")
	n.oauth(n.refresh("garbage"), "invalid_grant", "could not refresh the requested token")
}

func TestRefreshKeepsTheRolesOfTheFirstSignIn(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.es.SetUser(standin.User{Name: "bob", Password: "bob-pw", Disabled: true})
	if a := n.refresh(p.refresh); !strings.Contains(a.body, `"roles":["reader"]`) {
		t.Errorf("refresh: %s", a.body)
	}
	n.es.DeleteUser("bob")
	if a := n.whoami(bearer(p.access)); a.status != http.StatusOK {
		t.Errorf("the token of a deleted user: %s", a.body)
	}
}

func TestConcurrentRefreshesMakeOnePair(t *testing.T) {
	t.Parallel()
	n := start(t)
	second := serve(t, n.es.Node(), n.clock)
	p := n.signIn("bob")
	const callers = 20
	bodies := make([]string, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			on := n
			if i%2 == 1 {
				on = second
			}
			a, err := on.request("POST", tokenPath, basic("gateway"), `{"grant_type":"refresh_token","refresh_token":"`+p.refresh+`"}`)
			if err != nil {
				t.Errorf("refresh: %v", err)
			}
			bodies[i] = a.body
		})
	}
	wg.Wait()
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("got different pairs:\n%s\n%s", body, bodies[0])
		}
	}
	got := n.es.Counters()
	if got.RefreshedPairs != 1 || got.Refreshes != callers || got.TokenDocuments != 2 {
		t.Errorf("counters %+v", got)
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	n := start(t)
	a := n.do("POST", tokenPath, basic("gateway"), `{"grant_type":"client_credentials"}`)
	p := n.pair(a)
	if p.refresh != "" || strings.Contains(a.body, "refresh_token") {
		t.Errorf("a refresh token for client_credentials: %s", a.body)
	}
	child := n.do("POST", tokenPath, bearer(p.access), `{"grant_type":"client_credentials"}`)
	if n.pair(child).access == p.access {
		t.Error("the same token twice")
	}
}

func TestTokensSayWhoManagesThemSince94(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *standin.Config) { c.Version = "9.5.0" })
	a := n.whoami(bearer(n.signIn("bob").access))
	want := `{"username":"bob","roles":["reader"],"full_name":"Bob B","email":"bob@example.org","token":{"managed_by":"elasticsearch"},` +
		`"metadata":{},"enabled":true,"authentication_realm":{"name":"default_file","type":"file"},` +
		`"lookup_realm":{"name":"default_file","type":"file"},"authentication_type":"token"}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}
