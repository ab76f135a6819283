package contract

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	run(t, []row{
		{name: "01_no_credentials", kind: wire, test: httpNoCredentials},
		{name: "02_unknown_path_without_credentials", kind: wire, test: httpUnknownPathWithoutCredentials},
		{name: "03_unknown_path", kind: wire, test: httpUnknownPath},
		{name: "04_wrong_method", kind: wire, test: httpWrongMethod},
		{name: "05_wrong_password", kind: wire, test: httpWrongPassword},
		{name: "06_scheme_in_any_case", kind: wire, test: httpSchemeInAnyCase},
		{name: "07_two_different_authorizations", kind: wire, test: httpTwoDifferentAuthorizations},
		{name: "08_two_equal_authorizations", kind: wire, test: httpTwoEqualAuthorizations},
		{name: "09_two_blanks", kind: wire, test: httpTwoBlanks},
		{name: "10_broken_basic", kind: wire, test: httpBrokenBasic},
		{name: "11_expired_or_invalidated_token", kind: wire, test: httpExpiredOrInvalidated},
		{name: "12_garbage_token", kind: wire, test: httpGarbageToken},
		{name: "13_api_keys_that_do_not_work", kind: wire, test: httpBadAPIKeys},
		{name: "14_anonymous", kind: controlled, test: httpAnonymous},
		{name: "15_missing_privilege", kind: wire, test: httpMissingPrivilege},
		{name: "16_subjects_of_a_refusal", kind: wire, test: httpSubjects},
		{name: "17_run_as", kind: wire, test: httpRunAs},
		{name: "18_secondary_authorization", kind: wire, test: httpSecondary},
		{name: "19_authenticate", kind: wire, test: httpAuthenticate},
		{name: "20_has_privileges", kind: wire, test: httpHasPrivileges},
		{name: "21_profile_of_a_bad_token", kind: wire, test: httpProfile},
		{name: "22_license", kind: controlled, test: httpLicense},
		{name: "23_body_before_privilege", kind: wire, test: httpBodyBeforePrivilege},
		{name: "24_unknown_field", kind: wire, test: httpUnknownField},
		{name: "25_content_type", kind: wire, test: httpContentType},
		{name: "26_compatible_with", kind: wire, test: httpCompatibleWith},
		{name: "27_vendor_accept", kind: wire, test: httpVendorAccept},
		{name: "28_product_header", kind: wire, test: httpProductHeader},
		{name: "29_too_large", kind: wire, test: httpTooLarge},
		{name: "30_long_line_and_headers", kind: wire, test: httpLongLine},
		{name: "31_opaque_id", kind: wire, test: httpOpaqueID},
		{name: "32_options", kind: wire, test: httpOptions},
		{name: "33_head", kind: wire, test: httpHead},
		{name: "34_paths", kind: wire, test: httpPaths},
		{name: "35_repeated_parameter", kind: wire, test: httpRepeatedParameter},
		{name: "36_unknown_parameter", kind: wire, test: httpUnknownParameter},
		{name: "37_refresh_by_another_client", kind: wire, test: httpRefreshByAnother},
		{name: "38_security_store_down", kind: controlled, test: httpStoreDown},
		{name: "39_no_http2", kind: wire, test: httpNoHTTP2},
		{name: "40_error_trace", kind: wire, test: httpErrorTrace},
		{name: "41_sniffing", kind: wire, test: httpSniffing},
		{name: "42_get_profiles", kind: wire, test: httpGetProfiles},
	})
}

const missing = "missing authentication credentials for REST request [%s]"

func httpNoCredentials(t *testing.T, s *server) {
	tests := []struct{ method, target, body string }{
		{"GET", "/", ""},
		{"GET", "/_search?q=1&size=2", ""},
		{"DELETE", "/contract-logs", ""},
		{"POST", "/_security/oauth2/token", "{broken"},
		{"BREW", "/a%20b", ""},
	}
	for _, tt := range tests {
		a := s.nobody().do(t, tt.method, tt.target, tt.body)
		a.fails(t, 401, "security_exception", fmt.Sprintf(missing, tt.target)).allChallenges(t)
		a.ordered(t, "", "error", "status").ordered(t, "error", "root_cause", "type", "reason", "header")
	}
	for _, line := range []string{"Authorization: Digest x", "Authorization: Bearer", "Authorization: Bearer "} {
		s.with(line).get(t, "/").fails(t, 401, "security_exception", fmt.Sprintf(missing, "/")).allChallenges(t)
	}
}

func httpUnknownPathWithoutCredentials(t *testing.T, s *server) {
	for _, target := range []string{"/_nope", "/_nope?x=1", "/a/b/c/d/e/f", "/_security/%5Fauthenticate"} {
		s.nobody().get(t, target).fails(t, 401, "security_exception", fmt.Sprintf(missing, target))
	}
}

