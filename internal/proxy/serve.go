package proxy

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/gate"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/metrics"
	"github.com/esgateway/esgateway/internal/target"
	"github.com/esgateway/esgateway/internal/web"
)

// Setup is what a Handler is made of.
type Setup struct {
	Routes []RouteConfig
	// Public is the public URL: its scheme is what clients speak.
	Public *url.URL
	Gate   *gate.Gate
	Flow   *login.Flow
	Pages  *web.Renderer
	// Client returns a request's client address.
	Client  func(*http.Request) netip.Addr
	Metrics *metrics.Set
	// Claims are further request headers that clients may not send on.
	Claims []string
	// StreamCheck is how often a long request asks whether its visitor may still stay.
	StreamCheck time.Duration
	Now         func() time.Time
	Log         *slog.Logger
}

// Handler serves everything that is not the gateway's own.
type Handler struct {
	Setup
	table     table
	policy    policy
	proxies   map[*route]*httputil.ReverseProxy
	upstreams []*upstreams
	buffers   buffers
	streams   openStreams
}

// New makes a handler. An error names the route that cannot be served.
func New(s Setup) (*Handler, error) {
	routes, err := newTable(s.Routes, s.Public.Hostname())
	if err != nil {
		return nil, err
	}
	h := &Handler{Setup: s, table: routes, policy: newPolicy(s.Claims), proxies: map[*route]*httputil.ReverseProxy{}}
	for _, ofHost := range routes {
		for _, rt := range ofHost {
			us, err := newUpstreams(rt, s)
			if err != nil {
				return nil, errors.Join(errors.New("route "+rt.name()), err)
			}
			h.upstreams = append(h.upstreams, us)
			h.proxies[rt] = h.reverse(us)
		}
	}
	return h, nil
}

// Drain ends event streams and WebSockets, which would not end by themselves: their
// clients connect anew, to another node. Everything else goes on.
func (h *Handler) Drain() { h.streams.end() }

// Run asks the upstreams how they are, where routes want that, until ctx ends.
func (h *Handler) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, us := range h.upstreams {
		if us.health != nil {
			all.Go(func() { us.health.run(ctx) })
		}
	}
	all.Wait()
}

// ServeHTTP carries one request, or says why not.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, err := target.Parse(r)
	if err != nil {
		h.Pages.Error(w, r, refused(err), web.Reply{Audience: web.AudienceOf(r)})
		return
	}
	rt := h.table.find(t)
	if rt == nil || h.table.find(t.Loose()) != rt {
		h.Pages.Error(w, r, fault.New(fault.NotFound, "There is no application at this address."), web.Reply{Audience: web.AudienceOf(r)})
		return
	}
	NameRoute(r.Context(), rt.name())
	rt.share(w.Header(), r)
	e := &exchange{route: rt, target: rt.inside(t), preflight: preflight(r)}
	if e.preflight && rt.CORS {
		h.answerPreflight(w, r, rt)
		return
	}
	if err := h.admit(w, r, t, e); err != nil {
		h.refuse(w, r, rt, err)
		return
	}
	h.forward(w, r, e)
}

// admit decides who asks and whether the request may go on.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, t target.Target, e *exchange) error {
	var err error
	if e.upgrade, err = target.Websocket(r); err != nil {
		return refused(err)
	}
	if e.route.Elasticsearch {
		if err := e.target.ElasticsearchSafe(); err != nil {
			return refused(err)
		}
	}
	if e.preflight || e.route.public(t) {
		return nil
	}
	v, err := h.Gate.Admit(w, r, t, e.route.policy)
	if err != nil {
		return err
	}
	if err := h.foreign(r, e, v); err != nil {
		return err
	}
	e.visitor = v
	if v.OwnAuthorization {
		e.scheme, _, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	}
	return e.keepBody(r)
}

// refused makes the bad request of a target that is not taken. Its sentence
// holds nothing of the request.
func refused(err error) error {
	f := fault.Because(fault.BadRequest, err)
	if why, ok := errors.AsType[target.Refusal](err); ok {
		f.Public = why.Error()
	}
	return f
}

// refuse answers a request that does not go on: somebody who is not signed in
// is challenged, by what asked; everything else is the renderer's.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, rt *route, err error) {
	audience := rt.audience(web.AudienceOf(r))
	reply := web.Reply{Audience: audience, Elasticsearch: rt.Elasticsearch, SignInURL: h.Flow.SignInURL(h.landing())}
	unusable, over := errors.AsType[*gate.Unusable](err)
	if over {
		err = unusable.Err
	}
	if over || fault.Is(err, fault.Forbidden) { // the live session would send the person straight back
		reply.SignInURL = h.Flow.AgainURL(h.Flow.Wanted(r))
	}
	if !fault.Is(err, fault.LoginRequired) {
		h.Pages.Error(w, r, err, reply)
		return
	}
	reply.Challenges = challenges(rt.policy)
	if r.Header.Get("Authorization") == "" {
		answered, problem := h.Flow.Challenge(w, r, audience, over)
		if problem != nil {
			err = problem
		} else if answered {
			return
		}
	}
	h.Pages.Error(w, r, err, reply)
}

