package standin

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// A call is one request on its way through the checks.
type call struct {
	node    *Elasticsearch
	cluster *cluster
	faults  Faults
	request *http.Request
	now     time.Time // read once
	target  target
	params  params
	media   negotiation
	body    []byte
	caller  *authentication
	warning []string
}

func (es *Elasticsearch) newCall(r *http.Request) *call {
	return &call{
		node: es, cluster: es.cluster, faults: es.Faults(), request: r,
		now: es.now(), target: parseTarget(r),
	}
}

func (c *call) ctx() context.Context { return c.request.Context() }

func (c *call) log(level slog.Level, text string, args ...any) {
	c.cluster.config.Log.Log(c.ctx(), level, text, args...)
}

// answer runs the checks in Elasticsearch's order (HTTP contract 1.5).
func (c *call) answer() *answer {
	found, known := match(c.node.routes, c.request.Method, c.target.segments())
	c.count(found, known)
	if c.faults.Status != 0 {
		return errorAnswer(statusFailure(c.faults.Status), false)
	}
	if err := c.checkHeaders(); err != nil {
		return errorAnswer(err, false)
	}
	if c.request.Method == http.MethodOptions {
		return c.options()
	}
	if err := c.identify(); err != nil {
		return errorAnswer(err, false)
	}
	if tooLarge(c.request) {
		return &answer{status: http.StatusRequestEntityTooLarge, header: http.Header{}, fromNetty: true}
	}
	a, err := c.dispatch(found, known)
	if err != nil {
		a = errorAnswer(err, c.params.flag("error_trace"))
	}
	return c.finish(a)
}

func (c *call) count(found matched, known bool) {
	if known {
		c.node.countCall(c.request.Method + " " + found.route.path)
		return
	}
	c.node.countCall(c.request.Method + " ?")
}

// dispatch is the REST layer.
func (c *call) dispatch(found matched, known bool) (*answer, error) {
	if err := c.negotiate(); err != nil {
		return nil, err
	}
	if err := c.parseParams(); err != nil {
		return nil, err
	}
	if !known {
		return nil, c.noRoute()
	}
	for name, value := range found.values {
		c.params.set(name, value)
	}
	if err := c.checkContentType(found.route); err != nil {
		return nil, err
	}
	if err := c.readBody(); err != nil {
		return nil, err
	}
	if err := c.identifySecondary(); err != nil {
		return nil, err
	}
	return c.handle(found.route)
}

// handle runs the three phases of a handler: it parses, the parameters that it
// does not know and the body that it did not want are refused, it acts.
func (c *call) handle(rt route) (*answer, error) {
	act, err := rt.prepare(c)
	if err != nil {
		return nil, err
	}
	if err := c.params.refuseUnknown(c.target.path, rt.params); err != nil {
		return nil, err
	}
	if rt.body == noBody && len(c.body) > 0 {
		return nil, illegalArgument("request [" + c.request.Method + " " + c.target.path + "] does not support having a body")
	}
	return act()
}

// finish adds what every answer of the dispatcher has.
func (c *call) finish(a *answer) *answer {
	for _, text := range c.warning {
		a.header.Add("Warning", "299 Elasticsearch-"+c.cluster.release.text+"-"+buildHash+` "`+text+`"`)
	}
	if a.contentType == "" {
		a.contentType = c.media.response
	}
	isJSON := strings.HasSuffix(strings.SplitN(a.contentType, ";", 2)[0], "json")
	if list := c.params["filter_path"]; list != "" && isJSON && a.status < http.StatusMultipleChoices {
		a.filter(list)
	}
	if isJSON && c.params.flag("pretty") {
		a.pretty()
	}
	return a
}

// send writes the answer and, as Elasticsearch does, throws away a body that
// was not read, so that the connection stays usable after an early 401.
func (c *call) send(w http.ResponseWriter, a *answer) {
	if a.contentType == "" && len(a.body) > 0 {
		a.contentType = "application/json"
	}
	unread := c.body == nil && hasBody(c.request) && c.request.Header.Get("Expect") == ""
	control := http.NewResponseController(w)
	if unread {
		_ = control.EnableFullDuplex() // not every writer can; then the server closes
	}
	a.write(w, c.request)
	if unread {
		_ = control.Flush()
		_, _ = io.Copy(io.Discard, io.LimitReader(c.request.Body, maxContentLength))
	}
}

// maxContentLength is http.max_content_length: 100mb.
const maxContentLength = 100 << 20

func hasBody(r *http.Request) bool { return r.ContentLength > 0 || len(r.TransferEncoding) > 0 }

func tooLarge(r *http.Request) bool { return r.ContentLength > maxContentLength }

// bufferBody reads the whole body into memory and puts it back.
func bufferBody(r *http.Request) error {
	if r.Body == nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxContentLength+1))
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return nil
}

func (c *call) readBody() error {
	c.body = []byte{}
	if !hasBody(c.request) {
		return nil
	}
	var source io.Reader = c.request.Body
	if strings.EqualFold(c.request.Header.Get("Content-Encoding"), "gzip") {
		unzipped, err := gzip.NewReader(source)
		if err != nil {
			return illegalArgument("Not in GZIP format")
		}
		source = unzipped
	}
	text, err := io.ReadAll(io.LimitReader(source, maxContentLength+1))
	if err != nil {
		return illegalArgument(err.Error())
	}
	if len(text) > maxContentLength {
		return &bodyTooLarge{}
	}
	c.body = text
	return nil
}

// bodyTooLarge is a body that was announced by nobody and grew over the limit.
type bodyTooLarge struct{}

func (*bodyTooLarge) Error() string { return "standin: body too large" }

func (*bodyTooLarge) answer(bool) *answer {
	h := http.Header{"Connection": {"close"}}
	return &answer{status: http.StatusRequestEntityTooLarge, header: h, fromNetty: true, contentType: plainText}
}
