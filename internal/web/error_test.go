package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/web"
	"github.com/esgateway/esgateway/internal/web/webtest"
)

var statuses = []struct {
	kind   fault.Kind
	status int
}{
	{fault.BadRequest, 400},
	{fault.LoginRequired, 401},
	{fault.Forbidden, 403},
	{fault.NoRoles, 403},
	{fault.NotFound, 404},
	{fault.MethodNotAllowed, 405},
	{fault.TooLarge, 413},
	{fault.SignInFailed, 401},
	{fault.SignInUnknown, 400},
	{fault.SignOutRefused, 400},
	{fault.CookiesBlocked, 400},
	{fault.TwoSessions, 401},
	{fault.SignInLoop, 403},
	{fault.CrossOrigin, 403},
	{fault.Misconfigured, 502},
	{fault.UpstreamUnreachable, 503},
	{fault.UpstreamFailed, 502},
	{fault.UpstreamTimeout, 504},
	{fault.ElasticsearchUnavailable, 503},
	{fault.StoreUnavailable, 503},
	{fault.Internal, 500},
}

// TestEveryKindIsListed reads the kinds from package fault: a new one needs a
// status, sentences and a row here.
func TestEveryKindIsListed(t *testing.T) {
	t.Parallel()
	tree, err := parser.ParseFile(token.NewFileSet(), "../fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var listed []fault.Kind
	for _, s := range statuses {
		listed = append(listed, s.kind)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(spec.Type) != "Kind" {
			return true
		}
		word, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if !slices.Contains(listed, fault.Kind(word)) || !slices.Contains(webtest.Kinds(), fault.Kind(word)) {
			t.Errorf("kind %q is not listed here or in webtest.Kinds", word)
		}
		return true
	})
}

// answered is what an API client reads, of both shapes.
type answered struct {
	Error struct {
		Kind      string `json:"kind"`
		Message   string `json:"message"`
		Hint      string `json:"hint"`
		RequestID string `json:"request_id"`
		Login     string `json:"login"`

		RootCause []map[string]any `json:"root_cause"`
		Type      string           `json:"type"`
		Reason    string           `json:"reason"`
		Header    map[string]any   `json:"header"`
	} `json:"error"`
	Status int `json:"status"`
}

// answer lets the renderer answer an error.
func answer(t testing.TB, method string, err error, reply web.Reply) *http.Response {
	t.Helper()
	rn, _ := renderer(t, nil)
	return answerBy(rn, method, err, reply)
}

