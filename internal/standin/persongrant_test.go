package standin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestGrantOfAKey(t *testing.T) {
	t.Parallel()
	n := start(t)
	grant := func(auth, body string) reply { return n.do("POST", keyPath+"/grant", auth, body) }
	person := `"grant_type":"password","username":"bob","password":"bob-pw"`
	a := grant(basic("root"), `{`+person+`,"api_key":{"name":"k"}}`)
	encoded, _ := n.fields(a)["encoded"].(string)
	if who := n.whoami("ApiKey " + encoded); !strings.Contains(who.body, `"username":"bob"`) {
		t.Errorf("grant: %d %s; owner %s", a.status, a.body, who.body)
	}
	for _, tc := range []struct {
		name, body string
		status     int
		kind, want string
	}{
		{"no grant type", `{"api_key":{"name":"k"}}`, 400, "action_request_validation_exception", "Validation Failed: 1: [grant_type] is required;"},
		{"unknown grant type", `{"grant_type":"x","api_key":{"name":"k"}}`, 400, "action_request_validation_exception", "Validation Failed: 1: grant_type [x] is not supported;"},
		{
			"missing and surplus", `{"grant_type":"access_token","username":"a","api_key":{"name":"k"}}`, 400, "action_request_validation_exception",
			"Validation Failed: 1: [access_token] is required for grant_type [access_token];2: [username] is not supported for grant_type [access_token];",
		},
		{"wrong person", `{"grant_type":"password","username":"bob","password":"x","api_key":{"name":"k"}}`, 403, "security_exception", "Failed to authenticate api key grant"},
		{
			"run as without the right", `{` + person + `,"run_as":"root","api_key":{"name":"k"}}`, 403, "security_exception",
			"action [cluster:admin/xpack/security/api_key/grant] is unauthorized for user [bob] with effective roles [reader], " +
				"because user [bob] is unauthorized to run as [root]",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n.refused(grant(basic("root"), tc.body), tc.status, tc.kind, tc.want)
		})
	}
	a = grant(basic("root"), `{"grant_type":"password","username":"actor","password":"actor-pw","run_as":"bob","api_key":{"name":"k"}}`)
	encoded, _ = n.fields(a)["encoded"].(string)
	if who := n.whoami("ApiKey " + encoded); !strings.Contains(who.body, `"username":"bob"`) {
		t.Errorf("run as: %d %s; owner %s", a.status, a.body, who.body)
	}
	p := n.signIn("bob")
	n.clock.advance(time.Hour)
	a = grant(basic("root"), `{"grant_type":"access_token","access_token":"`+p.access+`","api_key":{"name":"k"}}`)
	cause, _ := n.problem(a)["caused_by"].(map[string]any)
	if a.status != http.StatusForbidden || cause["reason"] != "token expired" {
		t.Errorf("expired token: %d %s", a.status, a.body)
	}
}

// TestProfilesThatAreNotThere: before the first activation there is no index.
func TestProfilesThatAreNotThere(t *testing.T) {
	t.Parallel()
	n := start(t)
	missing := func(kind, reason string) string {
		return `{"profiles":[],"errors":{"count":1,"details":{"u_x_0":{"type":"` + kind + `","reason":"` + reason + `"}}}}`
	}
	ask := func() reply { return n.do("GET", "/_security/profile/u_x_0", basic("root"), "") }
	if a, want := ask(), missing("exception", "profile index does not exist"); a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	n.do("POST", "/_security/profile/_activate", basic("root"), `{"grant_type":"password","username":"bob","password":"bob-pw"}`)
	if a, want := ask(), missing("resource_not_found_exception", "profile document not found"); a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}

func TestProfileActivation(t *testing.T) {
	t.Parallel()
	n := start(t)
	activate := func(auth, body string) reply { return n.do("POST", "/_security/profile/_activate", auth, body) }
	p := n.signIn("bob")
	a := activate(basic("root"), `{"grant_type":"access_token","access_token":"`+p.access+`"}`)
	b := activate(basic("root"), `{"grant_type":"password","username":"bob","password":"bob-pw"}`)
	if a.status != http.StatusOK || a.body != b.body || !strings.Contains(a.body,
		`"user":{"username":"bob","roles":["reader"],"realm_name":"default_file","email":"bob@example.org","full_name":"Bob B"},"labels":{},"data":{}`) {
		t.Errorf("got %d %s and %s", a.status, a.body, b.body)
	}
	unknown := activate(basic("root"), `{"grant_type":"access_token","access_token":"x"}`)
	n.refused(unknown, http.StatusUnauthorized, "security_exception",
		"unable to authenticate user [_bearer_token] for action [cluster:admin/xpack/security/profile/activate]")
	if got := n.problem(unknown)["additional_unsuccessful_credentials"]; got != "oauth2 token: invalid token" {
		t.Errorf("additional %v", got)
	}
	n.refused(activate(basic("root"), `{"grant_type":"password","username":"bob","password":"x"}`), http.StatusUnauthorized,
		"security_exception", "unable to authenticate user [bob] for action [cluster:admin/xpack/security/profile/activate]")
	if a := activate(basic("gateway"), `{"grant_type":"access_token","access_token":"x"}`); a.status != http.StatusForbidden {
		t.Errorf("without the privilege: %d %s", a.status, a.body)
	}
	made := n.pair(n.do("POST", tokenPath, "ApiKey "+n.key(basic("root"), `{"name":"k"}`).encoded, `{"grant_type":"client_credentials"}`))
	n.refused(activate(basic("root"), `{"grant_type":"access_token","access_token":"`+made.access+`"}`), http.StatusBadRequest,
		"illegal_argument_exception", "profile is supported for user only, but subject is a [api_key]")
}
