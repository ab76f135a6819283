package logs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/logs"
	"github.com/esgateway/esgateway/internal/secret"
)

// at is when everything in these tests happens, in a zone that is not UTC.
func at() time.Time {
	return time.Date(2026, 3, 4, 5, 6, 7, 89_999_999, time.FixedZone("", 2*60*60))
}

const head = `{"@timestamp":"2026-03-04T03:06:07.089Z","log.level":"info","message":"hello","ecs.version":"8.17.0","service.name":"esgateway"`

// write logs one record with a fixed time through the handler that build makes.
func write(t *testing.T, build func(slog.Handler) slog.Handler, message string, attrs ...slog.Attr) string {
	t.Helper()
	var out bytes.Buffer
	r := slog.NewRecord(at(), slog.LevelInfo, message, 0)
	r.AddAttrs(attrs...)
	h := logs.NewECSHandler(&out, slog.LevelInfo)
	if build != nil {
		h = build(h)
	}
	if err := h.Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		build func(slog.Handler) slog.Handler
		attrs []slog.Attr
		want  string
	}{
		{name: "no attributes", want: head + "}\n"},
		{
			name:  "dotted names stay",
			attrs: []slog.Attr{slog.String("client.ip", "192.0.2.1"), slog.Int("http.response.status_code", 200)},
			want:  head + `,"client.ip":"192.0.2.1","http.response.status_code":200}` + "\n",
		},
		{
			name:  "groups become dotted names",
			attrs: []slog.Attr{slog.Group("http", slog.Group("request", slog.String("id", "r1"))), slog.Group("", slog.Int("a", 1)), slog.Group("empty")},
			want:  head + `,"http.request.id":"r1","a":1}` + "\n",
		},
		{
			name: "open groups and attributes of the logger",
			build: func(h slog.Handler) slog.Handler {
				return h.WithAttrs([]slog.Attr{slog.Int("a", 1)}).WithGroup("g").WithGroup("").WithAttrs([]slog.Attr{slog.Int("b", 2)})
			},
			attrs: []slog.Attr{slog.Int("c", 3)},
			want:  head + `,"a":1,"g.b":2,"g.c":3}` + "\n",
		},
		{
			name:  "a name that comes twice",
			build: func(h slog.Handler) slog.Handler { return h.WithAttrs([]slog.Attr{slog.String("user.name", "old")}) },
			attrs: []slog.Attr{slog.String("user.name", "new")},
			want:  head + `,"user.name":"new"}` + "\n",
		},
		{
			name:  "attributes that pose as the line itself",
			attrs: []slog.Attr{slog.String("message", "bye"), slog.String("level", "x"), slog.Time("time", at()), slog.String("log.level", "x")},
			want:  head + `,"esgateway.message":"bye","esgateway.level":"x","esgateway.time":"2026-03-04T05:06:07.089999999+02:00","esgateway.log.level":"x"}` + "\n",
		},
		{
			name:  "new lines, quotes and bytes that are no text",
			attrs: []slog.Attr{slog.String("user_agent.original", "a\r\n{\"message\":\"forged\"}\u2028\x00\x1b[31m\xff")},
			want:  head + `,"user_agent.original":"a\r\n{\"message\":\"forged\"}\u2028\u0000\u001b[31m\ufffd"}` + "\n",
		},
		{
			name:  "errors, secrets and values that resolve late",
			attrs: []slog.Attr{slog.Any("error.message", errors.New("a\nb")), slog.Any("password", secret.Of("hunter2")), slog.Any("late", late{})},
			want:  head + `,"error.message":"a\nb","password":"[secret]","late.inner":1}` + "\n",
		},
		{
			name:  "values whose code panics",
			attrs: []slog.Attr{slog.Any("error.message", (*broken)(nil)), slog.Any("other", &broken{})},
			want:  head + `,"error.message":"<nil>","other":"!PANIC: no text"}` + "\n",
		},
		{name: "an attribute of nothing", attrs: []slog.Attr{{}}, want: head + "}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := write(t, c.build, "hello", c.attrs...); got != c.want {
				t.Errorf("\ngot  %s\nwant %s", got, c.want)
			}
		})
	}
}

