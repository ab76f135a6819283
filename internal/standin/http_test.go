package standin_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/standin"
)

func TestNothingAnswersWithoutCredentials(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, tc := range []struct{ method, target, auth, body, contentType string }{
		{"GET", "/_search?q=1", "", "", "application/json"},
		{"GET", "/_nope", "", "", "application/json"},
		{"PATCH", "/_search", "", "{", "text/plain"},
		{"POST", "/_security/saml/prepare", "Digest x", "no json", "application/json"},
		{"GET", "/", "Bearer", "", "application/json"},
		{"GET", "/", "ApiKey ", "", "application/json"},
	} {
		t.Run(tc.method+" "+tc.target+" "+tc.auth, func(t *testing.T) {
			t.Parallel()
			a := n.do(tc.method, tc.target, tc.auth, tc.body, "Content-Type", "-", "Content-Type", tc.contentType)
			n.refused(a, http.StatusUnauthorized, "security_exception",
				"missing authentication credentials for REST request ["+tc.target+"]")
			if got := a.header.Get("X-Elastic-Product"); got != "" {
				t.Errorf("a 401 has the product header %q", got)
			}
		})
	}
}

func TestUnauthenticatedAnswerToTheLetter(t *testing.T) {
	t.Parallel()
	n := start(t)
	a := n.do("GET", "/", "", "", "X-Opaque-Id", "id-1")
	const e = `"type":"security_exception","reason":"missing authentication credentials for REST request [/]",` +
		`"header":{"WWW-Authenticate":["Basic realm=\"security\", charset=\"UTF-8\"","Bearer realm=\"security\"","ApiKey"]}`
	want := `{"error":{"root_cause":[{` + e + `}],` + e + `},"status":401}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	if got := strings.Join(a.header.Values("WWW-Authenticate"), "|"); got != `Basic realm="security", charset="UTF-8"|Bearer realm="security"|ApiKey` {
		t.Errorf("challenges %s", got)
	}
	if a.header.Get("X-Opaque-Id") != "id-1" || a.header.Get("Date") != "" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", a.header)
	}
}

func TestOldBasicChallengeHasNoComma(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *standin.Config) { c.Version = "8.14.3" })
	if got := n.do("GET", "/", "", "").header.Values("WWW-Authenticate")[0]; got != `Basic realm="security" charset="UTF-8"` {
		t.Errorf("got %s", got)
	}
}

func TestBasicHeaders(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, tc := range []struct{ name, auth, reason string }{
		{"wrong password", "Basic Ym9iOng=", "unable to authenticate user [bob] for REST request [/]"},
		{"unknown user", basic("stranger"), "unable to authenticate user [stranger] for REST request [/]"},
		{"disabled user", basic("gone"), "unable to authenticate user [gone] for REST request [/]"},
		{"no colon", "Basic Ym9i", "invalid basic authentication header value"},
		{"empty", "Basic ", "invalid basic authentication header value"},
		{"no base64", "Basic a_b", "invalid basic authentication header encoding"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n.refused(n.do("GET", "/", tc.auth, ""), http.StatusUnauthorized, "security_exception", tc.reason)
		})
	}
	if a := n.whoami("bAsIc " + strings.TrimPrefix(basic("bob"), "Basic ")); a.status != http.StatusOK {
		t.Errorf("scheme case: %s", a.body)
	}
}

func TestDoubledHeaders(t *testing.T) {
	t.Parallel()
	n := start(t)
	same := n.do("GET", "/_security/_authenticate", basic("bob"), "", "Authorization", basic("bob"))
	if same.status != http.StatusOK {
		t.Errorf("the same header twice: %s", same.body)
	}
	n.refused(n.do("GET", "/", basic("bob"), "", "Authorization", basic("root")), http.StatusBadRequest,
		"illegal_argument_exception", "multiple values for single-valued header [Authorization].")
	n.refused(n.do("GET", "/", "", "", "X-Opaque-Id", "a", "X-Opaque-Id", "b"), http.StatusBadRequest,
		"illegal_argument_exception", "multiple values for single-valued header [X-Opaque-Id].")
}

func TestRouting(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, tc := range []struct {
		name, method, target, body string
		status                     int
		want, allow                string
	}{
		{"unknown endpoint", "GET", "/_nope?x=1", "", 400, `{"error":"no handler found for uri [/_nope?x=1] and method [GET]"}`, ""},
		{
			"wrong method", "DELETE", "/_search", "", 405,
			`{"error":"Incorrect HTTP method for uri [/_search] and method [DELETE], allowed: [GET, POST]","status":405}`, "GET,POST",
		},
		{
			"a method that is none", "FOO", "/_search", "", 405,
			`{"error":"Unexpected http method: FOO, allowed: [GET, POST]","status":405}`, "GET,POST",
		},
		{"inner empty segment", "GET", "/logs//_search", "", 400, `{"error":"no handler found for uri [/logs//_search] and method [GET]"}`, ""},
		{
			"an escaped underscore is no endpoint", "GET", "/_security/%5Fauthenticate", "", 400,
			`{"error":"no handler found for uri [/_security/%5Fauthenticate] and method [GET]"}`, "",
		},
		{"gone alias", "POST", "/_xpack/security/saml/prepare", "{}", 400, `{"error":"no handler found for uri [/_xpack/security/saml/prepare] and method [POST]"}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := n.do(tc.method, tc.target, basic("root"), tc.body)
			if a.status != tc.status || a.body != tc.want || a.header.Get("Allow") != tc.allow {
				t.Errorf("got %d %s %q\nwant %d %s %q", a.status, a.body, a.header.Get("Allow"), tc.status, tc.want, tc.allow)
			}
			if a.header.Get("X-Elastic-Product") != "Elasticsearch" {
				t.Error("no product header")
			}
		})
	}
}