func httpUnknownPath(t *testing.T, s *server) {
	a := s.home().get(t, "/_nope?x=1").want(t, 400).product(t)
	a.ordered(t, "", "error").is(t, object{"error": "no handler found for uri [/_nope?x=1] and method [GET]"})
	s.home().get(t, "/_security/%5Fauthenticate").want(t, 400).ordered(t, "", "error")
}

func httpWrongMethod(t *testing.T, s *server) {
	a := s.home().do(t, "DELETE", "/_search", nil).want(t, 405).product(t)
	a.ordered(t, "", "error", "status").is(t, object{"status": 405})
	if text := a.text(t, "error"); !strings.HasPrefix(text, "Incorrect HTTP method for uri [/_search] and method [DELETE], allowed: [") {
		t.Errorf("error: got %q", text)
	}
	allow := a.header.Get("Allow")
	if got := slices.Sorted(strings.SplitSeq(allow, ",")); !slices.Equal(got, []string{"GET", "POST"}) {
		t.Errorf("Allow: got %q, want GET and POST without blanks", allow)
	}
	a = s.home().do(t, "BREW", "/_search", nil).want(t, 405)
	if text := a.text(t, "error"); !strings.HasPrefix(text, "Unexpected http method: BREW, allowed: [") {
		t.Errorf("error: got %q", text)
	}
}

const unable = "unable to authenticate user [%s] for REST request [%s]"

func httpWrongPassword(t *testing.T, s *server) {
	const target = "/_security/_authenticate?pretty=false"
	for _, a := range []account{{"contract-joe", "wrong"}, {"contract-nobody", password}, {"contract-disabled", password}, {"", password}} {
		got := s.as(a).get(t, target)
		got.fails(t, 401, "security_exception", fmt.Sprintf(unable, a.name, target)).allChallenges(t)
		got.ordered(t, "error", "root_cause", "type", "reason", "header")
	}
}

func httpSchemeInAnyCase(t *testing.T, s *server) {
	encoded := base64.StdEncoding.EncodeToString([]byte("contract-joe:" + password))
	for _, scheme := range []string{"basic", "BASIC", "bAsIc"} {
		s.with("Authorization: "+scheme+" "+encoded).who(t).want(t, 200).is(t, object{"username": "contract-joe"})
	}
	token := s.newPair(t).access
	for _, scheme := range []string{"bearer", "BEARER"} {
		s.with("authorization: "+scheme+" "+token).who(t).want(t, 200)
	}
	key := s.newKey(t, object{"name": "any-case"})
	for _, scheme := range []string{"APIKey", "apikey", "ApiKey"} {
		s.with("Authorization: "+scheme+" "+key.encoded).who(t).want(t, 200)
	}
}

func httpTwoDifferentAuthorizations(t *testing.T, s *server) {
	s.user("contract-joe").with(basic("contract-reader", password)).who(t).
		fails(t, 400, "illegal_argument_exception", "multiple values for single-valued header [Authorization].")
}

func httpTwoEqualAuthorizations(t *testing.T, s *server) {
	s.user("contract-joe").with(basic("contract-joe", password)).who(t).want(t, 200).is(t, object{"username": "contract-joe"})
}

const cannot = "unable to authenticate with provided credentials and anonymous access is not allowed for this request"

// invalidToken expects that nothing is known of a bearer token.
func (a answer) invalidToken(t *testing.T) answer {
	t.Helper()
	return a.unsuccessful(t, "oauth2 token: invalid token").allChallenges(t)
}

func (a answer) unsuccessful(t *testing.T, line string) answer {
	t.Helper()
	a.fails(t, 401, "security_exception", cannot)
	return a.is(t, object{"error.additional_unsuccessful_credentials": line})
}

func httpTwoBlanks(t *testing.T, s *server) {
	token := s.newPair(t).access
	s.bearer(token).who(t).want(t, 200)
	s.bearer(" " + token).who(t).invalidToken(t)
}

func httpBrokenBasic(t *testing.T, s *server) {
	tests := []struct{ value, reason string }{
		{base64.StdEncoding.EncodeToString([]byte("no colon")), "invalid basic authentication header value"},
		{"*not*base64*", "invalid basic authentication header encoding"},
	}
	for _, tt := range tests {
		s.with("Authorization: Basic "+tt.value).who(t).fails(t, 401, "security_exception", tt.reason).allChallenges(t)
	}
	s.with("Authorization: Basic *not*base64*").who(t).is(t, object{"error.caused_by.type": "illegal_argument_exception"})
}

// tokenExpired expects what is said of tokens that were good once.
func (a answer) tokenExpired(t *testing.T) answer {
	t.Helper()
	a.fails(t, 401, "security_exception", "token expired").challenges(t, expiredChallenge)
	return a.ordered(t, "error", "root_cause", "type", "reason", "header")
}

