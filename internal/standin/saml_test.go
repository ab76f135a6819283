package standin_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const (
	samlPath    = "/_security/saml/"
	genericSAML = "unable to authenticate user [<unauthenticated-saml-user>] for action [cluster:admin/xpack/security/saml/authenticate]"
)

func (n *node) saml(call string, members map[string]any) reply {
	n.tb.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		n.tb.Fatal(err)
	}
	return n.do("POST", samlPath+call, basic("gateway"), string(body))
}

func (n *node) samlSignIn(i *idp) pair {
	n.tb.Helper()
	content := i.response(n.clock.Now(), "_q1")
	return n.pair(n.saml("authenticate", map[string]any{"realm": "saml1", "ids": []string{"_q1"}, "content": content}))
}

func TestSAMLPrepareChoosesTheRealm(t *testing.T) {
	t.Parallel()
	i := newIDP(t)
	two := func(version string) *node {
		return start(t, func(c *standin.Config) {
			c.Version = version
			c.SAML = []samlrealm.Config{i.realm("a"), i.realm("b")}
		})
	}
	n, old := two("9.5.0"), two("8.17.0")
	const asked = "SamlPrepareAuthenticationRequest{realmName=x, assertionConsumerServiceURL=null, relayState=null}]"
	a := n.saml("prepare", map[string]any{"realm": "x"})
	n.refused(a, http.StatusUnauthorized, "security_exception", "Cannot find any matching realm for ["+asked)
	if a.header.Get("WWW-Authenticate") != "" {
		t.Error("prepare has a challenge")
	}
	old.refused(old.saml("prepare", map[string]any{"realm": "x"}), http.StatusInternalServerError, "security_exception",
		"Cannot find any matching realm for ["+asked)
	n.refused(n.saml("prepare", map[string]any{}), http.StatusUnauthorized, "security_exception",
		"Found multiple matching realms [[saml/a, saml/b]] for [SamlPrepareAuthenticationRequest{realmName=null, "+
			"assertionConsumerServiceURL=null, relayState=null}]")
	a = n.saml("prepare", map[string]any{"realm": "b", "acs": spACS, "relay_state": "x"})
	m := n.fields(a)
	redirect, _ := m["redirect"].(string)
	if m["realm"] != "b" || !strings.HasPrefix(redirect, idpSSO+"?SAMLRequest=") || !strings.HasSuffix(redirect, "&RelayState=x") {
		t.Errorf("prepare: %s", a.body)
	}
	n.refused(n.do("POST", samlPath+"prepare", basic("bob"), "{}"), http.StatusForbidden, "security_exception",
		"action [cluster:admin/xpack/security/saml/prepare] is unauthorized for user [bob] with effective roles [reader], "+
			"this action is granted by the cluster privileges [manage_saml,manage_security,all]")
}

