package login

import (
	"net/http"
	"net/url"
	"testing"
)

// TestARequestsHostIsThePublicHost however a browser writes it: what differs would be sent
// to the public host for ever.
func TestARequestsHostIsThePublicHost(t *testing.T) {
	t.Parallel()
	for public, hosts := range map[string][]string{
		"https://sso.example.com":      {"sso.example.com", "SSO.example.com", "sso.example.com:443", "sso.example.com.", "sso.example.com.:443"},
		"https://sso.example.com:8443": {"sso.example.com:8443"},
		"https://192.0.2.1":            {"192.0.2.1", "192.0.2.1:443"},
		"https://[2001:db8::1]":        {"[2001:db8::1]", "[2001:DB8::1]", "[2001:db8::1]:443"},
		"https://[2001:db8::1]:8443":   {"[2001:db8::1]:8443"},
	} {
		u, err := url.Parse(public)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range hosts {
			if got := hostOf(&http.Request{Host: host}); got != u.Hostname() {
				t.Errorf("%s as %s: %q, want %q", public, host, got, u.Hostname())
			}
		}
	}
}
