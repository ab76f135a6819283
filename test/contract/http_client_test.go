package contract

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// send writes the bytes as they are on a connection of its own, because the rows
// speak of targets and headers that no HTTP library lets pass, and reads one answer.
func (s *server) send(t *testing.T, method, raw string) answer {
	t.Helper()
	conn := s.dial(t)
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, raw) }() // an early answer may come before all is written
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s: %v", firstLine(raw), err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: body: %v", firstLine(raw), err)
	}
	return answer{of: firstLine(raw), status: response.StatusCode, header: response.Header, length: response.ContentLength, body: body}
}

func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	var conn net.Conn
	var err error
	if s.tls == nil {
		conn, err = dialer.DialContext(t.Context(), "tcp", s.host)
	} else {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: s.tls}).DialContext(t.Context(), "tcp", s.host)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(90 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func firstLine(raw string) string {
	line, _, _ := strings.Cut(raw, "\r\n")
	if len(line) > 100 {
		line = line[:100] + "..."
	}
	return line
}

// caller is somebody with header lines of his own.
type caller struct {
	server *server
	lines  []string
}

func basic(name, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+secret))
}

func (s *server) nobody() caller           { return caller{server: s} }
func (s *server) as(a account) caller      { return s.with(basic(a.name, a.password)) }
func (s *server) user(name string) caller  { return s.as(account{name, password}) }
func (s *server) bearer(tok string) caller { return s.with("Authorization: Bearer " + tok) }
func (s *server) home() caller             { return s.as(s.gateway) } // the gateway's own account

func (s *server) with(lines ...string) caller { return s.nobody().with(lines...) }

func (c caller) with(lines ...string) caller {
	c.lines = append(slices.Clone(c.lines), lines...)
	return c
}

// do sends a request; a body that is no string is written as JSON. The content type
// is JSON unless a line says otherwise.
func (c caller) do(t *testing.T, method, target string, body any) answer {
	t.Helper()
	text, isText := body.(string)
	if !isText && body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	var raw strings.Builder
	fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, c.server.host)
	typed := false
	for _, line := range c.lines {
		if line == noType {
			typed = true
			continue
		}
		typed = typed || strings.HasPrefix(strings.ToLower(line), "content-type:")
		raw.WriteString(line + "\r\n")
	}
	if text != "" {
		if !typed {
			raw.WriteString("Content-Type: application/json\r\n")
		}
		fmt.Fprintf(&raw, "Content-Length: %d\r\n", len(text))
	}
	raw.WriteString("\r\n" + text)
	return c.server.send(t, method, raw.String())
}

// noType is the line that stands for a body without a content type.
const noType = "(no content type)"

func (c caller) get(t *testing.T, target string) answer {
	t.Helper()
	return c.do(t, http.MethodGet, target, nil)
}

func (c caller) post(t *testing.T, target string, body any) answer {
	t.Helper()
	return c.do(t, http.MethodPost, target, body)
}

func (c caller) del(t *testing.T, target string, body any) answer {
	t.Helper()
	return c.do(t, http.MethodDelete, target, body)
}

// who is the call that needs no privilege.
func (c caller) who(t *testing.T) answer {
	t.Helper()
	return c.get(t, "/_security/_authenticate")
}

type object = map[string]any

type answer struct {
	of     string // the request line
	status int
	header http.Header
	length int64 // as announced; -1 for none
	body   []byte
}

func (a answer) String() string {
	return fmt.Sprintf("%s: %d %v\n%s", a.of, a.status, a.header, bytes.TrimSpace(a.body))
}

// want stops the test unless the status is as expected.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status: got %d, want %d\n%s", a.status, status, a)
	}
	return a
}

func (a answer) json(t *testing.T) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		t.Fatalf("no JSON object: %v\n%s", err, a)
	}
	return o
}

// at is the value at a dotted path, or nil. Names with dots of their own are tried first.
func (a answer) at(t *testing.T, path string) any {
	t.Helper()
	return at(a.json(t), path)
}