func TestSAMLSignIn(t *testing.T) {
	t.Parallel()
	n, i := startSAML(t, "9.5.0")
	a := n.saml("authenticate", map[string]any{"realm": "saml1", "ids": []string{"_q1"}, "content": i.response(n.clock.Now(), "_q1")})
	p := n.pair(a)
	want := `{"username":"ann","realm":"saml1","access_token":"` + p.access + `","refresh_token":"` + p.refresh + `","expires_in":1200,` +
		`"authentication":{"username":"ann","roles":["reader"],"full_name":null,"email":null,"metadata":{"saml(groups)":["staff"],` +
		`"saml(uid)":["ann"],"saml_nameid":"n-1","saml_nameid_format":"urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},"enabled":true,` +
		`"authentication_realm":{"name":"saml1","type":"saml"},"lookup_realm":{"name":"saml1","type":"saml"},"authentication_type":"realm"},` +
		`"in_response_to":"_q1"}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	if a := n.do("GET", "/logs-1/_search", bearer(p.access), ""); a.status != http.StatusOK {
		t.Errorf("search with the token: %s", a.body)
	}
	n.es.SetRoleMappings()
	if a := n.refresh(p.refresh); !strings.Contains(a.body, `"roles":["reader"]`) {
		t.Errorf("refresh: %s", a.body)
	}
	replayed := n.saml("authenticate", map[string]any{"realm": "saml1", "ids": "_q1", "content": i.response(n.clock.Now(), "_q1")})
	if !strings.Contains(replayed.body, `"roles":[]`) {
		t.Errorf("a user without roles: %s", replayed.body)
	}
}

func TestSAMLRefusals(t *testing.T) {
	t.Parallel()
	n, i := startSAML(t, "9.5.0")
	content := i.response(n.clock.Now(), "_q1")
	const unsolicited = "SAML content is in-response-to [_q1] but expected one of [_x, _y] "
	a := n.saml("authenticate", map[string]any{"realm": "saml1", "ids": []string{"_x", "_y"}, "content": content})
	n.refused(a, http.StatusUnauthorized, "security_exception", unsolicited)
	if got := n.problem(a)["security.saml.unsolicited_in_response_to"]; got != "_q1" || len(a.header.Values("WWW-Authenticate")) != 3 {
		t.Errorf("got %s with %q", a.body, a.header.Values("WWW-Authenticate"))
	}
	for name, members := range map[string]map[string]any{
		"no realm":      {"ids": []string{"_x"}, "content": content},
		"null realm":    {"ids": []string{"_x"}, "content": content, "realm": nil},
		"unknown realm": {"ids": []string{"_q1"}, "content": content, "realm": "x"},
		"empty realm":   {"ids": []string{"_q1"}, "content": content, "realm": ""},
	} {
		a := n.saml("authenticate", members)
		n.refused(a, http.StatusUnauthorized, "security_exception", genericSAML)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	a = n.do("POST", samlPath+"authenticate", basic("bob"), `{"content":"a-b"}`)
	n.refused(a, http.StatusBadRequest, "illegal_argument_exception", "Illegal base64 character 2d")
	if a := n.saml("authenticate", map[string]any{"ids": []string{}}); a.status != http.StatusInternalServerError {
		t.Errorf("no content: %d %s", a.status, a.body)
	}
	n.clock.advance(9 * time.Minute)
	a = n.saml("authenticate", map[string]any{"realm": "saml1", "ids": []string{"_q1"}, "content": content})
	if reason, _ := n.problem(a)["reason"].(string); !strings.HasPrefix(reason, "Rejecting SAML assertion because [") {
		t.Errorf("expired: %s", a.body)
	}

	old, oldIDP := startSAML(t, "8.17.0")
	content = oldIDP.response(old.clock.Now(), "_q1")
	old.refused(old.saml("authenticate", map[string]any{"realm": "saml1", "ids": []string{}, "content": content}),
		http.StatusUnauthorized, "security_exception", genericSAML)
	old.refused(old.saml("authenticate", map[string]any{"realm": "saml1", "content": content}),
		http.StatusUnauthorized, "security_exception", "error attempting to authenticate request")
}

func TestSAMLLogout(t *testing.T) {
	t.Parallel()
	n, i := startSAML(t, "9.5.0")
	p := n.samlSignIn(i)
	n.clock.advance(time.Hour) // an expired token still ends its session
	a := n.saml("logout", map[string]any{"token": p.access, "refresh_token": p.refresh})
	redirect, _ := n.fields(a)["redirect"].(string)
	if a.status != http.StatusOK || !strings.HasPrefix(redirect, idpSLO+"?SAMLRequest=") {
		t.Errorf("logout: %d %s", a.status, a.body)
	}
	n.oauth(n.refresh(p.refresh), "invalid_grant", "token has been invalidated")

	n.refused(n.saml("logout", map[string]any{"token": ""}), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: token is missing;")
	p = n.samlSignIn(i)
	n.refused(n.saml("logout", map[string]any{"token": "x", "refresh_token": p.refresh}), http.StatusInternalServerError,
		"security_exception", "supplied token is not valid")
	n.oauth(n.refresh(p.refresh), "invalid_grant", "token has been invalidated")
	n.refused(n.saml("logout", map[string]any{"token": p.access, "refresh_token": ""}), http.StatusBadRequest,
		"illegal_argument_exception", "refresh token must be provided")
	n.refused(n.saml("logout", map[string]any{"token": n.signIn("bob").access}), http.StatusUnauthorized, "security_exception",
		"Authenticating realm file/default_file is not a SAML realm")
}

func TestSAMLInvalidateNeedsAllSevenValues(t *testing.T) {
	t.Parallel()
	n, i := startSAML(t, "9.5.0")
	p := n.samlSignIn(i)
	n.samlSignIn(i)
	for _, tc := range []struct {
		session string
		count   float64
	}{{"other", 0}, {"s-1", 4}, {"s-1", 0}} {
		a := n.saml("invalidate", map[string]any{"realm": "saml1", "query_string": i.logoutQuery(n.clock.Now(), tc.session)})
		redirect, _ := n.fields(a)["redirect"].(string)
		if a.status != http.StatusOK || n.fields(a)["invalidated"] != tc.count || !strings.Contains(redirect, "&RelayState=back") {
			t.Errorf("session %s: got %d %s, want %v", tc.session, a.status, a.body, tc.count)
		}
	}
	n.refused(n.whoami(bearer(p.access)), http.StatusUnauthorized, "security_exception", "token expired")

	a := n.saml("invalidate", map[string]any{"queryString": i.logoutQuery(n.clock.Now(), "s-1")})
	if got := a.header.Get("Warning"); a.status != http.StatusOK || !strings.HasPrefix(got, "299 Elasticsearch-9.5.0-") {
		t.Errorf("the old name: %d %s with warning %q", a.status, a.body, got)
	}
	both := n.do("POST", samlPath+"invalidate", basic("gateway"), `{"query_string":"a","queryString":"b"}`)
	n.refused(both, http.StatusBadRequest, "x_content_parse_exception", "[1:35] [saml_invalidate_session] failed to parse field [queryString]")
	n.refused(n.saml("invalidate", map[string]any{"realm": "saml1"}), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: query_string is missing;")
	n.refused(n.saml("invalidate", map[string]any{"realm": "saml1", "query_string": "SAMLRequest=%zz"}), http.StatusBadRequest,
		"illegal_argument_exception", "invalid escape sequence `%zz' at index 0 of: %zz")
}