func TestPathsAreTakenAsTheyStand(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, tc := range []struct {
		target string
		status int
		hits   string
	}{
		{"//_search", 200, `"value":3`},
		{"/_search///", 200, `"value":3`},
		{"/_all/_search", 200, `"value":3`},
		{"/_search?index=secret", 200, `"value":1`},
		{"/_search?index=secret;index=logs-1", 200, `"value":2`},
		{"/_search?%69ndex=secret&index=nope&index=secret", 200, `"value":1`},
		{"/logs-1,secret/_search", 200, `"value":3`},
		{"/*,-secret/_search", 200, `"value":2`},
		{"/%5Fsearch", 404, `"index":"_search"`},
		{"/foo", 404, `"no such index [foo]"`},
		{"/_search?foo=1&size=1", 400, `request [/_search] contains unrecognized parameter: [foo]`},           //nolint:misspell // the wire's spelling
		{"/_search?siz=1&typo=1", 400, `unrecognized parameters: [siz] -\u003e did you mean [size]?, [typo]`}, //nolint:misspell // the wire's spelling
		{"/_search?size=%2", 400, `"bad_parameter_exception"`},
		{"/_search?operatorRequest=1", 400, `parameter [operatorRequest] is reserved and may not be set`},
	} {
		t.Run(tc.target, func(t *testing.T) {
			t.Parallel()
			a := n.do("GET", tc.target, basic("root"), "")
			hits := strings.ReplaceAll(tc.hits, `\u003e`, ">")
			if a.status != tc.status || !strings.Contains(a.body, hits) {
				t.Errorf("got %d %s, want %d with %s", a.status, a.body, tc.status, hits)
			}
		})
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	n := start(t)
	const vendor = "application/vnd.elasticsearch+json; compatible-with="
	for _, tc := range []struct {
		name, contentType, accept string
		status                    int
		want                      string
	}{
		{"form", "application/x-www-form-urlencoded", "", 406, `{"error":"Content-Type header [application/x-www-form-urlencoded] is not supported","status":406}`},
		{"none", "-", "", 406, `{"error":"Content-Type header is missing","status":406}`},
		{"lines where an object is meant", "application/x-ndjson", "", 406, `is not supported","status":406}`},
		{"unparsable", "foo", "", 400, `"caused_by":{"type":"illegal_argument_exception","reason":"invalid media-type [foo]"}`},
		{"too new", vendor + "9", vendor + "9", 400, "Accept version must be either version 8 or 7, but found 9. Accept=" + vendor + "9"},
		{"on one header only", vendor + "8", "application/json", 400, "A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version. Accept=application/json, Content-Type=" + vendor + "8"},
		{"unequal", vendor + "8", vendor + "7", 400, "the compatible versions must match"},
		{"both", vendor + "8", vendor + "8", 200, `"username"`},
		{"charset", "application/json; charset=latin1", "text/html", 200, `"username"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			headers := []string{"Content-Type", "-"}
			if tc.contentType != "-" {
				headers = append(headers, "Content-Type", tc.contentType)
			}
			if tc.accept != "" {
				headers = append(headers, "Accept", tc.accept)
			}
			a := n.do("POST", "/_security/user/_has_privileges", basic("bob"), `{"cluster":["monitor"]}`, headers...)
			if a.status != tc.status || !strings.Contains(a.body, tc.want) {
				t.Errorf("got %d %s\nwant %d with %s", a.status, a.body, tc.status, tc.want)
			}
		})
	}
	a := n.do("GET", "/_security/_authenticate", basic("bob"), "", "Accept", vendor+"8")
	if got := a.header.Get("Content-Type"); got != "application/vnd.elasticsearch+json;compatible-with=8" {
		t.Errorf("vendor Accept: answer is %q", got)
	}
}

func TestABodyNobodyAskedFor(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.refused(n.do("GET", "/_security/_authenticate", basic("bob"), "{}"), http.StatusBadRequest, "illegal_argument_exception",
		"request [GET /_security/_authenticate] does not support having a body")
}

func TestSizes(t *testing.T) {
	t.Parallel()
	n := start(t)
	long := n.do("GET", "/_search?q="+strings.Repeat("x", 4096), "", "")
	n.refused(long, http.StatusBadRequest, "too_long_http_line_exception", "An HTTP line is larger than 4096 bytes.")
	if long.header.Get("X-Elastic-Product") == "" {
		t.Error("no product header on a long line")
	}
	fat := n.do("GET", "/", "", "", "X-Fat", strings.Repeat("x", 16384))
	n.refused(fat, http.StatusBadRequest, "too_long_http_header_exception", "HTTP header is larger than 16384 bytes.")
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, tc := range []struct {
		auth   string
		status int
	}{{"", http.StatusUnauthorized}, {basic("root"), http.StatusRequestEntityTooLarge}} {
		// Only the size is announced: what is refused must not be waited for.
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(n.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		head := "POST /_bulk HTTP/1.1\r\nHost: es\r\nContent-Type: application/json\r\nContent-Length: 104857601\r\n"
		if tc.auth != "" {
			head += "Authorization: " + tc.auth + "\r\n"
		}
		if _, err := io.WriteString(c, head+"\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != tc.status || res.Header.Get("X-Elastic-Product") != "" {
			t.Errorf("got %d with product %q, want %d", res.StatusCode, res.Header.Get("X-Elastic-Product"), tc.status)
		}
	}
}

func TestAnEarlyRefusalKeepsTheConnection(t *testing.T) {
	t.Parallel()
	n := start(t)
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	const size = 1 << 20
	read := bufio.NewReader(c)
	if _, err := io.WriteString(c, "POST /_bulk HTTP/1.1\r\nHost: es\r\nContent-Length: 1048576\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{
		strings.Repeat("x", size) + "GET / HTTP/1.1\r\nHost: es\r\nAuthorization: " + basic("root") + "\r\n\r\n",
		"",
	} {
		res, err := http.ReadResponse(read, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusUnauthorized
		if more == "" {
			want = http.StatusOK
		}
		if res.StatusCode != want {
			t.Errorf("got %d, want %d", res.StatusCode, want)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if _, err := io.WriteString(c, more); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOptionsAndHead(t *testing.T) {
	t.Parallel()
	n := start(t)
	a := n.do("OPTIONS", "/_search", "", "")
	if a.status != http.StatusOK || a.header.Get("Allow") != "GET,POST" || a.body != "" || a.header.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("OPTIONS: %d %v %q", a.status, a.header, a.body)
	}
	if a := n.do("OPTIONS", "/_nope", "", ""); a.header.Get("Allow") != "" {
		t.Errorf("OPTIONS of nothing: %v", a.header)
	}
	n.refused(n.do("OPTIONS", "/", "", "{}"), http.StatusBadRequest, "illegal_argument_exception",
		"OPTIONS requests with a payload body are not supported")
	get, head := n.do("GET", "/", basic("root"), ""), n.do("HEAD", "/", basic("root"), "")
	if head.body != "" || head.header.Get("Content-Length") != get.header.Get("Content-Length") || head.status != get.status {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	if !strings.HasSuffix(get.body, "\"tagline\" : \"You Know, for Search\"\n}\n") {
		t.Errorf("GET / is not pretty: %s", get.body)
	}
}

func TestRefusalsOfClusterActions(t *testing.T) {
	t.Parallel()
	n := start(t)
	a := n.do("GET", "/", basic("bob"), "")
	n.refused(a, http.StatusForbidden, "security_exception",
		"action [cluster:monitor/main] is unauthorized for user [bob] with effective roles [reader], "+
			"this action is granted by the cluster privileges [monitor,manage,all]")
	if a.header.Get("WWW-Authenticate") != "" || a.header.Get("X-Elastic-Product") != "" {
		t.Errorf("a 403 has %v", a.header)
	}
	n.refused(n.do("GET", "/", basic("nobody"), ""), http.StatusForbidden, "security_exception",
		"action [cluster:monitor/main] is unauthorized for user [nobody] with effective roles [] (assigned roles [ghost] were not found), "+
			"this action is granted by the cluster privileges [monitor,manage,all]")
}

func TestRunAs(t *testing.T) {
	t.Parallel()
	n := start(t)
	const header = "es-security-runas-user"
	a := n.do("GET", "/_security/_authenticate", basic("actor"), "", header, "bob")
	if m := n.fields(a); m["username"] != "bob" || m["authentication_type"] != "realm" {
		t.Errorf("run as: %s", a.body)
	}
	n.refused(n.do("GET", "/", basic("actor"), "", header, "bob"), http.StatusForbidden, "security_exception",
		"action [cluster:monitor/main] is unauthorized for user [actor] run as [bob] with effective roles [reader], "+
			"this action is granted by the cluster privileges [monitor,manage,all]")
	for _, target := range []string{"root", "stranger"} {
		n.refused(n.do("GET", "/", basic("actor"), "", header, target), http.StatusForbidden, "security_exception",
			"action [cluster:monitor/main] is unauthorized for user [actor] with effective roles [actor], "+
				"because user [actor] is unauthorized to run as ["+target+"]")
	}
	n.refused(n.do("GET", "/", basic("actor"), "", header, ""), http.StatusUnauthorized, "security_exception",
		"unable to authenticate user [actor] for REST request [/]")

	body := `{"grant_type":"password","username":"bob","password":"bob-pw"}`
	p := n.pair(n.do("POST", tokenPath, basic("actor"), body, header, "gateway"))
	if a := n.refresh(p.refresh); a.status != http.StatusOK {
		t.Errorf("the run-as user may not refresh: %s", a.body)
	}
}

func TestSecondaryUser(t *testing.T) {
	t.Parallel()
	n := start(t)
	a := n.do("GET", "/", basic("root"), "", "es-secondary-authorization", basic("gone"))
	if e := n.problem(a); a.status != http.StatusUnauthorized || e["reason"] != "Failed to authenticate secondary user" || e["caused_by"] == nil {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a.header.Get("WWW-Authenticate") != "" {
		t.Error("the challenge of the second user is a header")
	}
	if a := n.do("GET", "/", basic("root"), "", "es-secondary-authorization", ""); a.status != http.StatusOK {
		t.Errorf("an empty header counts: %s", a.body)
	}
}

func TestErrorTrace(t *testing.T) {
	t.Parallel()
	n := start(t)
	if a := n.do("GET", "/foo?error_trace=true", basic("root"), ""); !strings.Contains(a.body, `"stack_trace"`) {
		t.Errorf("no trace: %s", a.body)
	}
	if a := n.do("GET", "/foo?error_trace", "", ""); strings.Contains(a.body, `"stack_trace"`) {
		t.Errorf("a trace in a 401: %s", a.body)
	}
}

func TestHasPrivileges(t *testing.T) {
	t.Parallel()
	n := start(t)
	const path = "/_security/user/_has_privileges"
	a := n.do("POST", path, basic("bob"), `{"cluster":["monitor"],"index":[{"names":["logs-1","secret"],"privileges":["read"]}],`+
		`"application":[{"application":"kibana-.kibana","privileges":["login:"],"resources":["*"]}]}`)
	want := `{"username":"bob","has_all_requested":false,"cluster":{"monitor":false},` +
		`"index":{"logs-1":{"read":true},"secret":{"read":false}},"application":{"kibana-.kibana":{"*":{"login:":false}}}}`
	if a.body != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
	for _, tc := range []struct {
		name, user, path, body string
		status                 int
		kind, reason           string
	}{
		{"no body", "bob", path, "", 400, "parse_exception", "request body or source parameter is required"},
		{
			"unknown field", "bob", path, `{"foo":1}`, 400, "parse_exception",
			"failed to parse privileges check [bob/has_privileges]. unexpected field [foo]",
		},
		{
			"nothing asked", "bob", path, `{}`, 400, "parse_exception",
			"failed to parse privileges check [bob/has_privileges]. All privilege fields [cluster,index,applications] are missing",
		},
		{
			"empty lists", "bob", path, `{"cluster":[]}`, 400, "action_request_validation_exception",
			"Validation Failed: 1: must specify at least one privilege;",
		},
		{
			"another user", "root", "/_security/user/bob/_has_privileges", `{"cluster":["all"]}`, 400,
			"illegal_argument_exception", "users may only check the privileges of their own account",
		},
		{
			"another user by parameter", "root", path + "?username=bob", `{"cluster":["all"]}`, 400,
			"illegal_argument_exception", "users may only check the privileges of their own account",
		},
		{
			"DLS", "bob", path, `{"index":[{"names":"a","privileges":"read","query":{}}]}`, 400, "parse_exception",
			"Field [query] is not supported in a has_privileges request",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n.refused(n.do("POST", tc.path, basic(tc.user), tc.body), tc.status, tc.kind, tc.reason)
		})
	}
	if a := n.do("POST", "/_security/user/root/_has_privileges", basic("bob"), `{"cluster":["all"]}`); a.status != http.StatusForbidden {
		t.Errorf("another user without the privilege: %d %s", a.status, a.body)
	}
	if a := n.do("GET", "/_security/user/_privileges", basic("bob"), ""); a.body != `{"cluster":[],"global":[],"indices":[{"names":["logs-*"],"privileges":["read"],"allow_restricted_indices":false}],"applications":[],"run_as":[]}` {
		t.Errorf("_privileges: %s", a.body)
	}
}

func TestSniffingFindsTheServer(t *testing.T) {
	t.Parallel()
	n := start(t)
	a := n.do("GET", "/_nodes/_all/http", basic("gateway"), "")
	if !strings.Contains(a.body, `"publish_address":"`+strings.TrimPrefix(n.url, "http://")+`"`) {
		t.Errorf("got %s", a.body)
	}
}

func TestAnonymousOnlyWithoutAnyCredential(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *standin.Config) { c.AnonymousRoles = []string{"reader"} })
	for _, auth := range []string{"", "Digest x", "Bearer", "ApiKey"} {
		if m := n.fields(n.whoami(auth)); m["username"] != "_anonymous" || m["authentication_type"] != "anonymous" {
			t.Errorf("%q: %v", auth, m)
		}
	}
	for _, auth := range []string{"Bearer x", "ApiKey x", basic("stranger"), "Basic x"} {
		if a := n.whoami(auth); a.status != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", auth, a.status, a.body)
		}
	}
	if a := n.whoami(basic("gateway")); !strings.Contains(a.body, `"roles":["gateway","reader"]`) {
		t.Errorf("everybody's roles are missing: %s", a.body)
	}
}

