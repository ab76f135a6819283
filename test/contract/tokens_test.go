package contract

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	run(t, []row{
		{name: "01_caller_first", kind: wire, test: tokensCallerFirst},
		{name: "02_privileges", kind: wire, test: tokensPrivileges},
		{name: "03_strict_bodies", kind: wire, test: tokensStrictBodies},
		{name: "04_validation", kind: wire, test: tokensValidation},
		{name: "05_two_shapes", kind: wire, test: tokensTwoShapes},
		{name: "06_wrong_end_user", kind: wire, test: tokensWrongEndUser},
		{name: "07_members_and_expiry", kind: wire, test: tokensMembers},
		{name: "08_scope", kind: wire, test: tokensScope},
		{name: "09_client_credentials", kind: wire, test: tokensClientCredentials},
		{name: "10_authentication_type", kind: wire, test: tokensAuthenticationType},
		{name: "12_exact_expiry", kind: controlled, test: tokensExactExpiry},
		{name: "13_expired_equals_invalidated", kind: wire, test: tokensExpiredEqualsInvalidated},
		{name: "14_unknown_bearer", kind: wire, test: tokensUnknownBearer},
		{name: "15_tokens_index_out", kind: controlled, test: tokensIndexOut},
		{name: "16_service_off_and_license", kind: controlled, test: tokensServiceOff},
		{name: "17_refresh", kind: wire, test: tokensRefresh},
		{name: "18_reuse_window", kind: controlled, test: tokensReuseWindow},
		{name: "19_concurrent_refresh", kind: wire, test: tokensConcurrentRefresh},
		{name: "20_creator", kind: wire, test: tokensCreator},
		{name: "21_order_of_checks", kind: controlled, test: tokensOrderOfChecks},
		{name: "22_roles_of_the_first_login", kind: controlled, test: tokensKeepRoles},
		{name: "23_delete_counts", kind: wire, test: tokensDeleteCounts},
		{name: "24_independent_halves", kind: wire, test: tokensIndependentHalves},
		{name: "25_delete_by_user", kind: wire, test: tokensDeleteByUser},
		{name: "26_delete_rules", kind: wire, test: tokensDeleteRules},
		{name: "27_cleanup", kind: controlled, test: tokensCleanup},
		{name: "28_half_done_refresh", kind: controlled, test: tokensHalfDone},
		{name: "29_counters", kind: controlled, test: tokensCounters},
		{name: "30_create_key", kind: wire, test: tokensCreateKey},
		{name: "31_derived_key", kind: wire, test: tokensDerivedKey},
		{name: "32_grant_key", kind: wire, test: tokensGrantKey},
		{name: "33_get_keys", kind: wire, test: tokensGetKeys},
		{name: "34_update_keys", kind: wire, test: tokensUpdateKeys},
		{name: "35_invalidate_keys", kind: wire, test: tokensInvalidateKeys},
		{name: "36_api_key_header", kind: wire, test: tokensKeyHeader},
		{name: "37_bearer_header", kind: wire, test: tokensBearerHeader},
		{name: "38_basic_challenge", kind: controlled, test: tokensBasicChallenge},
		{name: "39_token_strings", kind: wire, test: tokensStrings},
		{name: "40_query_keys", kind: wire, test: tokensQueryKeys},
	})
}

const tokenPath = "/_security/oauth2/token"

type pair struct {
	access, refresh string
	expiresIn       int
}

func passwordGrant(user string) object {
	return object{"grant_type": "password", "username": user, "password": password}
}

func refreshGrant(token string) object {
	return object{"grant_type": "refresh_token", "refresh_token": token}
}

// newPair is a pair of contract-joe made by the gateway's account.
func (s *server) newPair(t *testing.T) pair {
	t.Helper()
	return s.home().post(t, tokenPath, passwordGrant("contract-joe")).pair(t)
}

func (a answer) pair(t *testing.T) pair {
	t.Helper()
	a.want(t, 200)
	return pair{access: a.text(t, "access_token"), refresh: a.text(t, "refresh_token"), expiresIn: a.number(t, "expires_in")}
}

func (s *server) refreshAs(t *testing.T, c caller, p pair) answer {
	t.Helper()
	return c.post(t, tokenPath, refreshGrant(p.refresh))
}

func (s *server) refresh(t *testing.T, p pair) answer {
	t.Helper()
	return s.refreshAs(t, s.home(), p)
}

type apiKey struct{ id, secret, encoded string }

func (s *server) newKey(t *testing.T, body object) apiKey {
	t.Helper()
	a := s.user("contract-keys").post(t, "/_security/api_key", body).want(t, 200)
	return apiKey{a.text(t, "id"), a.text(t, "api_key"), a.text(t, "encoded")}
}

func tokensCallerFirst(t *testing.T, s *server) {
	for _, method := range []string{"POST", "DELETE"} {
		s.nobody().do(t, method, tokenPath, "{broken").fails(t, 401, "security_exception", fmt.Sprintf(missing, tokenPath)).allChallenges(t)
		s.as(account{"esgateway", "wrong"}).do(t, method, tokenPath, "{broken").
			fails(t, 401, "security_exception", fmt.Sprintf(unable, "esgateway", tokenPath)).allChallenges(t)
	}
}

