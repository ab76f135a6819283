package standin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A media is a parsed media type.
type media struct {
	kind   string // in lower case, e.g. application/json
	params []string
}

// A negotiation is what the headers Accept and Content-Type come to.
type negotiation struct {
	content  *media
	response string // the content type of the answer
}

func (m *media) known() bool {
	sub, _ := strings.CutPrefix(m.kind, "application/")
	sub = strings.TrimPrefix(sub, "vnd.elasticsearch+")
	return strings.HasPrefix(m.kind, "application/") &&
		slices.Contains([]string{"json", "x-ndjson", "yaml", "smile", "cbor"}, sub)
}

func (m *media) lines() bool { return strings.HasSuffix(m.kind, "x-ndjson") }

// version is the number behind compatible-with, 0 when there is none.
func (m *media) version() int {
	if m == nil {
		return 0
	}
	for _, p := range m.params {
		if value, is := strings.CutPrefix(p, "compatible-with="); is {
			n, _ := strconv.Atoi(strings.Trim(value, `"`))
			return n
		}
	}
	return 0
}

func (m *media) String() string { return strings.Join(append([]string{m.kind}, m.params...), ";") }

func parseMedia(value string) *media {
	parts := strings.Split(value, ";")
	kind := strings.ToLower(strings.TrimSpace(parts[0]))
	main, sub, slash := strings.Cut(kind, "/")
	if !slash || main == "" || sub == "" || strings.ContainsAny(kind, " ,") {
		return nil
	}
	m := &media{kind: kind}
	for _, p := range parts[1:] {
		if p = strings.TrimSpace(p); p != "" {
			m.params = append(m.params, strings.ToLower(p))
		}
	}
	return m
}

func mediaFailure(names string, cause *exception) *exception {
	e := &exception{
		status: http.StatusBadRequest, kind: "media_type_header_exception", java: true,
		reason: "Invalid media-type value on headers [" + names + "]",
	}
	return e.causedBy(cause)
}

// readMedia reads one of the two headers; nil means absent.
func readMedia(h http.Header, name string) (*media, error) {
	values := h.Values(name)
	if len(values) == 0 {
		return nil, nil
	}
	if len(values) > 1 {
		return nil, mediaFailure(name, illegalArgument("Incorrect header ["+name+"]. Only one value should be provided"))
	}
	value := values[0]
	if strings.TrimSpace(value) == "" {
		return nil, mediaFailure(name, illegalArgument("Header ["+name+"] cannot be empty."))
	}
	if name == "Accept" && (strings.Contains(value, ",") || strings.TrimSpace(value) == "*/*") {
		return nil, nil
	}
	m := parseMedia(value)
	if m == nil {
		return nil, mediaFailure(name, illegalArgument("invalid media-type ["+value+"]"))
	}
	return m, nil
}

func (c *call) negotiate() error {
	h := c.request.Header
	accept, err := readMedia(h, "Accept")
	if err != nil {
		return err
	}
	content, err := readMedia(h, "Content-Type")
	if err != nil {
		return err
	}
	if err := c.checkCompatible(accept, content); err != nil {
		return err
	}
	c.media = negotiation{content: content, response: responseType(accept, content)}
	return nil
}

// responseType: Accept, else the request's own type, else JSON. Types that the
// stand-in cannot write are answered in JSON.
func responseType(accept, content *media) string {
	if accept != nil && accept.known() && strings.HasSuffix(accept.kind, "json") && !accept.lines() {
		return accept.String()
	}
	if accept == nil && content != nil && content.known() && strings.HasSuffix(content.kind, "json") && !content.lines() {
		return content.kind
	}
	return "application/json"
}

// checkCompatible are the rules of compatible-with (HTTP contract 6.3).
func (c *call) checkCompatible(accept, content *media) error {
	major := c.cluster.release.major
	shownAccept, shownContent := headerText(c.request, "Accept"), headerText(c.request, "Content-Type")
	fail := func(reason string) error {
		cause := &exception{status: http.StatusBadRequest, kind: "status_exception", reason: reason, java: true}
		return mediaFailure("Accept, Content-Type", cause)
	}
	inRange := func(v int) bool { return v == 0 || v == major || v == major-1 }
	must := "version must be either version " + itoa(major) + " or " + itoa(major-1) + ", but found "
	a, t := accept.version(), content.version()
	if !inRange(a) {
		return fail("Accept " + must + itoa(a) + ". Accept=" + shownAccept)
	}
	if !hasBody(c.request) {
		return nil
	}
	both := "Accept=" + shownAccept + ", Content-Type=" + shownContent
	switch {
	case !inRange(t):
		return fail("Content-Type " + must + itoa(t) + ". Content-Type=" + shownContent)
	case a == 0 && t == 0:
		return nil
	case effective(a, major) != effective(t, major):
		return fail("A compatible version is required on both Content-Type and Accept headers if either one has " +
			"requested a compatible version and the compatible versions must match. " + both)
	case a == 0 || t == 0:
		return fail("A compatible version is required on both Content-Type and Accept headers if either one has " +
			"requested a compatible version. " + both)
	}
	return nil
}

func effective(version, major int) int {
	if version == 0 {
		return major
	}
	return version
}

func headerText(r *http.Request, name string) string {
	if len(r.Header.Values(name)) == 0 {
		return "null"
	}
	return r.Header.Get(name)
}

// checkContentType refuses bodies of a type that the handler does not read.
func (c *call) checkContentType(rt route) error {
	if !hasBody(c.request) {
		return nil
	}
	content := c.media.content
	if content == nil {
		return &plainError{status: http.StatusNotAcceptable, text: "Content-Type header is missing"}
	}
	if !content.known() || content.lines() && rt.body != lineBody {
		text := "Content-Type header [" + c.request.Header.Get("Content-Type") + "] is not supported"
		return &plainError{status: http.StatusNotAcceptable, text: text}
	}
	return nil
}