func httpExpiredOrInvalidated(t *testing.T, s *server) {
	dead := s.newPair(t)
	s.home().del(t, tokenPath, object{"token": dead.access}).want(t, 200)
	s.bearer(dead.access).who(t).tokenExpired(t)

	old := s.newPair(t)
	s.eventually(t, time.Duration(old.expiresIn+1)*time.Second, "the token has expired", func() bool {
		return s.bearer(old.access).who(t).status != 200
	})
	s.bearer(old.access).who(t).tokenExpired(t)
}

func httpGarbageToken(t *testing.T, s *server) {
	for _, garbage := range []string{"x", "aGVsbG8=", "a.b.c", strings.Repeat("A", 40)} {
		a := s.bearer(garbage).who(t).invalidToken(t)
		a.ordered(t, "error", "root_cause", "type", "reason", "additional_unsuccessful_credentials", "header")
	}
}

func httpBadAPIKeys(t *testing.T, s *server) {
	key := func(id, secret string) caller {
		return s.with("Authorization: ApiKey " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
	}
	key("nobody-knows-this-id", "secret").who(t).unsuccessful(t, "API key: unable to find apikey with id nobody-knows-this-id").allChallenges(t)
	good := s.newKey(t, object{"name": "bad-keys"})
	key(good.id, "wrong").who(t).unsuccessful(t, "API key: invalid credentials for API key ["+good.id+"]")
	s.user("contract-keys").del(t, "/_security/api_key", object{"ids": []string{good.id}, "owner": true}).want(t, 200)
	key(good.id, good.secret).who(t).unsuccessful(t, "API key: api key ["+good.id+"] has been invalidated")
	expired := s.newKey(t, object{"name": "expired", "expiration": "500ms"})
	s.eventually(t, time.Second, "the key has expired", func() bool { return key(expired.id, expired.secret).who(t).status == 401 })
	key(expired.id, expired.secret).who(t).unsuccessful(t, "API key: api key is expired")
	key(expired.id, "wrong").who(t).unsuccessful(t, "API key: invalid credentials for API key ["+expired.id+"]")
	s.with("Authorization: ApiKey "+base64.StdEncoding.EncodeToString([]byte("no colon"))).who(t).unsuccessful(t, "API key: invalid ApiKey value")
}

func httpAnonymous(t *testing.T, s *server) {
	s = startWithAnonymous(t, s.release.String())
	for _, c := range []caller{s.nobody(), s.with("Authorization: Digest x"), s.with("Authorization: Bearer")} {
		c.who(t).want(t, 200).is(t, object{
			"roles": []string{"contract_reader"}, "authentication_type": "anonymous",
			"authentication_realm": object{"name": "__anonymous", "type": "__anonymous"},
		})
		c.get(t, "/contract-logs/_search").want(t, 200)
		c.get(t, "/contract-secret/_search").want(t, 403)
	}
	s.bearer("x").who(t).invalidToken(t)
	s.with("Authorization: ApiKey x").who(t).fails(t, 401, "security_exception", cannot)
	s.as(account{"contract-joe", "wrong"}).who(t).fails(t, 401, "security_exception", fmt.Sprintf(unable, "contract-joe", "/_security/_authenticate"))
	s.as(account{"contract-joe", password}).with("es-secondary-authorization: "+strings.TrimPrefix(basic("contract-joe", "wrong"), "Authorization: ")).
		who(t).fails(t, 401, "security_exception", "Failed to authenticate secondary user")
}

const forbidden = "action [%s] is unauthorized for user [%s] with effective roles [%s], this action is granted by the %s privileges [%s]"

func httpMissingPrivilege(t *testing.T, s *server) {
	a := s.user("contract-joe").get(t, "/").fails(t, 403, "security_exception",
		fmt.Sprintf(forbidden, "cluster:monitor/main", "contract-joe", "contract_none", "cluster", "monitor,manage,all"))
	a.noChallenge(t)
	if a.header.Get("X-Elastic-Product") != "" {
		t.Errorf("a product header on 403\n%s", a)
	}
	a = s.user("contract-reader").get(t, "/contract-secret/_search").fails(t, 403, "security_exception",
		"action [indices:data/read/search] is unauthorized for user [contract-reader] with effective roles [contract_reader] on indices [contract-secret], "+
			"this action is granted by the index privileges [read,all]")
	a.noChallenge(t)
	s.user("contract-reader").get(t, "/contract-not-there/_search").fails(t, 403, "security_exception", "…")
}

func httpSubjects(t *testing.T, s *server) {
	key := s.newKey(t, object{"name": "subject", "role_descriptors": object{"little": object{"cluster": []string{"manage_own_api_key"}}}})
	s.with("Authorization: ApiKey "+key.encoded).get(t, "/").fails(t, 403, "security_exception",
		"action [cluster:monitor/main] is unauthorized for API key id ["+key.id+"] of user [contract-keys], "+
			"this action is granted by the cluster privileges [monitor,manage,all]")
	s.user("contract-runner").with("es-security-runas-user: contract-reader").get(t, "/contract-secret/_search").fails(t, 403, "security_exception",
		"action [indices:data/read/search] is unauthorized for user [contract-runner] run as [contract-reader] with effective roles [contract_reader] "+
			"on indices [contract-secret], this action is granted by the index privileges [read,all]")
}

func httpRunAs(t *testing.T, s *server) {
	const target = "/_security/_authenticate"
	runner := s.user("contract-runner")
	runner.with("es-security-runas-user: contract-reader").get(t, target).want(t, 200).is(t, object{"username": "contract-reader"})
	for _, name := range []string{"contract-writer", "contract-nobody"} {
		runner.with("es-security-runas-user: "+name).get(t, target).fails(t, 403, "security_exception",
			"action [cluster:admin/xpack/security/user/authenticate] is unauthorized for user [contract-runner] with effective roles [contract_runner], "+
				"because user [contract-runner] is unauthorized to run as ["+name+"]").noChallenge(t)
	}
	runner.with("es-security-runas-user: ").get(t, target).fails(t, 401, "security_exception",
		fmt.Sprintf(unable, "contract-runner", target)).allChallenges(t)
}

func httpSecondary(t *testing.T, s *server) {
	good := strings.TrimPrefix(basic("contract-reader", password), "Authorization: ")
	bad := strings.TrimPrefix(basic("contract-reader", "wrong"), "Authorization: ")
	joe := s.user("contract-joe")
	joe.with("es-secondary-authorization: "+good).who(t).want(t, 200).is(t, object{"username": "contract-joe"})
	a := joe.with("es-secondary-authorization: "+bad).who(t).fails(t, 401, "security_exception", "Failed to authenticate secondary user")
	a.because(t, "security_exception", fmt.Sprintf(unable, "contract-reader", "/_security/_authenticate"))
	if a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("a challenge for the secondary user as a header\n%s", a)
	}
}