// may expects a privilege to be there or not, by the status of the answer alone.
func may(t *testing.T, a answer, action string, allowed bool) {
	t.Helper()
	if allowed == (a.status == 403) {
		t.Errorf("%s: allowed: want %t\n%s", action, allowed, a)
	}
	if !allowed {
		a.fails(t, 403, "security_exception", "action [cluster:admin/xpack/security/token/"+action+"] is unauthorized for user […").noChallenge(t)
	}
}

func tokensPrivileges(t *testing.T, s *server) {
	tests := []struct {
		user                        string
		create, refresh, invalidate bool
	}{
		{"contract-tokens", true, true, true},
		{"contract-saml", false, true, true},
		{"contract-oidc", false, false, false},
		{"contract-pki", false, false, true},
		{"contract-joe", false, false, false},
	}
	for _, tt := range tests {
		c := s.user(tt.user)
		may(t, c.post(t, tokenPath, passwordGrant("contract-joe")), "create", tt.create)
		may(t, c.post(t, tokenPath, refreshGrant("unknown")), "refresh", tt.refresh)
		may(t, c.del(t, tokenPath, object{"token": "unknown"}), "invalidate", tt.invalidate)
	}
	s.user("contract-joe").post(t, tokenPath, passwordGrant("contract-joe")).fails(t, 403, "security_exception",
		fmt.Sprintf(forbidden, "cluster:admin/xpack/security/token/create", "contract-joe", "contract_none", "cluster", "manage_token,manage_security,all"))
}

func tokensStrictBodies(t *testing.T, s *server) {
	tests := []struct{ body, kind, reason string }{
		{``, "parse_exception", "request body is required"},
		{`{"foo":1}`, "x_content_parse_exception", "[1:2] [token_request] unknown field [foo]"},
		{`{"username":null}`, "x_content_parse_exception", "[1:13] [token_request] username doesn't support values of type: VALUE_NULL"},
		{`{"username":{}}`, "x_content_parse_exception", "[1:13] [token_request] username doesn't support values of type: START_OBJECT"},
		{`{broken`, "x_content_parse_exception", "…"},
		{`{"scope":"a","scope":"b"}`, "x_content_parse_exception", "…"},
		{`{"scope":"a"`, "x_content_e_o_f_exception", "…"},
	}
	for _, tt := range tests {
		s.home().post(t, tokenPath, tt.body).fails(t, 400, tt.kind, tt.reason).noChallenge(t).product(t)
	}
	s.home().del(t, tokenPath, `{"foo":1}`).fails(t, 400, "x_content_parse_exception", "[1:2] [invalidate_token] unknown field [foo]")
}

func tokensValidation(t *testing.T, s *server) {
	const (
		unsupported = "unsupported_grant_type"
		only        = "grant_type only supports the values: [password, _kerberos, refresh_token, client_credentials]"
	)
	tests := []struct{ body, code, description string }{
		{`{}`, unsupported, "Validation Failed: 1: " + only + ";"},
		{`{"grant_type":"authorization_code"}`, unsupported, "Validation Failed: 1: " + only + ";"},
		{`{"grant_type":"Password"}`, unsupported, "Validation Failed: 1: " + only + ";"},
		{`{"grant_type":"password"}`, "invalid_request", "Validation Failed: 1: username is missing;2: password is missing;"},
		{`{"grant_type":"password","username":"","password":"x"}`, "invalid_request", "Validation Failed: 1: username is missing;"},
		{
			`{"grant_type":"password","username":"u","password":"p","kerberos_ticket":"","refresh_token":"r"}`, unsupported,
			"Validation Failed: 1: kerberos_ticket is not supported with the password grant_type;2: refresh_token is not supported with the password grant_type;",
		},
		{`{"grant_type":"_kerberos"}`, "invalid_request", "Validation Failed: 1: kerberos_ticket is missing;"},
		{`{"grant_type":"refresh_token"}`, "invalid_request", "Validation Failed: 1: refresh_token is missing;"},
		{
			`{"grant_type":"refresh_token","username":"u"}`, unsupported,
			"Validation Failed: 1: username is not supported with the refresh_token grant_type;2: refresh_token is missing;",
		},
		{
			`{"grant_type":"client_credentials","username":"u","password":"p","kerberos_ticket":"k","refresh_token":"r"}`, unsupported,
			"Validation Failed: 1: username is not supported with the client_credentials grant_type;2: password is not supported with the client_credentials grant_type;" +
				"3: kerberos_ticket is not supported with the client_credentials grant_type;4: refresh_token is not supported with the client_credentials grant_type;",
		},
	}
	for _, tt := range tests {
		for _, c := range []caller{s.home(), s.user("contract-joe")} { // before privileges
			c.post(t, tokenPath, tt.body).refuses(t, tt.code, tt.description)
		}
	}
}

func tokensTwoShapes(t *testing.T, s *server) {
	s.home().post(t, tokenPath, object{"grant_type": "x"}).want(t, 400).ordered(t, "", "error", "error_description")
	s.home().post(t, tokenPath, refreshGrant("unknown")).refuses(t, "invalid_grant", "could not refresh the requested token")
	s.user("contract-joe").post(t, tokenPath, refreshGrant("unknown")).want(t, 403).ordered(t, "", "error", "status")
	s.home().del(t, tokenPath, object{}).want(t, 400).ordered(t, "", "error", "status")
}