func answerBy(rn *web.Renderer, method string, err error, reply web.Reply) *http.Response {
	w := httptest.NewRecorder()
	rn.Error(w, request(method, "/x"), err, reply)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decode(t testing.TB, r *http.Response) answered {
	t.Helper()
	var a answered
	text := body(t, r)
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return a
}

func TestErrorOfEachKind(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	seen := map[string]fault.Kind{}
	for _, tc := range statuses {
		err := fmt.Errorf("wrapped: %w", fault.Because(tc.kind, errors.New("planted-cause")))
		page := answerBy(rn, http.MethodGet, err, web.Reply{Audience: web.Navigation})
		call := answerBy(rn, http.MethodGet, err, web.Reply{Audience: web.API})
		inShape := answerBy(rn, http.MethodGet, err, web.Reply{Audience: web.API, Elasticsearch: true})
		for name, r := range map[string]*http.Response{"page": page, "JSON": call, "Elasticsearch": inShape} {
			if r.StatusCode != tc.status {
				t.Errorf("%s, %s: status %d, want %d", tc.kind, name, r.StatusCode, tc.status)
			}
			if got := r.Header.Get("X-Gateway-Response"); got != string(tc.kind) {
				t.Errorf("%s, %s: X-Gateway-Response %q", tc.kind, name, got)
			}
			if got, want := r.Header.Get("Retry-After") != "", tc.status == 503; got != want {
				t.Errorf("%s, %s: Retry-After %v, want %v", tc.kind, name, got, want)
			}
			if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("X-Request-Id") != requestID || r.Header.Get("Www-Authenticate") != "" {
				t.Errorf("%s, %s: header %v", tc.kind, name, r.Header)
			}
		}
		got := decode(t, call).Error
		if got.Kind != string(tc.kind) || got.Message == "" || got.Hint == "" || got.RequestID != requestID {
			t.Errorf("%s: JSON %+v", tc.kind, got)
		}
		if before, ok := seen[got.Message]; ok {
			t.Errorf("%s says the same as %s: %s", tc.kind, before, got.Message)
		}
		seen[got.Message] = tc.kind
		html := body(t, page)
		for _, want := range []string{"<h1>", requestID, "<code>" + string(tc.kind) + "</code>"} {
			if !strings.Contains(html, want) {
				t.Errorf("%s: no %q on the page", tc.kind, want)
			}
		}
		checkShape(t, tc.status, inShape)
	}
}

// checkShape holds what official clients read of an error (contract http 2.1 and 8).
func checkShape(t *testing.T, status int, r *http.Response) {
	t.Helper()
	a := decode(t, r)
	if a.Status != status || len(a.Error.RootCause) != 1 || a.Error.RootCause[0]["type"] != a.Error.Type || a.Error.RootCause[0]["reason"] != a.Error.Reason {
		t.Errorf("%d: %+v", status, a)
	}
	if a.Error.Reason == "" || a.Error.Message != "" || a.Error.RequestID != requestID || a.Error.Kind == "" {
		t.Errorf("%d: %+v", status, a.Error)
	}
	want := map[int]string{400: "illegal_argument_exception", 401: "security_exception", 403: "security_exception", 404: "resource_not_found_exception"}[status]
	if want == "" {
		want = "status_exception"
	}
	if a.Error.Type != want {
		t.Errorf("%d: type %q, want %q", status, a.Error.Type, want)
	}
	product := "Elasticsearch"
	if status == 401 || status == 403 {
		product = ""
	}
	if got := r.Header.Get("X-Elastic-Product"); got != product {
		t.Errorf("%d: X-Elastic-Product %q, want %q", status, got, product)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%d: Content-Type %q", status, got)
	}
}

func TestElasticsearchShape(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		challenges []string
		want       string
	}{
		{"without a challenge", nil, `{"error":{"root_cause":[{"type":"security_exception","reason":"No."}],"type":"security_exception","reason":"No.","kind":"login_required","hint":"Sign in, or send valid credentials in the Authorization header.","request_id":"b7f3c2a9d01e4f58"},"status":401}`},
		{"one challenge is a string", []string{"Negotiate"}, `{"error":{"root_cause":[{"type":"security_exception","reason":"No.","header":{"WWW-Authenticate":"Negotiate"}}],"type":"security_exception","reason":"No.","header":{"WWW-Authenticate":"Negotiate"},"kind":"login_required","hint":"Sign in, or send valid credentials in the Authorization header.","request_id":"b7f3c2a9d01e4f58"},"status":401}`},
		{"several are a list", []string{"ApiKey", "Bearer"}, `{"error":{"root_cause":[{"type":"security_exception","reason":"No.","header":{"WWW-Authenticate":["ApiKey","Bearer"]}}],"type":"security_exception","reason":"No.","header":{"WWW-Authenticate":["ApiKey","Bearer"]},"kind":"login_required","hint":"Sign in, or send valid credentials in the Authorization header.","request_id":"b7f3c2a9d01e4f58"},"status":401}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := answer(t, http.MethodGet, fault.New(fault.LoginRequired, "No."), web.Reply{Audience: web.API, Elasticsearch: true, Challenges: tc.challenges})
			if got := strings.TrimSpace(body(t, r)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if got := r.Header.Values("Www-Authenticate"); !slices.Equal(got, tc.challenges) {
				t.Errorf("WWW-Authenticate: got %q, want %q", got, tc.challenges)
			}
		})
	}
}

func TestErrorSaysWhatTheFaultSays(t *testing.T) {
	t.Parallel()
	err := &fault.Error{Kind: fault.Forbidden, Public: "Only <analysts> may.", Hint: "Ask & wait.", Err: errors.New("planted-cause")}
	reply := web.Reply{Audience: web.API, SignInURL: "https://sso.example.com/_gateway/login?next=x&again=1"}
	want := `{"error":{"kind":"forbidden","message":"Only \u003canalysts\u003e may.","hint":"Ask \u0026 wait.","request_id":"b7f3c2a9d01e4f58","login":"https://sso.example.com/_gateway/login?next=x\u0026again=1"}}`
	if got := strings.TrimSpace(body(t, answer(t, http.MethodGet, err, reply))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	reply.Audience = web.Navigation
	html := body(t, answer(t, http.MethodGet, err, reply))
	for _, want := range []string{"Only &lt;analysts&gt; may.", "Ask &amp; wait.", `href="https://sso.example.com/_gateway/login?next=x&amp;again=1"`, "Sign in as someone else"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q in\n%s", want, html)
		}
	}
}

// TestFactsAreForTheAdministrator: they stand where the button copies them.
func TestFactsAreForTheAdministrator(t *testing.T) {
	t.Parallel()
	err := &fault.Error{Kind: fault.SignInFailed, Cause: "audience", Facts: []fault.Fact{{Name: "Expected", Value: "a<b"}, {Name: "Received", Value: "c"}}}
	html := body(t, answer(t, http.MethodGet, err, web.Reply{Audience: web.Navigation}))
	_, list, _ := strings.Cut(html, "<dl data-details>")
	list, _, _ = strings.Cut(list, "</dl>")
	for _, want := range []string{
		"<div><dt>Cause</dt><dd><code>audience</code></dd></div>", "<div><dt>Expected</dt><dd><code>a&lt;b</code></dd></div>",
		"<div><dt>Received</dt><dd><code>c</code></dd></div>", requestID,
	} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q among the details:\n%s", want, list)
		}
	}
	const want = `"cause":"audience","details":[{"name":"Expected","value":"a\u003cb"},{"name":"Received","value":"c"}]`
	for _, inShape := range []bool{false, true} {
		if got := body(t, answer(t, http.MethodGet, err, web.Reply{Audience: web.API, Elasticsearch: inShape})); !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if plain := body(t, answer(t, http.MethodGet, fault.New(fault.SignInFailed, ""), web.Reply{Audience: web.API})); strings.Contains(plain, "details") || strings.Contains(plain, "cause") {
		t.Errorf("details of nothing: %s", plain)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  *fault.Error
		want string
	}{
		{"a store that is out has the default", fault.New(fault.StoreUnavailable, ""), "5"},
		{"a fault may say when", &fault.Error{Kind: fault.StoreUnavailable, RetryAfter: 1500 * time.Millisecond}, "2"},
		{"of any kind", &fault.Error{Kind: fault.BadRequest, RetryAfter: time.Minute}, "60"},
		{"a bug does not go away by itself", fault.New(fault.Internal, ""), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := answer(t, http.MethodGet, tc.err, web.Reply{}).Header.Get("Retry-After"); got != tc.want {
				t.Errorf("Retry-After: got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestErrorPageShowsAWayOn(t *testing.T) {
	t.Parallel()
	const again, login = `href="">Try again`, `href="/_gateway/login"`
	for _, tc := range []struct {
		name     string
		kind     fault.Kind
		method   string
		reply    web.Reply
		want, no string
	}{
		{"an outage can be tried again", fault.StoreUnavailable, http.MethodGet, web.Reply{}, again, ""},
		{"but not by sending a form as a link", fault.StoreUnavailable, http.MethodPost, web.Reply{}, "", again},
		{"a refusal stays one", fault.Forbidden, http.MethodGet, web.Reply{}, "", again},
		{"a failed sign-in leads to the sign-in", fault.SignInFailed, http.MethodPost, web.Reply{}, login, ""},
		{"a frame gets a link that leaves it", fault.LoginRequired, http.MethodGet, web.Reply{Audience: web.Embedded}, `target="_blank"`, ""},
		{"so does an error in a frame", fault.SignInFailed, http.MethodGet, web.Reply{Audience: web.Embedded}, `target="_blank"`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.reply.Audience == "" {
				tc.reply.Audience = web.Navigation
			}
			r := answer(t, tc.method, fault.New(tc.kind, ""), tc.reply)
			html := body(t, r)
			if !strings.Contains(html, tc.want) || (tc.no != "" && strings.Contains(html, tc.no)) {
				t.Errorf("want %q and no %q in\n%s", tc.want, tc.no, html)
			}
			if got, want := strings.Contains(r.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'"), tc.reply.Audience == web.Embedded; got != want {
				t.Errorf("may be framed: got %v, want %v", got, want)
			}
		})
	}
}

func TestErrorForHead(t *testing.T) {
	t.Parallel()
	for _, reply := range []web.Reply{{Audience: web.Navigation}, {Audience: web.API}, {Audience: web.API, Elasticsearch: true}} {
		r := answer(t, http.MethodHead, fault.New(fault.LoginRequired, ""), reply)
		if got := body(t, r); got != "" || r.StatusCode != http.StatusUnauthorized || r.Header.Get("Content-Length") == "0" {
			t.Errorf("%+v: status %d, Content-Length %s, body %q", reply, r.StatusCode, r.Header.Get("Content-Length"), got)
		}
	}
}

// TestErrorTakesBackWhatWasSaidOfTheBody: an error after a handler has prepared
// its answer must not be compressed, cached or located; its cookies stay.
func TestErrorTakesBackWhatWasSaidOfTheBody(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	w := httptest.NewRecorder()
	for name, value := range map[string]string{
		"Content-Encoding": "gzip", "Etag": `"x"`, "Location": "/x", "Content-Length": "3", "Cache-Control": "public", "Content-Type": "image/png",
		"Set-Cookie": "key=1", "X-Elastic-Product": "Elasticsearch",
	} {
		w.Header().Set(name, value)
	}
	reply := web.Reply{Audience: web.API, Elasticsearch: true, Header: http.Header{"access-control-allow-origin": {"https://ui.example.com"}, "Vary": {"Origin"}}}
	rn.Error(w, request(http.MethodGet, "/"), fault.New(fault.Forbidden, ""), reply)
	for name, want := range map[string]string{
		"Content-Encoding": "", "Etag": "", "Location": "", "Content-Length": strconv.Itoa(w.Body.Len()), "Cache-Control": "no-store",
		"Content-Type": "application/json", "Set-Cookie": "key=1", "X-Elastic-Product": "",
		"Access-Control-Allow-Origin": "https://ui.example.com", "Vary": "Origin",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestErrorsThatAreNone: whatever comes, the answer is a 500 and not a panic.
func TestErrorsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, (*fault.Error)(nil), &fault.Error{}, errors.New("x"), fault.New("reinvented", "")} {
		for _, audience := range []web.Audience{web.Navigation, web.Embedded, web.API} {
			if r := answer(t, http.MethodGet, err, web.Reply{Audience: audience}); r.StatusCode != http.StatusInternalServerError {
				t.Errorf("%#v for %s: status %d, want 500", err, audience, r.StatusCode)
			}
		}
	}
}

func TestErrorIsLoggedOnce(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tc := range []struct {
		name           string
		kind           fault.Kind
		ctx            context.Context
		level, message string
	}{
		{"our failure", fault.StoreUnavailable, t.Context(), "ERROR", "request failed"},
		{"a refusal", fault.Forbidden, t.Context(), "INFO", "request refused"},
		{"a client that went away", fault.Internal, gone, "INFO", "the client went away"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			rn, log := renderer(t, nil)
			r := request(http.MethodPost, "/x?secret=planted-query").WithContext(web.WithRequestID(tc.ctx, requestID))
			rn.Error(httptest.NewRecorder(), r, fmt.Errorf("judge: %w", fault.Because(tc.kind, errors.New("line 1\nline 2"))), web.Reply{})
			var line map[string]any
			if err := json.Unmarshal(log.Bytes(), &line); err != nil {
				t.Fatalf("%v: not one line: %s", err, log)
			}
			for name, want := range map[string]any{
				"level": tc.level, "msg": tc.message, "http.request.id": requestID, "http.request.method": "POST", "event.outcome": "failure",
				"http.response.status_code": float64(web.Status(tc.kind)), "error.code": string(tc.kind),
				"error.message": "judge: " + string(tc.kind) + ": line 1\nline 2",
			} {
				if line[name] != want {
					t.Errorf("%s: got %v, want %v", name, line[name], want)
				}
			}
			if strings.Contains(log.String(), "planted-query") {
				t.Errorf("the query is in the log: %s", log)
			}
		})
	}
}

// internalWord is what no person should have to read: names of our own parts,
// and what only a program says.
var internalWord = regexp.MustCompile(`(?i)planted-cause|\b(upstream|backend|proxy|renderer|template|handler|nil|null|undefined|panic|goroutine|context|deadline|errors?|exception|struct|runtime|stack|regexp|json|http status|bad gateway|forbidden|unauthorized|(?-i:ES|IdP|SSO)|token pair|fault|mutex|redis|bbolt|sealed|ZgotmplZ)\b`)

var notText = regexp.MustCompile(`(?s)<head>.*?</head>|<code>.*?</code>|<[^>]*>`)

func TestNoInternalWords(t *testing.T) {
	t.Parallel()
	rn, _ := renderer(t, nil)
	for _, kind := range webtest.Kinds() {
		err := fault.Because(kind, errors.New("planted-cause"))
		for _, audience := range []web.Audience{web.Navigation, web.Embedded} {
			text := notText.ReplaceAllString(body(t, answerBy(rn, http.MethodGet, err, web.Reply{Audience: audience})), " ")
			if found := internalWord.FindString(text); found != "" {
				t.Errorf("%s for %s says %q:\n%s", kind, audience, found, text)
			}
		}
		a := decode(t, answerBy(rn, http.MethodGet, err, web.Reply{Audience: web.API}))
		if found := internalWord.FindString(a.Error.Message + " " + a.Error.Hint); found != "" {
			t.Errorf("%s in JSON says %q: %+v", kind, found, a.Error)
		}
	}
	for _, s := range webtest.Samples() {
		if strings.HasSuffix(s.Name, "-long") || strings.HasSuffix(s.Name, "-hostile") {
			continue
		}
		text := notText.ReplaceAllString(show(t, rn, s.Page), " ")
		if found := internalWord.FindString(text); found != "" {
			t.Errorf("%s says %q:\n%s", s.Name, found, text)
		}
	}
}
