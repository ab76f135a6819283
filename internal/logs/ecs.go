package logs

import (
	"context"
	"io"
	"log/slog"
	"sync"
)

// The fields of every line (ECS reference, "Base" and "Log").
const (
	fieldTime    = "@timestamp"
	fieldLevel   = "log.level"
	fieldMessage = "message"
	fieldVersion = "ecs.version"
	fieldService = "service.name"

	ecsVersion = "8.17.0"
	service    = "esgateway"
)

// timeLayout is RFC 3339 with milliseconds, always of the same width.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// ecs is a slog.Handler that flattens groups to dotted names. It writes JSON by itself,
// as slog's own handler does but in a third of the time: there is a line for each request.
type ecs struct {
	out    *output
	level  slog.Leveler
	prefix string      // of the open groups, with a dot at the end
	attrs  []slog.Attr // flat; never changed once set
}

// output is where the lines of a handler and of all that were made from it go, one at a
// time.
type output struct {
	mu sync.Mutex
	w  io.Writer
}

// NewECSHandler returns a handler that writes lines of JSON to w. Each line is
// one call of w.Write. Groups become dotted names; where a name comes twice the
// last value counts, since Elasticsearch refuses documents with both.
func NewECSHandler(w io.Writer, level slog.Leveler) slog.Handler { //nolint:misspell // the name is slog's
	return &ecs{out: &output{w: w}, level: level}
}

// Enabled implements slog.Handler.
func (h *ecs) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// WithGroup implements slog.Handler.
func (h *ecs) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.prefix += name + "."
	return &next
}

// WithAttrs implements slog.Handler.
func (h *ecs) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.attrs = append([]slog.Attr{}, h.attrs...)
	for _, a := range attrs {
		next.attrs = flatten(next.attrs, h.prefix, a)
	}
	return &next
}

// Handle implements slog.Handler.
func (h *ecs) Handle(_ context.Context, r slog.Record) error {
	l := newLine()
	defer l.free()
	l.attrs = append(l.attrs, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		l.attrs = flatten(l.attrs, h.prefix, a)
		return true
	})
	l.head(r)
	for _, a := range last(l.attrs) {
		l.attr(a)
	}
	l.text = append(l.text, "}\n"...)
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := h.out.w.Write(l.text)
	return err
}