func tokensWrongEndUser(t *testing.T, s *server) {
	const reason = "unable to authenticate user [%s] for action [cluster:admin/xpack/security/token/create]"
	for _, end := range []account{{"contract-joe", "wrong"}, {"contract-nobody", password}, {"contract-disabled", password}} {
		a := s.home().post(t, tokenPath, object{"grant_type": "password", "username": end.name, "password": end.password})
		a.fails(t, 401, "security_exception", fmt.Sprintf(reason, end.name)).allChallenges(t)
	}
}

func tokensMembers(t *testing.T, s *server) {
	a := s.home().post(t, tokenPath, passwordGrant("contract-joe")).want(t, 200).product(t)
	a.ordered(t, "", "access_token", "type", "expires_in", "refresh_token", "authentication").is(t, object{"type": "Bearer"})
	if n := a.number(t, "expires_in"); n < 1 || n > 3600 {
		t.Errorf("expires_in: got %d", n)
	} else if s.controls != nil && n != 1200 {
		t.Errorf("expires_in: got %d, want the default of 1200", n)
	}
	a.is(t, object{"authentication.username": "contract-joe", "authentication.roles": []string{"contract_none"}})
}

func tokensScope(t *testing.T, s *server) {
	grant := passwordGrant("contract-joe")
	grant["scope"] = "little"
	a := s.home().post(t, tokenPath, grant).want(t, 200).is(t, object{"scope": "full"})
	a.ordered(t, "", "access_token", "type", "expires_in", "refresh_token", "scope", "authentication")
	if a := s.home().post(t, tokenPath, passwordGrant("contract-joe")); a.at(t, "scope") != nil {
		t.Errorf("a scope that nobody asked for\n%s", a)
	}
}

func tokensClientCredentials(t *testing.T, s *server) {
	a := s.home().post(t, tokenPath, object{"grant_type": "client_credentials"}).want(t, 200)
	a.ordered(t, "", "access_token", "type", "expires_in", "authentication").is(t, object{"authentication.username": s.gateway.name})
	s.bearer(a.text(t, "access_token")).who(t).want(t, 200).is(t, object{"username": s.gateway.name, "authentication_type": "token"})
}

func tokensAuthenticationType(t *testing.T, s *server) {
	a := s.home().post(t, tokenPath, passwordGrant("contract-joe")).want(t, 200).is(t, object{"authentication.authentication_type": "realm"})
	if a.at(t, "authentication.token") != nil {
		t.Errorf("a token before there was one\n%s", a)
	}
	managed := any(nil)
	if s.release.since(9, 4) {
		managed = object{"managed_by": "elasticsearch"}
	}
	s.bearer(a.text(t, "access_token")).who(t).is(t, object{"authentication_type": "token", "token": managed})
	s.refresh(t, a.pair(t)).want(t, 200).is(t, object{"authentication.authentication_type": "token", "authentication.token": managed})
}

func tokensExactExpiry(t *testing.T, s *server) {
	p := s.newPair(t)
	s.controls.advance(time.Duration(p.expiresIn) * time.Second)
	s.bearer(p.access).who(t).want(t, 200)
	s.controls.advance(time.Millisecond)
	s.bearer(p.access).who(t).tokenExpired(t)

	// What ends all tokens of a user draws the same line.
	own := func() {
		t.Helper()
		s.home().post(t, tokenPath, object{"grant_type": "client_credentials"}).want(t, 200)
		s.controls.advance(time.Duration(p.expiresIn) * time.Second)
	}
	own()
	s.home().del(t, tokenPath, object{"username": s.gateway.name}).counted(t, 200, 1, 0)
	own()
	s.controls.advance(time.Millisecond)
	s.home().del(t, tokenPath, object{"username": s.gateway.name}).counted(t, 200, 0, 0)
}

func tokensExpiredEqualsInvalidated(t *testing.T, s *server) {
	p, dead := s.newPair(t), s.newPair(t)
	s.home().del(t, tokenPath, object{"token": dead.access}).want(t, 200)
	invalidated := s.bearer(dead.access).who(t).tokenExpired(t)
	s.eventually(t, time.Duration(p.expiresIn+1)*time.Second, "the token has expired", func() bool {
		return s.bearer(p.access).who(t).status == 401
	})
	if expired := s.bearer(p.access).who(t).tokenExpired(t); string(expired.body) != string(invalidated.body) {
		t.Errorf("the two can be told apart:\n%s\n%s", expired, invalidated)
	}
}

func tokensUnknownBearer(t *testing.T, s *server) {
	p := s.newPair(t)
	for _, token := range []string{"x", p.refresh[:20], p.access[1:], p.access + "x", "A" + p.access} {
		s.bearer(token).who(t).invalidToken(t)
	}
}