func httpAuthenticate(t *testing.T, s *server) {
	fields := []string{"username", "roles", "full_name", "email", "metadata", "enabled", "authentication_realm", "lookup_realm", "authentication_type"}
	a := s.user("contract-reader").who(t).want(t, 200).product(t).ordered(t, "", fields...)
	a.is(t, object{
		"username": "contract-reader", "roles": []string{"contract_reader"}, "full_name": nil, "email": nil, "metadata": object{}, "enabled": true,
		"authentication_realm": object{"name": "default_file", "type": "file"}, "lookup_realm": object{"name": "default_file", "type": "file"}, "authentication_type": "realm",
	})

	withToken := fields
	if s.release.since(9, 4) {
		withToken = slices.Insert(slices.Clone(fields), 4, "token")
	}
	a = s.bearer(s.newPair(t).access).who(t).want(t, 200).ordered(t, "", withToken...)
	a.is(t, object{"username": "contract-joe", "authentication_type": "token", "authentication_realm": object{"name": "default_file", "type": "file"}})
	if s.release.since(9, 4) {
		a.is(t, object{"token": object{"managed_by": "elasticsearch"}})
	}

	key := s.newKey(t, object{"name": "who"})
	a = s.with("Authorization: ApiKey "+key.encoded).who(t).want(t, 200).ordered(t, "", append(slices.Clone(fields), "api_key")...)
	a.is(t, object{
		"username": "contract-keys", "roles": []string{}, "authentication_type": "api_key", "api_key.id": key.id, "api_key.name": "who",
		"authentication_realm": object{"name": "_es_api_key", "type": "_es_api_key"}, "lookup_realm": object{"name": "_es_api_key", "type": "_es_api_key"},
	})
	if s.release.since(9, 2) {
		a.ordered(t, "api_key", "id", "name", "managed_by")
	} else {
		a.ordered(t, "api_key", "id", "name")
	}

	a = s.user("contract-runner").with("es-security-runas-user: contract-reader").who(t).want(t, 200)
	a.is(t, object{"username": "contract-reader", "roles": []string{"contract_reader"}, "authentication_type": "realm"})
	s.user("contract-joe").do(t, "GET", "/_security/_authenticate", "{}").
		fails(t, 400, "illegal_argument_exception", "request [GET /_security/_authenticate] does not support having a body")
}

