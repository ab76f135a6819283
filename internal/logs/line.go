package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// line is a line while it is written. Its parts are used again for later ones.
type line struct {
	text  []byte
	attrs []slog.Attr
}

const (
	lineSize  = 1 << 10
	lineAttrs = 24
)

//nolint:gochecknoglobals // memory that is lent, and holds nothing between two lines
var lines = sync.Pool{New: func() any {
	return &line{text: make([]byte, 0, lineSize), attrs: make([]slog.Attr, 0, lineAttrs)}
}}

func newLine() *line { return lines.Get().(*line) }

// free gives the line back. A long one is left to the garbage collector.
func (l *line) free() {
	if cap(l.text) > 16*lineSize {
		return
	}
	clear(l.attrs) // what they point to may be secret, or large
	l.text, l.attrs = l.text[:0], l.attrs[:0]
	lines.Put(l)
}

// head writes what every line begins with.
func (l *line) head(r slog.Record) {
	l.text = append(l.text, `{"`+fieldTime+`":"`...)
	l.text = r.Time.UTC().AppendFormat(l.text, timeLayout)
	l.text = append(l.text, `","`+fieldLevel+`":`...)
	l.string(strings.ToLower(r.Level.String()))
	l.text = append(l.text, `,"`+fieldMessage+`":`...)
	l.string(bounded(r.Message))
	l.text = append(l.text, `,"`+fieldVersion+`":"`+ecsVersion+`","`+fieldService+`":"`+service+`"`...)
}

func (l *line) attr(a slog.Attr) {
	l.text = append(l.text, ',')
	l.string(a.Key)
	l.text = append(l.text, ':')
	l.value(a.Value)
}

// value writes what slog's own handler of JSON would.
func (l *line) value(v slog.Value) {
	switch v.Kind() {
	case slog.KindString:
		l.string(v.String())
	case slog.KindInt64:
		l.text = strconv.AppendInt(l.text, v.Int64(), 10)
	case slog.KindUint64:
		l.text = strconv.AppendUint(l.text, v.Uint64(), 10)
	case slog.KindBool:
		l.text = strconv.AppendBool(l.text, v.Bool())
	case slog.KindDuration:
		l.text = strconv.AppendInt(l.text, v.Duration().Nanoseconds(), 10)
	case slog.KindTime:
		l.string(v.Time().Format(time.RFC3339Nano))
	default:
		l.any(v.Any())
	}
}

// any writes a value of a type of somebody else's. An error is its text. What its code
// panics with is written in its place, as by slog's own handler: most often it is a nil
// pointer, and the line that was to tell of a failure must not be lost to it.
func (l *line) any(v any) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case reflect.ValueOf(v).Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil():
			l.string("<nil>")
		default:
			l.string(bounded(fmt.Sprintf("!PANIC: %v", p)))
		}
	}()
	err, is := v.(error)
	if _, own := v.(json.Marshaler); is && !own {
		l.string(bounded(err.Error()))
		return
	}
	if err := l.encode(v); err != nil {
		l.string("!ERROR:" + err.Error())
	}
}

// encode writes JSON by the standard library. It writes nothing if there is an error.
func (l *line) encode(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	l.text = append(l.text, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
	return nil
}

// string writes a text. Nearly all are plain, and go as they are.
func (l *line) string(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			_ = l.encode(s) // a string has no error
			return
		}
	}
	l.text = append(l.text, '"')
	l.text = append(l.text, s...)
	l.text = append(l.text, '"')
}
