package audit

import (
	"context"
	"log/slog"
)

// event is what the events have in common: who, where, in which request.
type event struct {
	message string
	action  string
	outcome string
	sort    []string // event.category
	phase   string   // event.type

	user, realm, method, session string
	clientIP, requestID, reason  string
	more                         []slog.Attr
}

// The values of event.outcome (ECS).
const (
	success = "success"
	failure = "failure"
)

func (l *Log) write(ctx context.Context, e event) {
	attrs := []slog.Attr{
		slog.String("event.kind", "event"),
		slog.String("event.dataset", "esgateway.audit"),
		slog.Any("event.category", e.sort),
		slog.Any("event.type", []string{e.phase}),
		slog.String("event.action", e.action),
		slog.String("event.outcome", e.outcome),
	}
	for _, field := range []struct{ name, value string }{
		{"event.reason", e.reason},
		{"user.name", e.user},
		{"esgateway.realm", e.realm},
		{"esgateway.method", e.method},
		{"esgateway.session", e.session},
		{"client.ip", e.clientIP}, // an ip field in ES: "" would be refused
		{"http.request.id", e.requestID},
	} {
		if field.value != "" {
			attrs = append(attrs, slog.String(field.name, field.value))
		}
	}
	l.slog.LogAttrs(ctx, slog.LevelInfo, e.message, append(attrs, e.more...)...)
}
