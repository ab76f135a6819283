package web_test

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/esgateway/esgateway/internal/web"
)

func TestOriginOf(t *testing.T) {
	t.Parallel()
	own := &url.URL{Scheme: "https", Host: "sso.example.com"}
	for _, tc := range []struct {
		name, method          string
		site, origin, referer string
		want                  web.Origin
	}{
		{"a page of ours", "POST", "same-origin", "https://sso.example.com", "", web.SameOrigin},
		{"the browser's word counts more than Origin", "POST", "cross-site", "https://sso.example.com", "", web.OtherOrigin},
		{"another site", "POST", "cross-site", "https://evil.example", "", web.OtherOrigin},
		{"a sibling host", "POST", "same-site", "https://app.example.com", "", web.OtherOrigin},
		{"a typed address", "GET", "none", "", "", web.SameOrigin},
		{"nobody types a POST", "POST", "none", "", "", web.UnknownOrigin},
		{"a POST of nowhere from another page", "POST", "none", "https://evil.example", "", web.OtherOrigin},
		{"an old browser on our page", "POST", "", "https://sso.example.com", "", web.SameOrigin},
		{"host in capitals", "POST", "", "https://SSO.example.com", "", web.SameOrigin},
		{"another scheme", "POST", "", "http://sso.example.com", "", web.OtherOrigin},
		{"another port", "POST", "", "https://sso.example.com:8443", "", web.OtherOrigin},
		{"a page that hides where it is from", "POST", "", "null", "", web.OtherOrigin},
		{"Origin that cannot be read", "POST", "", "https://[", "", web.OtherOrigin},
		{"only Referer, ours", "POST", "", "", "https://sso.example.com/page?x=1", web.SameOrigin},
		{"only Referer, another's", "POST", "", "", "https://evil.example/sso.example.com", web.OtherOrigin},
		{"nothing", "POST", "", "", "", web.UnknownOrigin},
		{"a value that is not known yet", "POST", "same-party", "", "", web.OtherOrigin},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tc.method, "/", nil)
			for name, value := range map[string]string{"Sec-Fetch-Site": tc.site, "Origin": tc.origin, "Referer": tc.referer} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if got := web.OriginOf(r, own); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
