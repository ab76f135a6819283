package oidc_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

// TestAKeyThatNobodyUnderstands beside the others is left out (RFC 7517, section 5).
func TestAKeyThatNobodyUnderstands(t *testing.T) {
	t.Parallel()
	w := start(t, options{method: ", id_token: require"})
	good, err := w.keys()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []any }
	if err := json.Unmarshal(good, &set); err != nil {
		t.Fatal(err)
	}
	set.Keys = append([]any{
		map[string]any{"kty": "of the future", "kid": "a"},
		map[string]any{"kty": "EC", "crv": "secp256k1", "kid": "b", "x": "AQ", "y": "AQ"},
		map[string]any{"kty": "RSA", "kid": "c"},
	}, set.Keys...)
	mixed := func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/jwks" {
			return false
		}
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(map[string]any{"keys": set.Keys})
		return true
	}
	w.instead.Store(&mixed)
	alice := w.signIn(t, "alice", "s1")
	if all := w.Warnings(); len(all) > 0 {
		t.Errorf("the warnings are %q", all)
	}
	if got := w.notice(t, w.logoutToken(t, w.key, nil)); got.Status != http.StatusOK || lives(alice) {
		t.Errorf("a logout token: %d, alice lives: %v", got.Status, lives(alice))
	}
}