func httpHasPrivileges(t *testing.T, s *server) {
	const path = "/_security/user/_has_privileges"
	ask := object{
		"cluster": []string{"monitor", "manage"},
		"index":   []object{{"names": []string{"contract-logs", "contract-secret"}, "privileges": []string{"read", "write"}}},
	}
	reader := s.user("contract-reader")
	for _, target := range []string{path, "/_security/user/contract-reader/_has_privileges"} {
		a := reader.post(t, target, ask).want(t, 200).product(t)
		a.ordered(t, "", "username", "has_all_requested", "cluster", "index", "application")
		a.is(t, object{
			"username": "contract-reader", "has_all_requested": false, "cluster": object{"monitor": true, "manage": false}, "application": object{},
			"index": object{"contract-logs": object{"read": true, "write": false}, "contract-secret": object{"read": false, "write": false}},
		})
	}
	reader.post(t, "/_security/user/contract-joe/_has_privileges", ask).fails(t, 403, "security_exception", "action [cluster:admin/xpack/security/user/has_privileges] is unauthorized…")
	reader.post(t, path, "").fails(t, 400, "parse_exception", "request body or source parameter is required")
	reader.post(t, path, object{"foo": 1}).fails(t, 400, "parse_exception", "failed to parse privileges check [contract-reader/has_privileges]. unexpected field [foo]")
	reader.post(t, path, object{"cluster": []string{}}).
		fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: must specify at least one privilege;")
	restricted := object{"index": []object{{"names": "x", "privileges": "read", "query": "{}"}}}
	reader.post(t, path, restricted).fails(t, 400, "parse_exception", "Field [query] is not supported in a has_privileges request")
	reader.post(t, path, object{"cluster": []string{"nonsense"}}).fails(t, 400, "illegal_argument_exception", "unknown cluster privilege [nonsense]…")
}

func httpProfile(t *testing.T, s *server) {
	const path = "/_security/profile/_activate"
	const action = " for action [cluster:admin/xpack/security/profile/activate]"
	profiles := s.user("contract-profiles")
	bearer := func(token string) object { return object{"grant_type": "access_token", "access_token": token} }
	a := profiles.post(t, path, bearer("unknown")).fails(t, 401, "security_exception", "unable to authenticate user [_bearer_token]"+action)
	a.is(t, object{"error.additional_unsuccessful_credentials": "oauth2 token: invalid token"})
	profiles.post(t, path, object{"grant_type": "password", "username": "contract-joe", "password": "wrong"}).
		fails(t, 401, "security_exception", "unable to authenticate user [contract-joe]"+action)
	s.as(account{"contract-profiles", "wrong"}).post(t, path, bearer("unknown")).
		fails(t, 401, "security_exception", fmt.Sprintf(unable, "contract-profiles", path))
	p := s.newPair(t)
	a = profiles.post(t, path, bearer(p.access)).want(t, 200).is(t, object{"enabled": true, "user.username": "contract-joe", "labels": object{}, "data": object{}})
	a.ordered(t, "", "uid", "enabled", "last_synchronized", "user", "labels", "data", "_doc")
	s.home().del(t, tokenPath, object{"token": p.access}).want(t, 200)
	profiles.post(t, path, bearer(p.access)).fails(t, 401, "security_exception", "token expired")
	const kind = "action_request_validation_exception"
	profiles.post(t, path, object{"grant_type": "access_token"}).fails(t, 400, kind, "Validation Failed: 1: [access_token] is required for grant_type [access_token];")
	profiles.post(t, path, object{"grant_type": "x"}).fails(t, 400, kind, "Validation Failed: 1: grant_type [x] is not supported;")
	s.home().post(t, path, bearer(p.access)).want(t, 403)
}

func httpLicense(t *testing.T, s *server) {
	s.controls.license("basic")
	tests := []struct{ method, target, feature string }{
		{"POST", "/_security/saml/prepare", "saml"},
		{"POST", tokenPath, "security tokens"},
		{"DELETE", tokenPath, "security tokens"},
	}
	for _, tt := range tests {
		a := s.home().do(t, tt.method, tt.target, "{broken").
			fails(t, 403, "security_exception", "current license is non-compliant for ["+tt.feature+"]")
		a.is(t, object{"error.license.expired.feature": tt.feature}).noChallenge(t)
		a.ordered(t, "error", "root_cause", "type", "reason", "license.expired.feature")
	}
}

func httpBodyBeforePrivilege(t *testing.T, s *server) {
	joe := s.user("contract-joe")
	joe.post(t, tokenPath, "{broken").fails(t, 400, "x_content_parse_exception", "[1:…")
	joe.post(t, "/_security/saml/prepare", object{"nonsense": 1}).fails(t, 400, "x_content_parse_exception", "…")
	joe.post(t, "/_security/saml/logout", object{}).fails(t, 400, "action_request_validation_exception", "Validation Failed: 1: token is missing;")
	joe.post(t, "/_security/saml/prepare", object{}).want(t, 403)
}

func httpUnknownField(t *testing.T, s *server) {
	tests := []struct{ target, body, reason string }{
		{tokenPath, `{"foo":1}`, "[1:2] [token_request] unknown field [foo]"},
		{"/_security/saml/prepare", "{\n  \"foo\":1}", "[2:3] [saml_prepare_authn] unknown field [foo]"},
		{"/_security/saml/logout", `{"token":"x","foo":1}`, "[1:14] [saml_logout] unknown field [foo]"},
	}
	for _, tt := range tests {
		s.home().post(t, tt.target, tt.body).fails(t, 400, "x_content_parse_exception", tt.reason).product(t).noChallenge(t)
	}
	s.home().post(t, tokenPath, `{"grant_typ":"x"}`).
		fails(t, 400, "x_content_parse_exception", "[1:2] [token_request] unknown field [grant_typ] did you mean [grant_type]?")
}