func tokensIndexOut(t *testing.T, s *server) {
	realm := object{"realm_name": "default_file"}
	tests := []struct {
		state   string
		bearer  func(answer)
		one     func(answer)
		byRealm func(answer)
		create  int
	}{
		{
			state:   "missing",
			bearer:  func(a answer) { a.invalidToken(t) },
			one:     func(a answer) { a.fails(t, 400, "security_exception", "failed to invalidate token") },
			byRealm: func(answer) {}, // 200 or 404, as the security index is there or not
			create:  200,
		},
		{
			state:   "closed",
			bearer:  func(a answer) { a.fails(t, 400, "index_closed_exception", "closed") },
			one:     func(a answer) { a.fails(t, 400, "security_exception", "failed to invalidate token") },
			byRealm: func(a answer) { a.fails(t, 400, "index_closed_exception", "closed") },
			create:  400,
		},
		{
			state:  "primary_down",
			bearer: func(a answer) { a.invalidToken(t) },
			one: func(a answer) {
				a.fails(t, 503, "security_exception", "unable to perform requested action").is(t, object{"error.caused_by.type": "unavailable_shards_exception"})
			},
			byRealm: func(a answer) {
				a.fails(t, 503, "unavailable_shards_exception", "at least one search shard for the index [.security-tokens-7] is unavailable")
			},
			create: 503,
		},
	}
	for _, tt := range tests {
		s.controls.healthy()
		p := s.newPair(t)
		s.controls.tokensIndex(tt.state)
		tt.bearer(s.bearer(p.access).who(t))
		s.refresh(t, p).refuses(t, "invalid_grant", "could not refresh the requested token")
		tt.one(s.home().del(t, tokenPath, object{"token": p.access}))
		tt.byRealm(s.home().del(t, tokenPath, realm))
		s.home().post(t, tokenPath, passwordGrant("contract-joe")).want(t, tt.create)
	}
}

func tokensServiceOff(t *testing.T, s *server) {
	p := s.newPair(t)
	s.controls.tokenServiceOff()
	off := func(a answer) {
		t.Helper()
		a.fails(t, 400, "feature_not_enabled_exception", "security tokens are not enabled").is(t, object{"error.disabled.feature": "security_tokens"})
	}
	off(s.home().post(t, tokenPath, passwordGrant("contract-joe")))
	off(s.refresh(t, p))
	off(s.home().del(t, tokenPath, object{"token": p.access}))
	s.home().post(t, tokenPath, object{}).want(t, 400).is(t, object{"error": "unsupported_grant_type"})
	s.user("contract-joe").post(t, tokenPath, refreshGrant("x")).want(t, 403)
	s.home().post(t, tokenPath, object{"grant_type": "password", "username": "contract-joe", "password": "wrong"}).want(t, 401)
	s.bearer(p.access).who(t).unsuccessful(t, "oauth2 token: invalid token").challenges(t, basicChallenge, apiKeyChallenge)

	s.controls.license("basic")
	s.home().post(t, tokenPath, "{broken").fails(t, 403, "security_exception", "current license is non-compliant for [security tokens]")
	s.bearer(p.access).who(t).invalidToken(t)
}

func tokensRefresh(t *testing.T, s *server) {
	first := s.newPair(t)
	a := s.refresh(t, first).want(t, 200).ordered(t, "", "access_token", "type", "expires_in", "refresh_token", "authentication")
	second := a.pair(t)
	if first.access == second.access || first.refresh == second.refresh {
		t.Errorf("the pair is not new\n%s", a)
	}
	s.bearer(first.access).who(t).want(t, 200)
	s.bearer(second.access).who(t).want(t, 200).is(t, object{"username": "contract-joe"})
	if s.controls == nil {
		return
	}
	s.controls.advance(23 * time.Hour) // the first pair is past its end then, the third is new
	third := s.refresh(t, second).pair(t)
	s.controls.advance(2 * time.Hour)
	s.refresh(t, third).want(t, 200)
}

func tokensReuseWindow(t *testing.T, s *server) {
	first := s.newPair(t)
	second := s.refresh(t, first).pair(t)
	s.controls.advance(30 * time.Second)
	if again := s.refresh(t, first).pair(t); again != second {
		t.Errorf("within 30 s: got %v, want the same pair %v with the whole life", again, second)
	}
	s.controls.skew(-61 * time.Second)
	s.refresh(t, first).refuses(t, "invalid_grant", "token has been refreshed more than 30 seconds in the future, clock skew too great")
	s.controls.healthy()
	s.controls.advance(time.Second)
	s.refresh(t, first).refuses(t, "invalid_grant", "token has already been refreshed more than 30 seconds in the past")
	s.refresh(t, second).want(t, 200)
}

func tokensConcurrentRefresh(t *testing.T, s *server) {
	first := s.newPair(t)
	const n = 10
	answers := make([]answer, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { answers[i] = s.refresh(t, first) })
	}
	all.Wait()
	want := answers[0].pair(t)
	for _, a := range answers {
		if got := a.pair(t); got.access != want.access || got.refresh != want.refresh {
			t.Errorf("two pairs:\n%v\n%v", got, want)
		}
	}
	s.bearer(want.access).who(t).want(t, 200)
	if s.controls != nil {
		if documents, _, pairs := s.controls.counted(); documents != 2 || pairs != 1 {
			t.Errorf("got %d documents and %d refreshed pairs, want 2 and 1", documents, pairs)
		}
		s.controls.readsLag(100 * time.Millisecond) // as if on another node
		early := s.refresh(t, s.newPair(t)).pair(t)
		s.bearer(early.access).who(t).invalidToken(t)
		s.controls.advance(100 * time.Millisecond)
		s.bearer(early.access).who(t).want(t, 200)
	}
}

const foreign = "tokens must be refreshed by the creating client"