// broken is an error that has no text.
type broken struct{ text *string }

func (b *broken) Error() string {
	if b.text == nil {
		panic("no text") //nolint:forbidigo // what the test is about
	}
	return *b.text
}

// late is a value that is a group only when it is asked.
type late struct{}

func (late) LogValue() slog.Value { return slog.GroupValue(slog.Int("inner", 1)) }

// FuzzValues: texts and numbers are written as slog's own handler of JSON does.
func FuzzValues(f *testing.F) {
	for _, text := range []string{"", "plain", "a\"b\\c", "\x00\x1f\x7f", "é\u2028\u2029<&>", "\xff\xc3", "\t\r\n\b\f"} {
		f.Add(text, "key", int64(-1), 1.5, true)
	}
	f.Add("x", "k\"e\ny", int64(1)<<62, 1e300, false)
	f.Fuzz(func(t *testing.T, text, key string, number int64, fraction float64, truth bool) {
		if len(text) > 1000 || key == "" || strings.HasPrefix(key, "esgateway.") {
			return
		}
		attrs := []slog.Attr{
			slog.String("text", text), slog.Int64("number", number), slog.Uint64("count", uint64(number)), slog.Float64("fraction", fraction), slog.Bool("truth", truth),
			slog.Duration("took", time.Duration(number)), slog.Any("list", []string{text}), slog.Any("error", errors.New(text)), slog.Time("at", at()), slog.Bool(key+"!", truth),
		}
		got := write(t, nil, "hello", attrs...)
		var out bytes.Buffer
		r := slog.NewRecord(time.Time{}, slog.LevelInfo, "", 0)
		r.AddAttrs(attrs...)
		if err := slog.NewJSONHandler(&out, nil).Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		want := head + strings.TrimPrefix(out.String(), `{"level":"INFO","msg":""`)
		if !sameJSON(t, got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	})
}

// sameJSON reports whether two lines say the same in the same order.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	tokens := func(text string) (all []json.Token) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return all
			}
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			all = append(all, token)
		}
	}
	return slices.Equal(tokens(a), tokens(b))
}

func TestLineIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 1<<20)
	got := write(t, nil, long, slog.String("url.path", long))
	if len(got) > 20<<10 || !json.Valid([]byte(got)) || strings.Count(got, "\n") != 1 {
		t.Errorf("a line of %d bytes, valid: %v", len(got), json.Valid([]byte(got)))
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var level slog.LevelVar
	l := slog.New(logs.NewECSHandler(&out, &level))
	l.Debug("hidden")
	level.Set(slog.LevelDebug)
	l.Debug("shown")
	l.Error("bad")
	if got := out.String(); strings.Contains(got, "hidden") || !strings.Contains(got, `"log.level":"debug","message":"shown"`) ||
		!strings.Contains(got, `"log.level":"error"`) {
		t.Errorf("got %s", got)
	}
}

func TestSiblingsDoNotMix(t *testing.T) {
	t.Parallel()
	var out lines
	parent := slog.New(logs.NewECSHandler(&out, slog.LevelInfo)).With("a", 1, "b", 2, "c", 3)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { parent.With("own", i).Info("x", "same", i) })
	}
	wg.Wait()
	for _, line := range out.all {
		var got struct{ Own, Same int }
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Own != got.Same {
			t.Errorf("%v in %s", err, line)
		}
	}
	if len(out.all) != 20 {
		t.Errorf("%d writes, want 20", len(out.all))
	}
}

// lines keeps each write apart. The handler writes one at a time.
type lines struct{ all []string }

func (l *lines) Write(b []byte) (int, error) {
	l.all = append(l.all, string(b))
	return len(b), nil
}
