package clients

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// object is a JSON object.
type object = map[string]any

// TestClients: each client does its daily work with a person's bearer, against the
// release that it was made for, and raises its ordinary errors.
func TestClients(t *testing.T) {
	t.Parallel()
	for _, release := range []struct {
		version string
		clients []program
	}{
		{"8.17.0", []program{python("8", "8.17.2", "client.py"), javascript("8", "8.19.2"), golang("8", "8.19.7")}},
		{"9.5.0", []program{python("9", "9.5.1", "client.py"), javascript("9", "9.4.3"), golang("9", "9.5.2")}},
	} {
		t.Run(release.version, func(t *testing.T) {
			t.Parallel()
			g, told := start(t, release.version)
			for _, p := range release.clients {
				t.Run(p.name, func(t *testing.T) {
					told := told
					told.Index = "notes-" + p.name
					compare(t, p.run(t, g, told), expected(release.version, told.Index, p))
					compareRequests(t, g, told.Index, p)
				})
			}
		})
	}
}

// compare compares step by step.
func compare(t *testing.T, seen, want object) {
	t.Helper()
	for step, wanted := range want {
		t.Run(step, func(t *testing.T) {
			if diff := cmp.Diff(plain(t, wanted), ourWordsAside(t, seen[step])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for step := range seen {
		if _, known := want[step]; !known {
			t.Errorf("nobody expected %q", step)
		}
	}
}

// ourWordsAside takes the sentence out of an error of the gateway's own, and when to come
// back: there must be one, and how it reads is tested elsewhere.
func ourWordsAside(t *testing.T, seen any) any {
	t.Helper()
	raised, is := seen.(object)
	if !is || raised["gateway"] == nil {
		return seen
	}
	if reason, is := raised["reason"].(string); !is || reason == "" {
		t.Errorf("an error without a reason: %v", raised)
	}
	delete(raised, "reason")
	if after, is := raised["retry after"].(string); is && raised["status"] == 503.0 {
		if seconds, err := strconv.Atoi(after); err != nil || seconds < 1 {
			t.Errorf("Retry-After: %s, want seconds", after)
		}
		raised["retry after"] = "seconds"
	}
	return raised
}

// expected is what a client's program sees.
func expected(version, index string, p program) object {
	say := p.errors
	created := []string{"created", "created", "created", "created", "created"}
	return object{
		"info": version,

		"info behind a prefix": version,

		"bulk":           object{"errors": false, "results": created},
		"search":         object{"total": 5, "ids": []string{"1", "2", "3", "4", "5"}},
		"scroll":         object{"pages": [][]string{{"1", "2"}, {"3", "4"}, {"5"}}, "freed": 1},
		"point in time":  object{"ids": []string{"5", "4"}, "freed": 1},
		"authenticate":   []string{"alice", "saml1", "token"},
		"has privileges": []any{object{"manage_own_api_key": true, "manage_security": false}, object{index: true, "salaries": false}},
		"api keys": object{
			"used": "api_key", "get": []string{index}, "query": []string{index}, "invalidated": 1,
			"used after": say.elasticsearch(say.unauthenticated, 401, "security_exception", "unable to authenticate with provided credentials "+
				"and anonymous access is not allowed for this request"),
		},
		"credentials": object{
			"basic":   []any{"robot", "default_file", "realm", 5},
			"bearer":  []any{"alice", "saml1", "token", 5},
			"api key": []any{"robot", "_es_api_key", "api_key", 5},
		},
		"profile": []string{"alice"},

		// Elasticsearch's own errors pass as they are.
		"expired token": say.elasticsearch(say.unauthenticated, 401, "security_exception", "token expired"),
		"index of others": say.elasticsearch(say.forbidden, 403, "security_exception", "action [indices:data/read/search] is unauthorized for user [alice] "+
			"with effective roles [analyst] on indices [salaries], this action is granted by the index privileges [read,all]"),
		"no such index": say.elasticsearch(say.notFound, 404, "index_not_found_exception", "no such index ["+index+"-nowhere]"),
		"no such query": say.elasticsearch(say.badRequest, 400, "parsing_exception", "unknown query [nonsense]"),

		// The gateway has no 429 of its own; one of Elasticsearch's is not made a 503 either.
		"elasticsearch is busy": say.elasticsearch(say.other, 429, "es_rejected_execution_exception",
			"rejected execution of TimedRunnable on EsThreadPoolExecutor"),
		"elasticsearch is starting": say.elasticsearch(say.other, 503, "cluster_block_exception",
			"blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"), //nolint:misspell // the wire's spelling

		// Ours look the same, and say so in a header.
		"no credentials":               say.gateway(say.unauthenticated, 401, "security_exception", "login_required"),
		"basic is refused":             say.gateway(say.unauthenticated, 401, "security_exception", "login_required"),
		"bearer is refused":            say.gateway(say.unauthenticated, 401, "security_exception", "login_required"),
		"api key is refused":           say.gateway(say.unauthenticated, 401, "security_exception", "login_required"),
		"wrong password is verified":   say.gateway(say.unauthenticated, 401, "security_exception", "login_required"),
		"route requires another role":  say.gateway(say.forbidden, 403, "security_exception", "forbidden"),
		"route requires somebody else": say.gateway(say.forbidden, 403, "security_exception", "forbidden"),
		"elasticsearch is away":        say.gateway(say.other, 503, "status_exception", "elasticsearch_unavailable"),
		"answer is lost":               say.gateway(say.other, 502, "status_exception", "upstream_failed"),
		"answer is late":               say.gateway(say.other, 504, "status_exception", "upstream_timeout"),
		"sniffing":                     say.gateway(say.badRequest, 400, "illegal_argument_exception", "bad_request"),

		// As often as a client tries again, the last error is what it raises.
		"again":         object{"by itself": statuses(), "switched off": statuses()},
		"retry after":   "does not wait",
		"written again": object{"without-id": p.requests()["forgetful"], "with-id": 1},
	}
}

// errors are what a client calls its errors.
type errors struct{ badRequest, unauthenticated, forbidden, notFound, other string }

func (errors) elasticsearch(raised string, status int, kind, reason string) object {
	return object{
		"raised": raised, "status": status, "type": kind, "reason": reason, "gateway": nil, "retry after": nil, "printed": true,
	}
}

func (errors) gateway(raised string, status int, kind, fault string) object {
	var retry any
	if status == http.StatusServiceUnavailable {
		retry = "seconds"
	}
	return object{"raised": raised, "status": status, "type": kind, "gateway": fault, "retry after": retry, "printed": true}
}

// plain is a value as it looks after a way through JSON.
func plain(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back any
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return back
}