func (h *Handler) landing() string { return h.Public.Scheme + "://" + h.Public.Host + "/" }

// challenges are what our own 401 offers: what the route takes, without Basic,
// which makes browsers open a login box.
func challenges(p gate.Policy) []string {
	var all []string
	for _, scheme := range p.Schemes() {
		switch scheme {
		case "Bearer":
			all = append(all, `Bearer realm="security"`)
		case "ApiKey":
			all = append(all, scheme)
		}
	}
	return all
}

// forward sends the request upstream and the answer back.
func (h *Handler) forward(w http.ResponseWriter, r *http.Request, e *exchange) {
	ctx := withExchange(r.Context(), e)
	if lives := e.visitor.Lives; lives != nil {
		guarded, stop := watch(ctx, lives, h.StreamCheck)
		defer stop()
		ctx = guarded
	}
	defer func() {
		if e.stream {
			h.Metrics.OpenStreams(-1)
			h.streams.remove(e)
		}
	}()
	d := &downstream{ResponseWriter: w, own: maps.Clone(w.Header()), uploads: func() bool { return true }}
	r = r.WithContext(ctx)
	if r.Header.Get("Expect") != "" && e.body == nil {
		watched := &body{ReadCloser: r.Body}
		r.Body, d.uploads = watched, watched.read.Load
	}
	h.proxies[e.route].ServeHTTP(d, r)
}

// reverse makes the reverse proxy of a route.
func (h *Handler) reverse(connections http.RoundTripper) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:        h.rewrite,
		Transport:      renewing{next: connections, gate: h.Gate},
		FlushInterval:  flushTime,
		BufferPool:     &h.buffers,
		ModifyResponse: h.modify,
		ErrorHandler:   h.failed,
		ErrorLog:       log.New(io.Discard, "", 0), // what it would say comes to ErrorHandler too
	}
}

// rewrite makes the outgoing request. Path and query are the client's bytes:
// net/http would decode the path, and drop query pairs that it cannot read.
func (h *Handler) rewrite(p *httputil.ProxyRequest) {
	e := exchangeOf(p.In.Context())
	e.write(p.Out.URL)
	p.Out.Host = p.In.Host
	h.policy.clean(p.Out.Header, e.visitor.OwnAuthorization)
	if e.preflight {
		p.Out.Header.Del("Cookie") // browsers send none, and nobody was admitted
	}
	if ours := e.visitor.Authorization(); !ours.Empty() {
		p.Out.Header.Set("Authorization", ours.Reveal())
	}
	if _, asked := p.In.Header["User-Agent"]; !asked {
		p.Out.Header["User-Agent"] = nil // net/http would put its own
	}
	announce(p.Out, p.In, h.Public.Scheme, h.Client(p.In))
	if e.route.Elasticsearch && p.Out.Header.Get("X-Opaque-Id") == "" {
		p.Out.Header.Set("X-Opaque-Id", web.RequestID(p.In.Context()))
	}
	h.policy.passTrailers(p.Out, p.In)
	if e.route.Certificate.Headers {
		tellCertificate(p.Out.Header, e.visitor.Chain)
	}
	if e.route.StripPrefix {
		p.Out.Header.Set("X-Forwarded-Prefix", strings.TrimRight(e.route.Path, "/"))
	}
}

// modify cleans an answer on its way back.
func (h *Handler) modify(resp *http.Response) error {
	e := exchangeOf(resp.Request.Context())
	cleanAnswer(resp.Header)
	e.route.ownShare(resp.Header)
	if e.visitor.Session != nil || e.visitor.Proven {
		keepPrivate(resp.Header)
	}
	if e.route.Elasticsearch && resp.StatusCode == http.StatusUnauthorized {
		filterChallenges(resp.Header, e.route.policy.Schemes(), e.scheme)
	}
	if e.stream = streams(resp); e.stream {
		h.Metrics.OpenStreams(1)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		cleanUpgrade(resp.Header)
	} else {
		resp.Body = &answer{ReadCloser: resp.Body, response: resp, route: e.route, log: h.Log}
	}
	if e.stream {
		h.streams.add(e, resp.Body)
	}
	return nil
}

// failed answers when there is no answer of the upstream. A client that has
// left decides nothing and needs no answer.
func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	e := exchangeOf(r.Context())
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the way net/http asks to end a connection without an answer
	}
	h.refuse(w, r, e.route, e.route.failure(err))
}