func TestChallengesOfAStartingNode(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.es.SetFaults(standin.Faults{StartupChallenges: true, SecurityIndexDown: true})
	a := n.whoami("ApiKey eDp5")
	if got := a.header.Values("WWW-Authenticate"); len(got) != 3 || !strings.HasPrefix(got[2], "Basic") {
		t.Errorf("challenges %q", got)
	}
	if got := n.problem(a)["additional_unsuccessful_credentials"]; got != "API key: apikey authentication for id x encountered a failure" {
		t.Errorf("got %v", got)
	}
}

func TestFilterPath(t *testing.T) {
	t.Parallel()
	n := start(t)
	for path, want := range map[string]string{
		"hits.hits._id,took":        `{"took":1,"hits":{"hits":[{"_id":"1"},{"_id":"2"}]}}`,
		"**.value":                  `{"hits":{"total":{"value":2}}}`,
		"hits.*,-hits.hits":         `{"hits":{"total":{"value":2,"relation":"eq"},"max_score":1.0}}`,
		"hits.hits._source.n,-took": `{"hits":{"hits":[{"_source":{"n":1}},{"_source":{"n":2}}]}}`,
		"nothing":                   `{}`,
	} {
		if a := n.do("GET", "/logs-1/_search?filter_path="+path, basic("bob"), ""); a.body != want {
			t.Errorf("%s: got %s, want %s", path, a.body, want)
		}
	}
	if a := n.do("GET", "/foo?filter_path=nothing", basic("root"), ""); !strings.Contains(a.body, "no such index") {
		t.Errorf("an error was filtered: %s", a.body)
	}
}
