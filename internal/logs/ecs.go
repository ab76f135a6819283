package logs

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"
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

// ecs is a slog.Handler that flattens groups to dotted names. The JSON is
// written by the standard handler.
type ecs struct {
	json   slog.Handler
	prefix string      // of the open groups, with a dot at the end
	attrs  []slog.Attr // flat; never changed once set
}

// NewECSHandler returns a handler that writes lines of JSON to w. Each line is
// one call of w.Write. Groups become dotted names; where a name comes twice the
// last value counts, since Elasticsearch refuses documents with both.
func NewECSHandler(w io.Writer, level slog.Leveler) slog.Handler { //nolint:misspell // the name is slog's
	// The standard handler gets nothing but flat attributes under our names,
	// so all that is left to it are the encoding and the level.
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey || a.Key == slog.MessageKey || a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return &ecs{json: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: drop})}
}

// Enabled implements slog.Handler.
func (h *ecs) Enabled(ctx context.Context, l slog.Level) bool { return h.json.Enabled(ctx, l) }

// WithGroup implements slog.Handler.
func (h *ecs) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &ecs{json: h.json, attrs: h.attrs, prefix: h.prefix + name + "."}
}

// WithAttrs implements slog.Handler.
func (h *ecs) WithAttrs(attrs []slog.Attr) slog.Handler {
	all := append([]slog.Attr{}, h.attrs...)
	for _, a := range attrs {
		all = flatten(all, h.prefix, a)
	}
	return &ecs{json: h.json, attrs: all, prefix: h.prefix}
}

// Handle implements slog.Handler.
func (h *ecs) Handle(ctx context.Context, r slog.Record) error {
	all := append(make([]slog.Attr, 0, 5+len(h.attrs)+r.NumAttrs()),
		slog.String(fieldTime, r.Time.UTC().Format(timeLayout)),
		slog.String(fieldLevel, strings.ToLower(r.Level.String())),
		slog.String(fieldMessage, bounded(r.Message)),
		slog.String(fieldVersion, ecsVersion),
		slog.String(fieldService, service),
	)
	all = append(all, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		all = flatten(all, h.prefix, a)
		return true
	})
	line := slog.NewRecord(time.Time{}, r.Level, "", 0)
	line.AddAttrs(last(all)...)
	return h.json.Handle(ctx, line)
}