func httpContentType(t *testing.T, s *server) {
	for _, kind := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded", "text/plain; charset=utf-8"} {
		plain, _, _ := strings.Cut(kind, ";")
		a := s.home().with("Content-Type: "+kind).post(t, tokenPath, "grant_type=x").want(t, 406).product(t).ordered(t, "", "error", "status")
		a.is(t, object{"status": 406})
		if text := a.text(t, "error"); text != "Content-Type header ["+kind+"] is not supported" && text != "Content-Type header ["+plain+"] is not supported" {
			t.Errorf("error: got %q for %s", text, kind)
		}
	}
	s.home().with(noType).post(t, tokenPath, "{}").want(t, 406).ordered(t, "", "error", "status").
		is(t, object{"error": "Content-Type header is missing", "status": 406})
	s.home().with("Content-Type: application/json; charset=ISO-8859-1").post(t, tokenPath, "{}").want(t, 400).is(t, object{"error": "unsupported_grant_type"})
}

func vendor(major int) string {
	return fmt.Sprintf("application/vnd.elasticsearch+json; compatible-with=%d", major)
}

func httpCompatibleWith(t *testing.T, s *server) {
	reader, major := s.user("contract-reader"), s.release.major
	for _, wrong := range []int{major - 2, major + 1} {
		a := reader.with("Accept: "+vendor(wrong)).get(t, "/").
			fails(t, 400, "media_type_header_exception", "Invalid media-type value on headers […").product(t)
		a.is(t, object{"error.root_cause": []object{{"type": "media_type_header_exception", "reason": a.text(t, "error.reason")}}})
		a.because(t, "status_exception", fmt.Sprintf("Accept version must be either version %d or %d, but found %d. Accept=%s", major, major-1, wrong, vendor(wrong)))
	}
	lonely := reader.with("Content-Type: "+vendor(major)).post(t, "/contract-logs/_search", object{})
	lonely.fails(t, 400, "media_type_header_exception", "Invalid media-type value on headers […")
	lonely.because(t, "status_exception", "A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version. "+
		"Accept=null, Content-Type="+vendor(major))
	for _, good := range []int{major, major - 1} {
		reader.with("Accept: "+vendor(good), "Content-Type: "+vendor(good)).post(t, "/contract-logs/_search", object{}).want(t, 200)
	}
	reader.with("Accept: foo").get(t, "/").fails(t, 400, "media_type_header_exception", "Invalid media-type value on headers [Accept]").
		because(t, "illegal_argument_exception", "invalid media-type [foo]")
}

func httpVendorAccept(t *testing.T, s *server) {
	reader, major := s.user("contract-reader"), s.release.major
	tests := []struct{ accept, want string }{
		{vendor(major), fmt.Sprintf("application/vnd.elasticsearch+json;compatible-with=%d", major)},
		{vendor(major - 1), fmt.Sprintf("application/vnd.elasticsearch+json;compatible-with=%d", major-1)},
		{"application/json", "application/json"},
		{"text/html", "application/json"},
		{"*/*", "application/json"},
		{"text/html,application/xhtml+xml", "application/json"},
	}
	for _, tt := range tests {
		a := reader.with("Accept: "+tt.accept).get(t, "/").want(t, 200)
		if got := a.header.Get("Content-Type"); got != tt.want {
			t.Errorf("Accept %s: got %q, want %q", tt.accept, got, tt.want)
		}
	}
}

func httpProductHeader(t *testing.T, s *server) {
	writer := s.user("contract-writer")
	writer.get(t, "/").want(t, 200).product(t)
	writer.get(t, "/_nope").want(t, 400).product(t)
	writer.get(t, "/contract-not-there").want(t, 404).product(t)
	writer.get(t, "/contract-logs/_doc/none").want(t, 404).product(t)
	writer.do(t, "DELETE", "/_search", nil).want(t, 405).product(t)
	writer.with("Content-Type: text/plain").post(t, "/_search", "x").want(t, 406).product(t)
	s.home().del(t, tokenPath, object{"token": "unknown"}).want(t, 404).product(t)
	s.home().post(t, "/_security/saml/logout", object{"token": "unknown"}).want(t, 500).product(t)
	if s.controls != nil {
		for _, code := range []int{429, 503} {
			s.controls.status(code)
			writer.get(t, "/").want(t, code).product(t)
		}
	}
}

func httpTooLarge(t *testing.T, s *server) {
	size := fmt.Sprintf("Content-Length: %d", 100<<20+1)
	s.nobody().with(size).post(t, "/_search", nil).fails(t, 401, "security_exception", fmt.Sprintf(missing, "/_search"))
	a := s.user("contract-reader").with("Content-Type: application/json", size).post(t, "/_search", nil).want(t, 413)
	if a.length != 0 || len(a.body) != 0 || a.header.Get("X-Elastic-Product") != "" {
		t.Errorf("413: want nothing but the status\n%s", a)
	}
}

