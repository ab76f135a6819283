package oidc

import (
	"os"
	"strings"
	"testing"
)

// TestEveryCauseIsDocumented: whoever reads a cause on a page finds it in the guide, and
// an operator every alarm.
func TestEveryCauseIsDocumented(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/oidc.md")
	if err != nil {
		t.Fatal(err)
	}
	words := []string{
		"idp_error", "issuer", "refused", "provider_unreachable", "expired", "id_token",
		"oidc_id_token_missing", "oidc_keys_missing", "oidc_provider_other", "oidc_session_unlinked",
	}
	for code := range refusals {
		words = append(words, code)
	}
	for _, word := range words {
		if !strings.Contains(string(guide), "`"+word+"`") {
			t.Errorf("docs/oidc.md does not explain %s", word)
		}
	}
}
