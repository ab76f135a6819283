package oidc_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin/op"
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

// TestAClientThatLeavesIsNoOutage of the provider: whoever breaks off while its keys are
// read for him decides nothing for those who come next.
func TestAClientThatLeavesIsNoOutage(t *testing.T) {
	t.Parallel()
	w := start(t, options{method: ", id_token: require, client_id: " + client})
	arrived, broken, goOn := make(chan struct{}), make(chan struct{}), make(chan struct{})
	slow := func(_ http.ResponseWriter, r *http.Request) bool {
		arrived <- struct{}{}
		select {
		case <-r.Context().Done():
			close(broken)
		case <-goOn:
		}
		return false
	}
	w.instead.Store(&slow)
	ctx, leave := context.WithCancel(t.Context())
	form := url.Values{"logout_token": {w.logoutToken(t, w.key, map[string]any{"sid": "s9"})}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL.String()+prefix+"/oidc/partners/backchannel-logout", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if resp, err := w.Browser().Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-arrived
	leave()
	<-gone
	w.instead.Store(nil)
	patience, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	select { // long enough for the gateway to notice, which must not matter
	case <-broken:
		t.Error("what the gateway read for all was broken off")
	case <-patience.Done():
	}
	close(goOn)
	w.signIn(t, "alice", "s1")
	if all := w.Warnings(); len(all) > 0 {
		t.Errorf("the warnings are %q", all)
	}
}

// TestAWarningEndsWithItsCause: /readyz?verbose shows what is so, not what was so once.
func TestAWarningEndsWithItsCause(t *testing.T) {
	t.Parallel()
	t.Run("the document was another's", func(t *testing.T) {
		t.Parallel()
		w := start(t, options{})
		another := func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
				return false
			}
			rw.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(rw).Encode(map[string]any{"issuer": "https://other.example", "jwks_uri": w.issuer + "/jwks"})
			return true
		}
		w.instead.Store(&another)
		b := w.Browser()
		w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{})
		if all := strings.Join(w.Warnings(), ""); lives(b) || !strings.Contains(all, "another issuer") {
			t.Fatalf("the warnings are %q", all)
		}
		w.instead.Store(nil)
		w.Clock.Advance(time.Minute)
		w.signIn(t, "alice", "s1")
		if all := w.Warnings(); len(all) > 0 {
			t.Errorf("the warnings are %q", all)
		}
	})
	t.Run("the keys could not be read for a logout token", func(t *testing.T) {
		t.Parallel()
		w := start(t, options{method: ", id_token: off"})
		w.signIn(t, "alice", "s1")
		w.down.Store(true)
		w.notice(t, w.logoutToken(t, w.key, nil))
		if all := strings.Join(w.Warnings(), ""); !strings.Contains(all, "keys cannot be read") {
			t.Fatalf("the warnings are %q", all)
		}
		w.down.Store(false)
		w.Clock.Advance(time.Minute)
		if got := w.notice(t, w.logoutToken(t, w.key, nil)); got.Status != http.StatusOK {
			t.Fatalf("got %d", got.Status)
		}
		if all := w.Warnings(); len(all) > 0 {
			t.Errorf("the warnings are %q", all)
		}
	})
}

// TestALogoutTokenWhileTheDocumentIsAnothers is no mistake of the token: the provider is
// to try again, and the operator hears of it.
func TestALogoutTokenWhileTheDocumentIsAnothers(t *testing.T) {
	t.Parallel()
	w := start(t, options{method: ", id_token: off, client_id: " + client, slash: "/"})
	got := w.notice(t, w.logoutToken(t, w.key, map[string]any{"iss": w.issuer + "/"}))
	if got.Status != http.StatusServiceUnavailable && got.Status != http.StatusBadGateway {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if all := strings.Join(w.Warnings(), ""); !strings.Contains(all, "another issuer") {
		t.Errorf("the warnings are %q", all)
	}
}

// TestASkewHoldsForBothEnds of a token's life: the more a clock may differ, the more is
// taken.
func TestASkewHoldsForBothEnds(t *testing.T) {
	t.Parallel()
	w := start(t, options{method: ", clock_skew: 10m"})
	now := w.Clock.Now()
	for name, claims := range map[string]map[string]any{
		"made this moment":       {"nbf": now.Unix()},
		"made nine minutes on":   {"nbf": now.Add(9 * time.Minute).Unix()},
		"ended nine minutes ago": {"exp": now.Add(-9 * time.Minute).Unix()},
	} {
		b := w.Browser()
		if got := w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{Claims: claims}); !lives(b) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	for name, claims := range map[string]map[string]any{
		"of the future":            {"nbf": now.Add(11 * time.Minute).Unix()},
		"ended eleven minutes ago": {"exp": now.Add(-11 * time.Minute).Unix()},
	} {
		b := w.Browser()
		w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{Claims: claims})
		if lives(b) {
			t.Errorf("%s signs in", name)
		}
	}
}