func tokensCreator(t *testing.T, s *server) {
	p := s.newPair(t)
	s.refreshAs(t, s.user("contract-tokens"), p).refuses(t, "invalid_grant", foreign)
	second := s.refresh(t, p).pair(t)
	s.refreshAs(t, s.user("contract-tokens"), p).refuses(t, "invalid_grant", foreign) // before the reuse window
	s.home().del(t, tokenPath, object{"refresh_token": second.refresh}).want(t, 200)
	s.refreshAs(t, s.user("contract-tokens"), second).refuses(t, "invalid_grant", "token has been invalidated")

	// A token of the same account is the same client.
	own := s.home().post(t, tokenPath, object{"grant_type": "client_credentials"}).want(t, 200).text(t, "access_token")
	s.refreshAs(t, s.bearer(own), s.newPair(t)).want(t, 200)

	// Who runs as another creates as the other.
	runAs := s.user("contract-runner").with("es-security-runas-user: contract-tokens")
	ran := runAs.post(t, tokenPath, passwordGrant("contract-joe")).pair(t)
	s.refreshAs(t, s.user("contract-runner"), ran).want(t, 403)
	s.refreshAs(t, s.user("contract-other"), ran).refuses(t, "invalid_grant", foreign)
	s.refreshAs(t, s.user("contract-tokens"), ran).want(t, 200)

	// An API key is a client of its own, a stranger to its owner and to his other keys.
	first := s.with("Authorization: ApiKey " + s.newKey(t, object{"name": "creator"}).encoded)
	sibling := s.with("Authorization: ApiKey " + s.newKey(t, object{"name": "not the creator"}).encoded)
	made := first.post(t, tokenPath, passwordGrant("contract-joe")).pair(t)
	for _, c := range []caller{sibling, s.user("contract-keys")} {
		s.refreshAs(t, c, made).refuses(t, "invalid_grant", foreign)
	}
	s.refreshAs(t, first, made).want(t, 200)
}

func tokensOrderOfChecks(t *testing.T, s *server) {
	other := s.user("contract-tokens")
	p := s.newPair(t)
	s.refresh(t, p).want(t, 200)
	s.controls.advance(time.Minute)
	s.refreshAs(t, other, p).refuses(t, "invalid_grant", foreign)
	s.refresh(t, p).refuses(t, "invalid_grant", "token has already been refreshed more than 30 seconds in the past")
	s.home().del(t, tokenPath, object{"refresh_token": p.refresh}).want(t, 200)
	s.refreshAs(t, other, p).refuses(t, "invalid_grant", "token has been invalidated")
	s.controls.advance(24 * time.Hour)
	s.refreshAs(t, other, p).refuses(t, "invalid_grant", "token document has expired")
}

func tokensKeepRoles(t *testing.T, s *server) {
	p := s.newPair(t)
	s.controls.disable("contract-joe")
	s.user("contract-joe").who(t).want(t, 401)
	s.bearer(p.access).who(t).want(t, 200).is(t, object{"roles": []string{"contract_none"}})
	second := s.refresh(t, p).want(t, 200).is(t, object{"authentication.roles": []string{"contract_none"}, "authentication.enabled": true}).pair(t)
	s.bearer(second.access).who(t).want(t, 200).is(t, object{"roles": []string{"contract_none"}})
}

func counts(invalidated, previously int) object {
	return object{"invalidated_tokens": invalidated, "previously_invalidated_tokens": previously, "error_count": 0}
}

func (a answer) counted(t *testing.T, status, invalidated, previously int) {
	t.Helper()
	a.want(t, status).ordered(t, "", "invalidated_tokens", "previously_invalidated_tokens", "error_count").is(t, counts(invalidated, previously))
}

func tokensDeleteCounts(t *testing.T, s *server) {
	if s.controls != nil { // nobody has made a token yet
		unknown := base64.StdEncoding.EncodeToString(make([]byte, 29))
		if a := s.home().del(t, tokenPath, object{"token": unknown}); a.status != 404 {
			a.fails(t, 400, "security_exception", "failed to invalidate token")
		}
	}
	p := s.newPair(t)
	for _, body := range []object{{"token": p.access}, {"refresh_token": p.refresh}} {
		s.home().del(t, tokenPath, body).counted(t, 200, 1, 0)
		s.home().del(t, tokenPath, body).counted(t, 200, 0, 1)
	}
	s.home().del(t, tokenPath, object{"token": "unknown"}).counted(t, 404, 0, 0)
	s.home().del(t, tokenPath, object{"refresh_token": "unknown"}).counted(t, 404, 0, 0)
}

func tokensIndependentHalves(t *testing.T, s *server) {
	p := s.newPair(t)
	s.home().del(t, tokenPath, object{"token": p.access}).counted(t, 200, 1, 0)
	second := s.refresh(t, p).pair(t)
	s.home().del(t, tokenPath, object{"refresh_token": second.refresh}).counted(t, 200, 1, 0)
	s.bearer(second.access).who(t).want(t, 200)
	s.refresh(t, second).refuses(t, "invalid_grant", "token has been invalidated")

	first := s.newPair(t)
	next := s.refresh(t, first).pair(t)
	s.home().del(t, tokenPath, object{"refresh_token": first.refresh}).counted(t, 200, 1, 0)
	s.refresh(t, next).want(t, 200)
}

