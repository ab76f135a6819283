package clients

import (
	"maps"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSecurityNamespace: every method of the Python client's security namespace does
// through the gateway what it does without it. That holds for what Elasticsearch
// refuses too, and (the stand-in has a part of that API only) for what it does not know.
func TestSecurityNamespace(t *testing.T) {
	t.Parallel()
	for _, release := range []struct {
		version string
		client  program
		methods int // that the namespace has at least
	}{
		{"8.17.0", python("8", "8.17.2", "security.py"), 64},
		{"9.5.0", python("9", "9.5.1", "security.py"), 66},
	} {
		t.Run(release.client.name, func(t *testing.T) {
			t.Parallel()
			g, told := start(t, release.version)
			told.Bearer, _ = signIn(t, g, "bob")
			before := total(g.ES.Counters().Calls)
			through := release.client.run(t, g, told)
			arrived := total(g.ES.Counters().Calls) - before

			direct := httptest.NewServer(g.ES)
			defer direct.Close()
			told.URL = direct.URL
			if diff := cmp.Diff(release.client.run(t, g, told), through); diff != "" {
				t.Errorf("-without the gateway +with it:\n%s", diff)
			}
			if len(through) < release.methods {
				t.Errorf("%d methods were called, want %d", len(through), release.methods)
			}
			if want := len(through) + 2; arrived != want { // two API keys are made first
				t.Errorf("%d calls arrived at Elasticsearch, want %d", arrived, want)
			}
			for method, seen := range through {
				judge(t, method, seen.(object)) //nolint:forcetypeassert,errcheck // fails loudly
			}
		})
	}
}

func total(calls map[string]int) int {
	sum := 0
	for n := range maps.Values(calls) {
		sum += n
	}
	return sum
}

// judge looks at what came back through the gateway.
func judge(t *testing.T, method string, seen object) {
	t.Helper()
	if seen["gateway"] != nil || seen["status"] == nil {
		t.Errorf("%s: Elasticsearch was not heard: %v", method, seen)
	}
	if slices.Contains(answered(), method) && seen["status"] != 200.0 {
		t.Errorf("%s: was refused: %v", method, seen)
	}
}

// answered are the methods that the stand-in has, as far as they can succeed here.
func answered() []string {
	return []string{
		"activate_user_profile", "authenticate", "bulk_update_api_keys", "create_api_key", "get_api_key", "get_token",
		"get_user_privileges", "get_user_profile", "grant_api_key", "has_privileges", "invalidate_api_key", "invalidate_token",
		"query_api_keys", "saml_prepare_authentication", "saml_service_provider_metadata", "update_api_key",
	}
}