func httpLongLine(t *testing.T, s *server) {
	line := s.nobody().get(t, "/_search?q="+strings.Repeat("a", 4200)).want(t, 400).product(t)
	if got := line.text(t, "error.type"); got != "too_long_http_line_exception" && got != "too_long_frame_exception" {
		t.Errorf("type: got %q", got)
	}
	line.is(t, object{"error.reason": "An HTTP line is larger than 4096 bytes.", "status": 400})
	headers := s.nobody().with("X-A: "+strings.Repeat("a", 8000), "X-B: "+strings.Repeat("b", 8500)).get(t, "/").want(t, 400)
	if got := headers.text(t, "error.type"); got != "too_long_http_header_exception" && got != "too_long_frame_exception" {
		t.Errorf("type: got %q", got)
	}
	headers.is(t, object{"error.reason": "HTTP header is larger than 16384 bytes."})
	s.user("contract-joe").with("X-A: "+strings.Repeat("a", 8000), "X-B: "+strings.Repeat("b", 7500)).who(t).want(t, 200)
}

func httpOpaqueID(t *testing.T, s *server) {
	const name, id = "X-Opaque-Id", "contract 1"
	line := name + ": " + id
	for _, a := range []answer{
		s.nobody().with(line).get(t, "/").want(t, 401),
		s.user("contract-joe").with(line).get(t, "/").want(t, 403),
		s.user("contract-joe").with(line).who(t).want(t, 200),
		s.user("contract-joe").with(line).get(t, "/_nope").want(t, 400),
	} {
		if got := a.header.Get(name); got != id {
			t.Errorf("%s: got %q\n%s", name, got, a)
		}
	}
	s.user("contract-joe").with(line, name+": other").who(t).
		fails(t, 400, "illegal_argument_exception", "multiple values for single-valued header [X-Opaque-Id].")
}

func httpOptions(t *testing.T, s *server) {
	a := s.nobody().do(t, "OPTIONS", "/_search", nil).want(t, 200)
	if len(a.body) != 0 || a.length != 0 || a.header.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("OPTIONS: want an empty text\n%s", a)
	}
	if got := slices.Sorted(strings.SplitSeq(a.header.Get("Allow"), ",")); !slices.Equal(got, []string{"GET", "POST"}) {
		t.Errorf("Allow: got %q", a.header.Get("Allow"))
	}
	a = s.nobody().do(t, "OPTIONS", "/_nope", nil).want(t, 200)
	if _, there := a.header["Allow"]; there {
		t.Errorf("Allow for an unknown path\n%s", a)
	}
	s.nobody().do(t, "OPTIONS", "/_search", "{}").fails(t, 400, "illegal_argument_exception", "OPTIONS requests with a payload body are not supported")
}

func httpHead(t *testing.T, s *server) {
	for _, target := range []string{"/", "/contract-logs/_doc/1"} {
		get := s.user("contract-writer").get(t, target).want(t, 200)
		head := s.user("contract-writer").do(t, "HEAD", target, nil).want(t, 200).product(t)
		if len(head.body) != 0 || head.length != int64(len(get.body)) {
			t.Errorf("HEAD %s: got length %d and %d bytes, want length %d and no body", target, head.length, len(head.body), len(get.body))
		}
	}
	s.user("contract-writer").do(t, "HEAD", "/contract-not-there", nil).want(t, 404)
	s.nobody().do(t, "HEAD", "/", nil).want(t, 401)
}

func httpPaths(t *testing.T, s *server) {
	writer := s.user("contract-writer")
	total := func(target string) int {
		t.Helper()
		return writer.get(t, target).want(t, 200).number(t, "hits.total.value")
	}
	if all, named := total("/_search"), total("/_search?index=contract-secret"); all < 3 || named != 1 {
		t.Errorf("/_search and ?index=: got %d and %d hits, want 3 or more and 1", all, named)
	}
	for _, target := range []string{"//_search", "/_search/", "/_search//"} {
		if got, want := total(target), total("/_search"); got != want {
			t.Errorf("%s: got %d hits, want those of all indices, %d", target, got, want)
		}
	}
	// An index by that name, which cannot be there, and not the endpoint.
	if a := writer.get(t, "/%5Fsearch"); a.status == 200 || len(a.keys(t, "error")) == 0 {
		t.Errorf("want an error about an index\n%s", a)
	}
	writer.get(t, "/contract-logs//_search").want(t, 400).ordered(t, "", "error")
	if got := total("/contract%2Dlogs/_search"); got != 2 {
		t.Errorf("an encoded name: got %d hits, want 2", got)
	}
	s.user("contract-reader").get(t, "/_search?index=contract-secret").want(t, 403)
}