func tokensDeleteByUser(t *testing.T, s *server) {
	// contract-other has no tokens but those of this test.
	grant := passwordGrant("contract-other")
	body := object{"realm_name": "default_file", "username": "contract-other"}
	s.home().del(t, tokenPath, body).want(t, 200)
	one, two := s.home().post(t, tokenPath, grant).pair(t), s.home().post(t, tokenPath, grant).pair(t)
	s.home().del(t, tokenPath, object{"realm_name": "nowhere", "username": "contract-other"}).counted(t, 200, 0, 0)
	s.home().del(t, tokenPath, body).counted(t, 200, 4, 0)
	for _, p := range []pair{one, two} {
		s.bearer(p.access).who(t).tokenExpired(t)
		s.refresh(t, p).refuses(t, "invalid_grant", "token has been invalidated")
	}
	s.home().del(t, tokenPath, body).counted(t, 200, 0, 0)
	half := s.home().post(t, tokenPath, grant).pair(t)
	s.home().del(t, tokenPath, object{"token": half.access}).counted(t, 200, 1, 0)
	s.home().del(t, tokenPath, object{"username": "contract-other"}).counted(t, 200, 1, 1)
}

func tokensDeleteRules(t *testing.T, s *server) {
	const kind = "action_request_validation_exception"
	s.home().del(t, tokenPath, object{"token": "a", "refresh_token": "b"}).
		fails(t, 400, "x_content_parse_exception", "Failed to build [invalidate_token] after last required field arrived").
		because(t, "illegal_argument_exception", "only one of [token, refresh_token] may be sent per request")
	for _, body := range []object{{}, {"token": ""}, {"username": "", "realm_name": ""}} {
		s.home().del(t, tokenPath, body).fails(t, 400, kind,
			"Validation Failed: 1: token string must be provided when not specifying a realm name or a username;")
	}
	for _, body := range []object{{"token": "a", "username": "u"}, {"refresh_token": "a", "realm_name": "r"}} {
		s.home().del(t, tokenPath, body).fails(t, 400, kind, "Validation Failed: 1: token string must not be provided when realm name or username is specified;"+
			"2: token type must not be provided when realm name or username is specified;")
	}
	s.home().del(t, tokenPath, "").fails(t, 400, "parse_exception", "request body is required")
}

func tokensCleanup(t *testing.T, s *server) {
	p := s.newPair(t)
	s.controls.advance(25 * time.Hour)
	s.bearer(p.access).who(t).tokenExpired(t)
	s.refresh(t, p).refuses(t, "invalid_grant", "token document has expired")
	s.bearer(p.access).who(t).tokenExpired(t) // nobody has called for a cleanup yet
	s.home().del(t, tokenPath, object{"token": "garbage"}).want(t, 404)
	s.eventually(t, 0, "the document is gone", func() bool {
		documents, _, _ := s.controls.counted()
		return documents == 0
	})
	s.newPair(t) // the index is there
	s.bearer(p.access).who(t).invalidToken(t)
	s.refresh(t, p).refuses(t, "invalid_grant", "could not refresh the requested token")
}

func tokensHalfDone(t *testing.T, s *server) {
	p := s.newPair(t)
	s.controls.refreshBreaks()
	if a := s.refresh(t, p); a.status == 200 {
		t.Errorf("want a failure of the second write\n%s", a)
	}
	s.controls.healthy()
	s.refresh(t, p).refuses(t, "invalid_grant", "could not refresh the requested token")
	s.controls.advance(31 * time.Second)
	s.refresh(t, p).refuses(t, "invalid_grant", "token has already been refreshed more than 30 seconds in the past")

	s.controls.createFails()
	s.home().post(t, tokenPath, passwordGrant("contract-joe")).fails(t, 503, "unavailable_shards_exception", "…")
}

func tokensCounters(t *testing.T, s *server) {
	p := s.newPair(t)
	documents, before, _ := s.controls.counted()
	for range 3 {
		s.bearer(p.access).who(t).want(t, 200)
	}
	s.home().who(t).want(t, 200)
	if _, after, _ := s.controls.counted(); documents != 1 || after-before != 3 {
		t.Errorf("got %d documents and %d reads, want 1 and 3", documents, after-before)
	}
	s.refresh(t, p).want(t, 200)
	if documents, _, pairs := s.controls.counted(); documents != 2 || pairs != 1 {
		t.Errorf("after a refresh: got %d documents and %d pairs, want 2 and 1", documents, pairs)
	}
}

func tokensCreateKey(t *testing.T, s *server) {
	keys := s.user("contract-keys")
	a := keys.post(t, "/_security/api_key", object{"name": "created", "expiration": "1d"}).want(t, 200)
	a.ordered(t, "", "id", "name", "expiration", "api_key", "encoded")
	id, secret := a.text(t, "id"), a.text(t, "api_key")
	if want := base64.StdEncoding.EncodeToString([]byte(id + ":" + secret)); len(id) != 20 || len(secret) != 22 || a.text(t, "encoded") != want {
		t.Errorf("id, secret or their encoding\n%s", a)
	}
	keys.post(t, "/_security/api_key", object{"name": "created"}).want(t, 200).ordered(t, "", "id", "name", "api_key", "encoded")
	const kind = "action_request_validation_exception"
	for name, text := range map[string]string{
		"":                       "api key name is required",
		" x":                     "api key name may not begin or end with whitespace",
		"_x":                     "api key name may not begin with an underscore",
		strings.Repeat("x", 257): "api key name may not be more than 256 characters long",
	} {
		keys.post(t, "/_security/api_key", object{"name": name}).fails(t, 400, kind, "Validation Failed: 1: "+text+";")
	}
	s.user("contract-joe").post(t, "/_security/api_key", object{"name": "x"}).want(t, 403)
}

