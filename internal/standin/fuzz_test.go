package standin_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin"
)

// FuzzRequest sends anything to anywhere: whatever comes is answered, in JSON
// where JSON is said, and no body breaks a node.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "_security/oauth2/token?a=%20;b", `{"grant_type":"password"}`)
	f.Add("POST", "_bulk", "{\"index\":{\"_index\":\"a\"}}\n{}\n")
	f.Add("GET", "/_search?filter_path=**.a,-b&q=x:y", `{"query":{"bool":{"must":[{"term":{"a":1}}]}}}`)
	f.Add("POST", "_security/saml/authenticate", `{"content":"a b="}`)
	f.Add("POST", "_security/user/_has_privileges", `{"index":[{"names":"a","privileges":["read"]}]}`)
	f.Add("POST", "_security/api_key", `{"name":"a","role_descriptors":{"r":{"index":[{"names":["a"]}]}}}`)
	f.Add("POST", "_security/_query/api_key", `{"query":{"range":{"creation":{"gt":1}}},"sort":["name"],"search_after":["a"],"size":1}`)
	f.Add("POST", "_security/delegate_pki", `{"x509_certificate_chain":["MAA="]}`)
	f.Add("GET", "_security/profile/a,b?data=*", "")
	f.Add("GET", "_cat/indices?v&h=index&pretty&error_trace", "")
	es, err := standin.New(config(newClock()))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, target, body string) {
		r := &http.Request{
			Method: method, RequestURI: "/" + target, Proto: "HTTP/1.1", Body: http.NoBody,
			Header: http.Header{"Authorization": {basic("root")}, "Content-Type": {"application/json"}},
		}
		if body != "" {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}
		w := httptest.NewRecorder()
		es.ServeHTTP(w, r)
		if strings.Contains(w.Header().Get("Content-Type"), "json") && method != http.MethodHead && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: no JSON: %s", method, target, w.Body)
		}
		if w.Code >= http.StatusInternalServerError && !strings.Contains(w.Body.String(), "null_pointer") &&
			!strings.Contains(w.Body.String(), "could not decode base64 kerberos ticket") {
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
	})
}