func httpRepeatedParameter(t *testing.T, s *server) {
	reader := s.user("contract-reader")
	for _, query := range []string{"size=0&size=1", "size=0;size=1", "%73ize=0&size=1", "size=9&%73ize=1"} {
		a := reader.get(t, "/contract-logs/_search?"+query).want(t, 200)
		if hits, ok := a.at(t, "hits.hits").([]any); !ok || len(hits) != 1 {
			t.Errorf("%s: got %v, want one hit", query, a.at(t, "hits.hits"))
		}
	}
}

func httpUnknownParameter(t *testing.T, s *server) {
	s.user("contract-reader").get(t, "/contract-logs/_search?wibble=1").
		fails(t, 400, "illegal_argument_exception", "request [/contract-logs/_search] contains unrecognized parameter: [wibble]").product(t)
	s.home().post(t, tokenPath+"?wibble=1", object{"grant_type": "client_credentials"}).
		fails(t, 400, "illegal_argument_exception", "request ["+tokenPath+"] contains unrecognized parameter: [wibble]")
	s.user("contract-reader").get(t, "/contract-logs/_search?wibble=1&wobble=2").
		fails(t, 400, "illegal_argument_exception", "request [/contract-logs/_search] contains unrecognized parameters: [wibble], [wobble]")
}

func httpRefreshByAnother(t *testing.T, s *server) {
	p := s.newPair(t)
	s.refreshAs(t, s.user("contract-other"), p).refuses(t, "invalid_grant", "tokens must be refreshed by the creating client")
	s.refreshAs(t, s.home(), p).want(t, 200)
}

func httpStoreDown(t *testing.T, s *server) {
	p := s.newPair(t)
	key := s.newKey(t, object{"name": "down"})
	s.controls.tokensIndex("primary_down")
	s.bearer(p.access).who(t).invalidToken(t)
	s.refreshAs(t, s.home(), p).refuses(t, "invalid_grant", "could not refresh the requested token")
	s.home().del(t, tokenPath, object{"token": p.access}).fails(t, 503, "security_exception", "unable to perform requested action")
	s.home().post(t, tokenPath, passwordGrant("contract-joe")).want(t, 503)
	s.home().who(t).want(t, 200)
	s.controls.healthy()
	s.bearer(p.access).who(t).want(t, 200)
	s.with("Authorization: ApiKey "+key.encoded).who(t).want(t, 200)

	s.controls.securityIndexDown()
	s.with("Authorization: ApiKey "+key.encoded).who(t).unsuccessful(t, "API key: apikey authentication for id "+key.id+" encountered a failure")
	s.home().who(t).want(t, 200)
}

func httpNoHTTP2(t *testing.T, s *server) {
	if s.tls != nil {
		offering := s.tls.Clone()
		offering.NextProtos = []string{"h2", "http/1.1"}
		conn, err := (&tls.Dialer{Config: offering}).DialContext(t.Context(), "tcp", s.host)
		if err == nil {
			defer conn.Close()
			if got := conn.(*tls.Conn).ConnectionState().NegotiatedProtocol; got == "h2" { //nolint:forcetypeassert,errcheck // fails loudly
				t.Error("HTTP/2 is chosen in the handshake")
			}
		}
	}
	a := s.user("contract-joe").with("Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__").who(t).want(t, 200)
	if a.header.Get("Upgrade") != "" {
		t.Errorf("an upgrade is offered\n%s", a)
	}
	conn := s.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	// Whatever comes is HTTP/1 or the end: a frame would begin with its length and type.
	first, err := bufio.NewReader(conn).Peek(5)
	if err == nil && string(first) != "HTTP/" {
		t.Errorf("prior knowledge: got %q", first)
	}
}

func httpErrorTrace(t *testing.T, s *server) {
	a := s.user("contract-joe").get(t, "/?error_trace=true").want(t, 403)
	if trace, ok := a.at(t, "error.stack_trace").(string); !ok || trace == "" {
		t.Errorf("no stack trace\n%s", a)
	}
	if a := s.nobody().get(t, "/?error_trace=true").want(t, 401); a.at(t, "error.stack_trace") != nil {
		t.Errorf("a stack trace on 401\n%s", a)
	}
	if a := s.user("contract-joe").get(t, "/").want(t, 403); a.at(t, "error.stack_trace") != nil {
		t.Errorf("a stack trace that nobody asked for\n%s", a)
	}
}

func httpSniffing(t *testing.T, s *server) {
	a := s.user("contract-reader").get(t, "/_nodes/_all/http").want(t, 200).product(t)
	nodes, ok := a.at(t, "nodes").(object)
	if !ok || len(nodes) == 0 {
		t.Fatalf("no nodes\n%s", a)
	}
	for id, node := range nodes {
		published, ok := at(node.(object), "http.publish_address").(string) //nolint:forcetypeassert,errcheck // fails loudly
		if !ok || published == "" {
			t.Errorf("node %s: no publish_address\n%s", id, a)
		}
		if s.controls != nil && published != s.host {
			t.Errorf("node %s: got %q, want %q", id, published, s.host)
		}
	}
	s.home().get(t, "/_nodes/_all/http").want(t, http.StatusForbidden)
}