func tokensDerivedKey(t *testing.T, s *server) {
	const reason = "creating derived api keys requires an explicit role descriptor that is empty (has no privileges)"
	c := s.with("Authorization: ApiKey " + s.newKey(t, object{"name": "parent"}).encoded)
	c.post(t, "/_security/api_key", object{"name": "child"}).fails(t, 400, "illegal_argument_exception", reason)
	c.post(t, "/_security/api_key", object{"name": "child", "role_descriptors": object{"r": object{"cluster": []string{"monitor"}}}}).
		fails(t, 400, "illegal_argument_exception", reason)
	c.post(t, "/_security/api_key", object{"name": "child", "role_descriptors": object{"none": object{}}}).want(t, 200)

	token := c.post(t, tokenPath, object{"grant_type": "client_credentials"}).want(t, 200).text(t, "access_token")
	s.bearer(token).post(t, "/_security/api_key", object{"name": "grandchild"}).fails(t, 400, "illegal_argument_exception", reason)
}

func tokensGrantKey(t *testing.T, s *server) {
	const path, kind = "/_security/api_key/grant", "action_request_validation_exception"
	granter := s.user("contract-granter")
	grant := func(change object) object {
		body := object{"grant_type": "password", "username": "contract-reader", "password": password, "api_key": object{"name": "granted"}}
		for name, value := range change {
			if body[name] = value; value == nil {
				delete(body, name)
			}
		}
		return body
	}
	key := granter.post(t, path, grant(nil)).want(t, 200).ordered(t, "", "id", "name", "api_key", "encoded").text(t, "encoded")
	s.with("Authorization: ApiKey "+key).who(t).want(t, 200).is(t, object{"username": "contract-reader"})
	s.with("Authorization: ApiKey "+key).get(t, "/contract-logs/_search").want(t, 200)

	bad := granter.post(t, path, grant(object{"password": "wrong"})).fails(t, 403, "security_exception", "Failed to authenticate api key grant")
	bad.because(t, "security_exception", "unable to authenticate user [contract-reader] for action [cluster:admin/xpack/security/api_key/grant]")
	dead := s.newPair(t)
	s.home().del(t, tokenPath, object{"token": dead.access}).want(t, 200)
	granter.post(t, path, object{"grant_type": "access_token", "access_token": dead.access, "api_key": object{"name": "x"}}).
		fails(t, 403, "security_exception", "Failed to authenticate api key grant").because(t, "security_exception", "token expired")
	s.as(account{"contract-granter", "wrong"}).post(t, path, grant(nil)).fails(t, 401, "security_exception", fmt.Sprintf(unable, "contract-granter", path))

	granter.post(t, path, grant(object{"grant_type": "x"})).fails(t, 400, kind, "Validation Failed: 1: grant_type [x] is not supported;")
	granter.post(t, path, grant(object{"password": nil})).fails(t, 400, kind, "Validation Failed: 1: [password] is required for grant_type [password];")
	granter.post(t, path, grant(object{"access_token": "x"})).
		fails(t, 400, kind, "Validation Failed: 1: [access_token] is not supported for grant_type [password];")
	granter.post(t, path, grant(object{"run_as": "contract-joe"})).want(t, 403)
	s.user("contract-keys").post(t, path, grant(nil)).want(t, 403)
}

func tokensUpdateKeys(t *testing.T, s *server) {
	const path = "/_security/api_key/"
	keys := s.user("contract-keys")
	key := s.newKey(t, object{"name": "to-be-updated"})
	keys.do(t, "PUT", path+key.id, object{"metadata": object{"a": 1}}).want(t, 200).ordered(t, "", "updated").is(t, object{"updated": true})
	keys.do(t, "PUT", path+key.id, object{"metadata": object{"a": 1}}).want(t, 200).is(t, object{"updated": false})
	const notOwned = "no API key owned by requesting user found for ID [%s]"
	keys.do(t, "PUT", path+"unknown", object{}).fails(t, 404, "resource_not_found_exception", fmt.Sprintf(notOwned, "unknown"))
	s.with("Authorization: ApiKey "+key.encoded).do(t, "PUT", path+key.id, object{}).
		fails(t, 400, "illegal_argument_exception", "authentication via API key not supported: only the owner user can update an API key")

	dead := s.newKey(t, object{"name": "dead"})
	keys.del(t, "/_security/api_key", object{"ids": []string{dead.id}, "owner": true}).want(t, 200)
	keys.do(t, "PUT", path+dead.id, object{}).fails(t, 400, "illegal_argument_exception", "cannot update invalidated API key ["+dead.id+"]")
	a := keys.post(t, path+"_bulk_update", object{"ids": []string{key.id, "unknown"}, "metadata": object{"a": 2}}).want(t, 200)
	a.ordered(t, "", "updated", "noops", "errors").is(t, object{
		"updated": []string{key.id}, "noops": []string{}, "errors.count": 1,
		"errors.details.unknown.type": "resource_not_found_exception", "errors.details.unknown.reason": fmt.Sprintf(notOwned, "unknown"),
	})
	keys.post(t, path+"_bulk_update", object{"ids": []string{key.id}, "metadata": object{"a": 2}}).want(t, 200).
		ordered(t, "", "updated", "noops").is(t, object{"updated": []string{}, "noops": []string{key.id}})
}