func at(o object, path string) any {
	if v, ok := o[path]; ok {
		return v
	}
	for i := range path {
		if path[i] != '.' {
			continue
		}
		if inner, ok := o[path[:i]].(object); ok {
			if v := at(inner, path[i+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}

func (a answer) text(t *testing.T, path string) string {
	t.Helper()
	s, ok := a.at(t, path).(string)
	if !ok {
		t.Fatalf("%s: got %v, want a string\n%s", path, a.at(t, path), a)
	}
	return s
}

func (a answer) number(t *testing.T, path string) int {
	t.Helper()
	n, ok := a.at(t, path).(float64)
	if !ok {
		t.Fatalf("%s: got %v, want a number\n%s", path, a.at(t, path), a)
	}
	return int(n)
}

// is expects values at paths.
func (a answer) is(t *testing.T, values object) answer {
	t.Helper()
	for path, want := range values {
		wanted, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(a.at(t, path))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, wanted) {
			t.Errorf("%s: got %s, want %s\n%s", path, got, wanted, a)
		}
	}
	return a
}

// fails expects an error in the form of Elasticsearch. A reason that ends in "…" is
// the beginning of one, and empty is any.
func (a answer) fails(t *testing.T, status int, kind, reason string) answer {
	t.Helper()
	a.want(t, status)
	if n := a.number(t, "status"); n != status {
		t.Errorf("status in the body: got %d, want %d\n%s", n, status, a)
	}
	if got := a.text(t, "error.type"); got != kind {
		t.Errorf("type: got %s, want %s\n%s", got, kind, a)
	}
	got := a.text(t, "error.reason")
	beginning, open := strings.CutSuffix(reason, "…")
	if reason != "" && got != reason && !(open && strings.HasPrefix(got, beginning)) {
		t.Errorf("reason:\n got %q\nwant %q\n%s", got, reason, a)
	}
	roots, ok := a.at(t, "error.root_cause").([]any)
	if !ok || len(roots) == 0 {
		t.Errorf("root_cause: got %v\n%s", a.at(t, "error.root_cause"), a)
	}
	return a
}

// because expects the error that caused this one.
func (a answer) because(t *testing.T, kind, reason string) answer {
	t.Helper()
	return a.is(t, object{"error.caused_by.type": kind, "error.caused_by.reason": reason})
}

// refuses expects an error in the form of OAuth.
func (a answer) refuses(t *testing.T, code, description string) answer {
	t.Helper()
	a.want(t, http.StatusBadRequest)
	if got := a.keys(t, ""); !slices.Equal(got, []string{"error", "error_description"}) {
		t.Errorf("members: got %v, want error and error_description alone\n%s", got, a)
	}
	a.is(t, object{"error": code, "error_description": description})
	if a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("a challenge at an OAuth refusal\n%s", a)
	}
	return a
}

// keys are the members of the object at a path, in the order in which they came.
func (a answer) keys(t *testing.T, path string) []string {
	t.Helper()
	raw := json.RawMessage(a.body)
	for part := range strings.SplitSeq(path, ".") {
		if part == "" {
			continue
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatalf("%s: %v\n%s", path, err, a)
		}
		raw = members[part]
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		t.Fatalf("%q: no object\n%s", path, a)
	}
	var names []string
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string)) //nolint:forcetypeassert,errcheck // JSON: a name is a string
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// ordered expects exactly these members in this order.
func (a answer) ordered(t *testing.T, path string, names ...string) answer {
	t.Helper()
	if got := a.keys(t, path); !slices.Equal(got, names) {
		t.Errorf("members of %q:\n got %v\nwant %v\n%s", path, got, names, a)
	}
	return a
}

const (
	basicChallenge   = `Basic realm="security", charset="UTF-8"`
	bearerChallenge  = `Bearer realm="security"`
	apiKeyChallenge  = "ApiKey"
	expiredChallenge = `Bearer realm="security", error="invalid_token", error_description="The access token expired"`
)

// challenges expects exactly these, in any order, one header line each, and the
// same in the error and in its root cause.
func (a answer) challenges(t *testing.T, want ...string) answer {
	t.Helper()
	want = slices.Sorted(slices.Values(want))
	if got := slices.Sorted(slices.Values(a.header.Values("WWW-Authenticate"))); !slices.Equal(got, want) {
		t.Errorf("WWW-Authenticate:\n got %q\nwant %q\n%s", got, want, a)
	}
	if a.header.Get("X-Elastic-Product") != "" {
		t.Errorf("a product header on %d\n%s", a.status, a)
	}
	body := a.at(t, "error.header.WWW-Authenticate")
	var got []string
	switch v := body.(type) {
	case string:
		got = []string{v}
		if len(want) != 1 {
			t.Errorf("one string for several challenges\n%s", a)
		}
	case []any:
		for _, one := range v {
			got = append(got, fmt.Sprint(one))
		}
		if len(want) == 1 {
			t.Errorf("an array for one challenge\n%s", a)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("error.header:\n got %q\nwant %q\n%s", got, want, a)
	}
	return a
}

// allChallenges expects the list of a healthy node.
func (a answer) allChallenges(t *testing.T) answer {
	t.Helper()
	return a.challenges(t, basicChallenge, bearerChallenge, apiKeyChallenge)
}

// noChallenge expects none, neither as a header nor in the body.
func (a answer) noChallenge(t *testing.T) answer {
	t.Helper()
	if a.header.Get("WWW-Authenticate") != "" || a.at(t, "error.header") != nil {
		t.Errorf("a challenge\n%s", a)
	}
	return a
}

// product expects the header by which official clients know Elasticsearch.
func (a answer) product(t *testing.T) answer {
	t.Helper()
	if got := a.header.Get("X-Elastic-Product"); got != "Elasticsearch" {
		t.Errorf("X-elastic-product: got %q\n%s", got, a)
	}
	return a
}
