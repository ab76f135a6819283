package server

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/proxy"
	"github.com/esgateway/esgateway/internal/web"
)

// around is what happens around every request.
type around struct {
	config  *config.Ready
	lasting Lasting
	pages   *web.Renderer
	client  func(*http.Request) netip.Addr
}

// wrap orders it, from the outside in: the request id and the access line outside of
// recover, so that a crash has them too.
func (a around) wrap(own, upstreams http.Handler) http.Handler {
	return a.record(a.recover(a.canonical(a.split(own, upstreams))))
}

// ownBodyTime is how long the whole body of a request to our own pages may take:
// they are forms and answers of identity providers, never uploads.
const ownBodyTime = 30 * time.Second

// split sends our own prefix to our own pages, by the raw path: an encoded
// slash never makes a path ours, or somebody else's.
func (a around) split(own, upstreams http.Handler) http.Handler {
	limit := a.config.Listen.ProgressTime
	own, upstreams = paced(own, limit, ownBodyTime), paced(upstreams, limit, 0)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if path == a.config.Prefix || strings.HasPrefix(path, a.config.Prefix+"/") {
			proxy.NameRoute(r.Context(), "gateway")
			own.ServeHTTP(w, r)
			return
		}
		upstreams.ServeHTTP(w, r)
	})
}

// maxAgent bounds what of a client's own words goes into the log.
const maxAgent = 200

// record gives the request an id of ours, which is sent up, back and logged: what a
// client calls its request is never taken for it. Then it writes the access line, without
// query and without any header that can hold a secret, and counts the request.
func (a around) record(next http.Handler) http.Handler {
	log := a.lasting.Log.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := a.lasting.Now()
		id, route := rand.Text()[:20], "none"
		w.Header().Set("X-Request-Id", id)
		ctx := web.WithRequestID(r.Context(), id)
		trace := web.TraceParent(r.Header)
		seen := &recorder{ResponseWriter: w}
		defer func() {
			end := a.lasting.Now()
			took := end.Sub(start)
			a.lasting.Metrics.Request(route, seen.code(), took)
			if !log.Enabled(ctx, slog.LevelInfo) {
				return
			}
			agent := r.UserAgent()
			line := slog.NewRecord(end, slog.LevelInfo, "request", 0) // nobody looks for the place in the code
			line.AddAttrs(
				slog.String("http.request.id", id),
				slog.String("trace.id", trace),
				slog.String("http.request.method", r.Method),
				slog.String("url.domain", r.Host),
				slog.String("url.path", r.URL.EscapedPath()),
				slog.Int("http.response.status_code", seen.code()),
				slog.Int64("http.response.body.bytes", seen.bytes),
				slog.Int64("event.duration", took.Nanoseconds()),
				slog.String("client.ip", a.client(r).String()),
				slog.String("esgateway.route", route),
				slog.String("user_agent.original", agent[:min(len(agent), maxAgent)]),
			)
			_ = log.Handle(ctx, line) // a log that cannot be written cannot be told
		}()
		next.ServeHTTP(seen, r.WithContext(proxy.WithName(ctx, &route)))
	})
}

// recover turns a panic into our 500. A panic that net/http uses to cut a
// connection goes on.
func (a around) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) //nolint:forbidigo // not ours: net/http ends the connection by it
			}
			a.lasting.Log.ErrorContext(r.Context(), "a request crashed",
				"http.request.id", web.RequestID(r.Context()), "error.message", fmt.Sprint(p), "error.stack_trace", string(debug.Stack()))
			if seen, ok := w.(*recorder); ok && seen.status != 0 {
				panic(http.ErrAbortHandler) //nolint:forbidigo // half an answer must not look whole
			}
			a.pages.Error(w, r, fault.Because(fault.Internal, errors.New("panic")), web.Reply{Audience: web.AudienceOf(r)})
		}()
		next.ServeHTTP(w, r)
	})
}

// canonical sends a browser that came by a loopback address to the name that
// cookies and identity providers know.
func (a around) canonical(next http.Handler) http.Handler {
	local := loopbackName(a.config.Public.Hostname())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local && loopbackAddress(r.Host) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			web.Redirect(w, r, a.config.Public.Scheme+"://"+a.config.Public.Host+r.URL.RequestURI())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func loopbackName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func loopbackAddress(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter. Informational answers are none.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Hijack hands the connection to an upgraded protocol.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil && r.status == 0 {
		r.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

// Unwrap lets http.ResponseController flush.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// code is the status of the answer; 499 if the client got none.
func (r *recorder) code() int {
	if r.status == 0 {
		return 499
	}
	return r.status
}

// every calls do now and then until ctx ends.
func every(ctx context.Context, d time.Duration, do func(context.Context)) {
	for ctx.Err() == nil {
		timer, cancel := context.WithTimeout(ctx, d)
		<-timer.Done()
		cancel()
		if ctx.Err() == nil {
			do(ctx)
		}
	}
}