func tokensGetKeys(t *testing.T, s *server) {
	keys := s.user("contract-keys")
	key := s.newKey(t, object{"name": "to-be-found"})
	a := keys.get(t, "/_security/api_key?owner=true&id="+key.id).want(t, 200)
	list, ok := a.at(t, "api_keys").([]any)
	if !ok || len(list) != 1 || at(list[0].(object), "name") != "to-be-found" { //nolint:forcetypeassert,errcheck // fails loudly
		t.Errorf("want the key\n%s", a)
	}
	keys.get(t, "/_security/api_key?owner=true&id=none").want(t, 404).ordered(t, "", "api_keys").is(t, object{"api_keys": []any{}})
	keys.get(t, "/_security/api_key?owner=true&name=none").want(t, 200).is(t, object{"api_keys": []any{}})
	keys.get(t, "/_security/api_key?id="+key.id).want(t, 403) // only his own, and he has to say so
}

func tokensInvalidateKeys(t *testing.T, s *server) {
	const path = "/_security/api_key"
	keys := s.user("contract-keys")
	key := s.newKey(t, object{"name": "to-die"})
	nothing := object{"invalidated_api_keys": []any{}, "previously_invalidated_api_keys": []any{}, "error_count": 0}
	body := object{"ids": []string{key.id}, "owner": true}
	keys.del(t, path, body).want(t, 200).ordered(t, "", "invalidated_api_keys", "previously_invalidated_api_keys", "error_count").
		is(t, object{"invalidated_api_keys": []string{key.id}})
	keys.del(t, path, body).want(t, 200).is(t, nothing)
	keys.del(t, path, object{"ids": []string{"unknown"}, "owner": true}).want(t, 200).is(t, nothing)
	keys.del(t, path, object{"ids": []string{}, "owner": true}).
		fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: Field [ids] cannot be an empty array…")
	keys.del(t, path, object{"id": key.id, "owner": true}).want(t, 400)
}

func tokensKeyHeader(t *testing.T, s *server) {
	key := s.newKey(t, object{"name": "header"})
	for _, scheme := range []string{"apikey", "APIKEY"} {
		s.with("Authorization: "+scheme+" "+key.encoded).who(t).want(t, 200)
	}
	line := func(text string) caller {
		return s.with("Authorization: ApiKey " + base64.StdEncoding.EncodeToString([]byte(text)))
	}
	line(":secret").who(t).unsuccessful(t, "API key: invalid ApiKey value").allChallenges(t)
	line("unknown:secret").who(t).unsuccessful(t, "API key: unable to find apikey with id unknown").allChallenges(t)
	a := s.with("Authorization: ApiKey a_b").who(t).fails(t, 401, "security_exception", cannot)
	if got := a.text(t, "error.additional_unsuccessful_credentials"); !strings.HasPrefix(got, "API key: ") {
		t.Errorf("got %q", got)
	}
}

func tokensBearerHeader(t *testing.T, s *server) {
	p := s.newPair(t)
	s.with("Authorization: bEARER "+p.access).who(t).want(t, 200)
	s.with("Authorization: Bearer\t"+p.access).who(t).fails(t, 401, "security_exception", fmt.Sprintf(missing, "/_security/_authenticate"))
	s.with("Authorization: Bearer  " + p.access).who(t).invalidToken(t)
	s.bearer("x").who(t).invalidToken(t)
	s.with("Authorization: ApiKey x").who(t).fails(t, 401, "security_exception", cannot)
}

// tokensBasicChallenge asks releases on either side of 8.15, when the comma came.
func tokensBasicChallenge(t *testing.T, _ *server) {
	for version, challenge := range map[string]string{"8.14.3": `Basic realm="security" charset="UTF-8"`, "8.15.0": basicChallenge} {
		s := startStandin(t, version)
		usual := s.nobody().get(t, "/").challenges(t, challenge, bearerChallenge, apiKeyChallenge)
		s.controls.challengesOfTheStart()
		start := s.nobody().get(t, "/").challenges(t, challenge, bearerChallenge, apiKeyChallenge)
		if slices.Equal(usual.header.Values("WWW-Authenticate"), start.header.Values("WWW-Authenticate")) {
			t.Errorf("%s: the order is the same at the start as later\n%s", version, start)
		}
	}
}

func tokensStrings(t *testing.T, s *server) {
	seen := map[string]bool{}
	for range 3 {
		p := s.newPair(t)
		for _, token := range []string{p.access, p.refresh} {
			raw, err := base64.StdEncoding.DecodeString(token)
			if err != nil || len(raw) < 16 {
				t.Errorf("%q: want standard base64 of some length: %v", token, err)
			}
			if seen[token] || strings.Count(token, ".") == 2 {
				t.Errorf("%q: was there before, or looks like a JWT", token)
			}
			seen[token] = true
		}
	}
}