func TestSAMLCompleteLogoutAndMetadata(t *testing.T) {
	t.Parallel()
	n, _ := startSAML(t, "9.5.0")
	n.refused(n.saml("complete_logout", map[string]any{}), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: realm may not be empty;2: query_string and content may not both be empty;")
	n.refused(n.saml("complete_logout", map[string]any{"realm": "saml1", "query_string": "a", "content": "b"}), http.StatusBadRequest,
		"action_request_validation_exception", "Validation Failed: 1: query_string and content may not both present;")
	n.refused(n.saml("complete_logout", map[string]any{"realm": "x", "query_string": "a", "ids": []string{}}), http.StatusUnauthorized,
		"security_exception", "Cannot find any matching realm with name [x]")
	n.refused(n.do("GET", samlPath+"metadata/x", basic("gateway"), ""), http.StatusUnauthorized, "security_exception",
		"Cannot find any matching realm for [x]")
	n.refused(n.do("GET", samlPath+"metadata/%20", basic("gateway"), ""), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: Realm name may not be empty;")
	if a := n.do("GET", samlPath+"metadata/saml1", basic("gateway"), ""); !strings.HasPrefix(a.body, `{"metadata":"<?xml version=`) {
		t.Errorf("metadata: %d %s", a.status, a.body)
	}
}
