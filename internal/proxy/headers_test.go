package proxy

import (
	"net/http"
	"slices"
	"testing"
)

// TestForgedHeaders: adding a case is one line. Names are as clients spell them.
func TestForgedHeaders(t *testing.T) {
	t.Parallel()
	p := newPolicy(nil)
	for name, forged := range map[string]bool{
		"X-Forwarded-For": true, "x-forwarded-user": true, "X_Forwarded_User": true, "X.Forwarded.User": true, "X-FORWARDED-PREFIX": true,
		"X-Gateway-User": true, "x_gateway_response": true, "Forwarded": true, "FORWARDED": true, "X-Real-IP": true, "X_Real_Ip": true,
		"Remote-User": true, "Remote_User": true, "X-Auth-Request-Email": true, "X-WEBAUTH-USER": true, "Proxy": true,
		"es-security-runas-user": true, "ES_SECURITY_RUNAS_USER": true, "es-secondary-authorization": true,
		"es-secondary-x-client-authentication": true, "x-client-authentication": true, "ES-Client-Authentication": true,
		"X-elastic-product-origin": true, "x-elastic-internal-origin": true, "X-Elastic-Project-Id": true,
		"_xpack_security_authentication": true, "_security_x": true, "Client-Cert": true, "client_cert_chain": true, "X-SSL-Client-Cert": true, "x_amzn_mtls_clientcert": true,
		"Accept": false, "Content-Type": false, "X-Opaque-Id": false, "Traceparent": false, "Kbn-Xsrf": false, "X-Elastic-Client-Meta": false,
		"If-None-Match": false, "X-Requested-With": false, "Range": false,
	} {
		if got := p.forged(normal(name)); got != forged {
			t.Errorf("forged(%q) = %v, want %v", name, got, forged)
		}
	}
}

func TestCleanLeavesOnlyWhatAClientMaySay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   http.Header
		own  bool
		want http.Header
	}{
		{
			"our cookies go, the others keep their bytes",
			http.Header{"Cookie": {"a=1; __Host-esgateway_session=x;b=\"2 3\"", "esgateway_browser=y; c"}},
			false,
			http.Header{"Cookie": {"a=1; b=\"2 3\"; c"}},
		},
		{"no other cookie: no header", http.Header{"Cookie": {"__Secure-esgateway_session=x; ESGATEWAY_SESSION=y"}}, false, http.Header{}},
		{"a client's Authorization goes", http.Header{"Authorization": {"Basic x"}}, false, http.Header{}},
		{"unless the route takes it", http.Header{"Authorization": {"ApiKey x"}}, true, http.Header{"Authorization": {"ApiKey x"}}},
		{"other spellings of Authorization always go", http.Header{"AUTHORIZATION": {"x"}, "Authorization": {"ApiKey x"}}, true, http.Header{"Authorization": {"ApiKey x"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			newPolicy(nil).clean(tc.in, tc.own)
			equalHeaders(t, tc.in, tc.want)
		})
	}
}

func TestCleanAnswerKeepsAnUpstreamFromSpeakingForUs(t *testing.T) {
	t.Parallel()
	h := http.Header{
		"X-Gateway-Response": {"login_required"},
		"Set-Cookie":         {"app=1; Path=/", "__Host-esgateway_session=stolen; Path=/", " esgateway_browser=x", "ESGATEWAY_Session=x"},
		"Etag":               {"1"},
	}
	cleanAnswer(h)
	equalHeaders(t, h, http.Header{"Set-Cookie": {"app=1; Path=/"}, "Etag": {"1"}})
}

func TestChallengesNameOnlyWhatTheRouteTakes(t *testing.T) {
	t.Parallel()
	all := []string{`Basic realm="security", charset="UTF-8"`, "Negotiate", `Bearer realm="security"`, "ApiKey"}
	schemes := []string{"Bearer", "ApiKey", "Basic"}
	for _, tc := range []struct {
		name, used string
		want       []string
	}{
		{"a browser with a session: no login box", "", []string{`Bearer realm="security"`, "ApiKey"}},
		{"a client that used Basic", "basic", []string{`Basic realm="security", charset="UTF-8"`, `Bearer realm="security"`, "ApiKey"}},
		{"a client that used an API key", "ApiKey", []string{`Bearer realm="security"`, "ApiKey"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{"Www-Authenticate": slices.Clone(all)}
			filterChallenges(h, schemes, tc.used)
			equalHeaders(t, h, http.Header{"Www-Authenticate": tc.want})
		})
	}
}

func equalHeaders(t *testing.T, got, want http.Header) {
	t.Helper()
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s: got %q, want %q", name, got[name], want[name])
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %q is still there", name, got[name])
		}
	}
}
