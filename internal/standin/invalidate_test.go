package standin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
)

func counts(now, before string) string {
	return `{"invalidated_tokens":` + now + `,"previously_invalidated_tokens":` + before + `,"error_count":0}`
}

func (n *node) invalidate(body string, status int, want string) {
	n.tb.Helper()
	a := n.do("DELETE", tokenPath, basic("gateway"), body)
	if a.status != status || a.body != want {
		n.tb.Errorf("DELETE %s: got %d %s, want %d %s", body, a.status, a.body, status, want)
	}
}

func TestInvalidationOfHalves(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.invalidate(`{"token":"`+p.access+`"}`, http.StatusOK, counts("1", "0"))
	n.invalidate(`{"token":"`+p.access+`"}`, http.StatusOK, counts("0", "1"))
	n.invalidate(`{"token":"`+p.refresh+`"}`, http.StatusNotFound, counts("0", "0"))
	n.invalidate(`{"token":"garbage"}`, http.StatusNotFound, counts("0", "0"))
	successor := n.pair(n.refresh(p.refresh))
	n.invalidate(`{"refresh_token":"`+p.refresh+`"}`, http.StatusOK, counts("1", "0"))
	if a := n.whoami(bearer(successor.access)); a.status != http.StatusOK {
		t.Errorf("the successor died with its predecessor: %s", a.body)
	}
	n.clock.advance(time.Hour)
	n.invalidate(`{"token":"`+successor.access+`"}`, http.StatusOK, counts("1", "0"))
}

func TestInvalidationByRealmAndUser(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.invalidate(`{"username":"bob"}`, http.StatusOK, counts("0", "0"))
	first := n.signIn("bob")
	n.signIn("bob")
	n.signIn("other")
	n.pair(n.do("POST", tokenPath, basic("root"), `{"grant_type":"client_credentials"}`))
	n.invalidate(`{"token":"`+first.access+`"}`, http.StatusOK, counts("1", "0"))
	n.invalidate(`{"username":"bob","realm_name":"elsewhere"}`, http.StatusOK, counts("0", "0"))
	n.invalidate(`{"username":"bob","realm_name":"default_file"}`, http.StatusOK, counts("3", "1"))
	if live := n.es.LiveTokens("bob"); live != 0 {
		t.Errorf("%d live tokens", live)
	}
	n.invalidate(`{"realm_name":"default_file"}`, http.StatusOK, counts("3", "0"))
}

func TestInvalidationRequestsAreExclusive(t *testing.T) {
	t.Parallel()
	n := start(t)
	both := n.do("DELETE", tokenPath, basic("gateway"), `{"token":"a","refresh_token":"b"}`)
	n.refused(both, http.StatusBadRequest, "x_content_parse_exception",
		"Failed to build [invalidate_token] after last required field arrived")
	cause, _ := n.problem(both)["caused_by"].(map[string]any)
	if cause["reason"] != "only one of [token, refresh_token] may be sent per request" {
		t.Errorf("cause %v", cause)
	}
	n.refused(n.do("DELETE", tokenPath, basic("bob"), `{"token":""}`), http.StatusBadRequest, "action_request_validation_exception",
		"Validation Failed: 1: token string must be provided when not specifying a realm name or a username;")
	n.refused(n.do("DELETE", tokenPath, basic("bob"), `{"token":"a","username":"b"}`), http.StatusBadRequest,
		"action_request_validation_exception",
		"Validation Failed: 1: token string must not be provided when realm name or username is specified;"+
			"2: token type must not be provided when realm name or username is specified;")
}

func TestNoTokensIndexBeforeTheFirstToken(t *testing.T) {
	t.Parallel()
	n, other := start(t), start(t)
	foreign := other.signIn("bob")
	n.refused(n.do("DELETE", tokenPath, basic("gateway"), `{"token":"`+foreign.access+`"}`), http.StatusBadRequest,
		"security_exception", "failed to invalidate token")
	n.signIn("bob")
	n.invalidate(`{"token":"`+foreign.access+`"}`, http.StatusNotFound, counts("0", "0"))
}

func TestCleanupRunsOnInvalidationOnly(t *testing.T) {
	t.Parallel()
	n := start(t)
	p := n.signIn("bob")
	n.clock.advance(24*time.Hour + time.Second)
	n.refused(n.whoami(bearer(p.access)), http.StatusUnauthorized, "security_exception", "token expired")
	n.oauth(n.refresh(p.refresh), "invalid_grant", "token document has expired")
	n.invalidate(`{"token":"garbage"}`, http.StatusNotFound, counts("0", "0"))
	n.refused(n.whoami(bearer(p.access)), http.StatusUnauthorized, "security_exception", generic401)
	n.oauth(n.refresh(p.refresh), "invalid_grant", "could not refresh the requested token")
	if got := n.es.Counters().TokenDocuments; got != 0 {
		t.Errorf("%d documents left", got)
	}
	p = n.signIn("bob")
	n.es.ForgetTokens("bob")
	n.refused(n.whoami(bearer(p.access)), http.StatusUnauthorized, "security_exception", generic401)
}

func TestTokensIndexOut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		state                         standin.IndexState
		bearer, one, many, create     int
		bearerKind, oneKind, manyKind string
	}{
		{standin.IndexMissing, 401, 400, 200, 200, "security_exception", "security_exception", ""},
		{standin.IndexClosed, 400, 400, 400, 400, "index_closed_exception", "security_exception", "index_closed_exception"},
		{standin.IndexPrimaryDown, 401, 503, 503, 503, "security_exception", "security_exception", "unavailable_shards_exception"},
	} {
		t.Run(string(tc.state), func(t *testing.T) {
			t.Parallel()
			n := start(t)
			p := n.signIn("bob")
			n.es.SetFaults(standin.Faults{TokensIndex: tc.state})
			kind := func(what string, a reply, status int, kind string) {
				t.Helper()
				if a.status != status || kind != "" && n.problem(a)["type"] != kind {
					t.Errorf("%s: got %d %s, want %d %s", what, a.status, a.body, status, kind)
				}
			}
			kind("bearer", n.whoami(bearer(p.access)), tc.bearer, tc.bearerKind)
			kind("one", n.do("DELETE", tokenPath, basic("gateway"), `{"token":"`+p.access+`"}`), tc.one, tc.oneKind)
			kind("many", n.do("DELETE", tokenPath, basic("gateway"), `{"username":"bob"}`), tc.many, tc.manyKind)
			kind("create", n.do("POST", tokenPath, basic("gateway"), `{"grant_type":"client_credentials"}`), tc.create, "")
			n.oauth(n.refresh(p.refresh), "invalid_grant", "could not refresh the requested token")
			n.invalidate(`{"token":"garbage"}`, http.StatusNotFound, counts("0", "0"))
			n.es.SetFaults(standin.Faults{})
			kind("after the outage", n.whoami(bearer(p.access)), http.StatusOK, "")
		})
	}
}
