package op_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin/op"
)

// Whatever is asked, browsers are sent to the provider itself or to an address that a
// client has registered, and nobody gets tokens for a code that was not given.
func FuzzEndpoints(f *testing.F) {
	key, err := rsaKey()
	provider, err := op.New(op.Config{
		Issuer: "https://op.example", Key: must(f, key, err), People: []op.Person{jane}, Clients: clients(),
		Now: func() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) },
	})
	must(f, provider, err)
	const ask = "client_id=gateway&redirect_uri=https%3A%2F%2Fgateway.example%2Fcallback&response_type=code&scope=openid"
	for _, seed := range []struct{ path, query string }{
		{"/authorize", ask + "&prompt=none"},
		{"/authorize", ask + "&response_mode=form_post&state=%22"},
		{"/authorize", "client_id=x"},
		{"/end_session", "id_token_hint=a.b.c"},
		{"/end_session", "client_id=gateway&post_logout_redirect_uri=https%3A%2F%2Fgateway.example%2Fout&state=x"},
		{"/token", "grant_type=authorization_code&code=x&client_id=gateway&client_secret=y"},
		{"/token", "client_assertion=e30.e30.e30"},
		{"/userinfo", ""},
	} {
		f.Add(seed.path, seed.query)
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequest(method, "https://op.example/", strings.NewReader(query))
			r.URL.Path, r.URL.RawQuery = path, query
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			seen := httptest.NewRecorder()
			provider.ServeHTTP(seen, r)
			to := seen.Header().Get("Location")
			if to != "" && !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, redirectURI) && !strings.HasPrefix(to, afterwards) {
				t.Errorf("%s %s?%s: sent to %s", method, path, query, to)
			}
			if seen.Code >= http.StatusInternalServerError || strings.Contains(seen.Body.String(), "access_token\":") {
				t.Errorf("%s %s?%s: %d %s", method, path, query, seen.Code, seen.Body)
			}
		}
	})
}
