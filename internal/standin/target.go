package standin

import (
	"net/http"
	"slices"
	"strings"
)

// A target is the raw request target, taken apart as Elasticsearch does it
// (HTTP contract 10): nothing is cleaned, nothing is decoded before the split.
type target struct {
	raw   string // as it stood in the request line
	path  string // up to the first "?" or "#"
	query string // after "?", up to "#"
}

func parseTarget(r *http.Request) target {
	raw := r.RequestURI
	if raw == "" {
		raw = r.URL.RequestURI()
	}
	t := target{raw: raw, path: raw}
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		t.path = raw[:i]
		if raw[i] == '?' {
			t.query, _, _ = strings.Cut(raw[i+1:], "#")
		}
	}
	return t
}

// segments splits the raw path. Trailing slashes are dropped, inner empty
// segments are kept: "//_search" is a search over the index "".
func (t target) segments() []string {
	path := strings.TrimRight(strings.TrimPrefix(t.path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// params are the query parameters and the wildcard parts of the path.
type params map[string]string

func (p params) flag(name string) bool {
	value, there := p[name]
	return there && value != "false"
}

func (p params) set(name, value string) { p[name] = value }

// parseQuery reads a query as RestUtils does: "&" and ";" separate, of a
// repeated name the last value counts, a blank may be "+".
func parseQuery(query string) (params, error) {
	p := params{}
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		name, err := decodePercent(name, true)
		if err != nil {
			return nil, err
		}
		if value, err = decodePercent(value, true); err != nil {
			return nil, err
		}
		p[name] = value
	}
	return p, nil
}

func (c *call) parseParams() error {
	p, err := parseQuery(c.target.query)
	if err != nil {
		return badParameter("java.lang.IllegalArgumentException: " + err.Error())
	}
	for _, name := range []string{"serverlessRequest", "operatorRequest"} {
		if _, there := p[name]; there {
			return badParameter("parameter [" + name + "] is reserved and may not be set")
		}
	}
	c.params = p
	return nil
}

func badParameter(reason string) *exception {
	return &exception{status: http.StatusBadRequest, kind: "bad_parameter_exception", reason: reason, java: true}
}

// escapeError is the text of RestUtils for a broken percent escape.
type escapeError string

func (e escapeError) Error() string { return string(e) }

func decodePercent(s string, plus bool) (string, error) {
	if !strings.ContainsAny(s, "%+") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+' && plus:
			b.WriteByte(' ')
		case s[i] != '%':
			b.WriteByte(s[i])
		case i+1 == len(s):
			return "", escapeError("unterminated escape sequence at end of string: " + s)
		case s[i+1] == '%':
			b.WriteByte('%')
			i++
		case i+2 == len(s):
			return "", escapeError("partial escape sequence at end of string: " + s)
		default:
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high < 0 || low < 0 {
				return "", escapeError("invalid escape sequence `%" + s[i+1:i+3] + "' at index " + itoa(i) + " of: " + s)
			}
			b.WriteByte(byte(high<<4 | low))
			i += 2
		}
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}

func unhex(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }

// commonParams are understood by the response layer of every endpoint.
func commonParams() []string {
	return []string{"pretty", "human", "error_trace", "filter_path", "format"}
}

func (p params) refuseUnknown(path string, known []string) error {
	var unknown []string
	for name := range p {
		if !slices.Contains(known, name) && !slices.Contains(commonParams(), name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	text := "parameter"
	if len(unknown) > 1 {
		text = "parameters"
	}
	for i, name := range unknown {
		unknown[i] = "[" + name + "]" + didYouMean(name, known)
	}
	return illegalArgument("request [" + path + "] contains unrecognized " + text + ": " + strings.Join(unknown, ", ")) //nolint:misspell // the wire's spelling
}
