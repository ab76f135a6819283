package audit

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Log is the audit log. It is safe for concurrent use. Its lines cannot be
// switched off by a log level.
type Log struct {
	slog *slog.Logger
	lost *atomic.Uint64
}

// New returns a log that writes through l. nil means nowhere.
func New(l *slog.Logger) *Log {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	lost := new(atomic.Uint64)
	return &Log{slog: slog.New(always{l.Handler(), lost}), lost: lost}
}

// Lost returns how many events could not be written (full disk, closed pipe)
// since the log was made. Losing them silently would hide what an intruder did.
func (l *Log) Lost() uint64 { return l.lost.Load() }

// always is a handler that writes at every level and counts what was not
// written, since slog itself drops both.
type always struct {
	slog.Handler
	lost *atomic.Uint64
}

func (h always) Enabled(context.Context, slog.Level) bool { return true }

func (h always) Handle(ctx context.Context, r slog.Record) error {
	// A handler that looks at ctx must not drop the event because the client
	// went away.
	err := h.Handler.Handle(context.WithoutCancel(ctx), r)
	if err != nil {
		h.lost.Add(1)
	}
	return err
}

func (h always) WithAttrs(a []slog.Attr) slog.Handler { return always{h.Handler.WithAttrs(a), h.lost} }

func (h always) WithGroup(name string) slog.Handler { return always{h.Handler.WithGroup(name), h.lost} }
