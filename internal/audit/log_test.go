package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/audit"
	"github.com/esgateway/esgateway/internal/logs"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// clock is what differs from run to run.
var clock = regexp.MustCompile(`"@timestamp":"[^"]*"`)

func TestEachEventIsItsGoldenLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		write func(context.Context, *audit.Log)
	}{
		{"sign-in", func(ctx context.Context, l *audit.Log) {
			l.SignIn(ctx, audit.SignIn{
				Method: "corp", Realm: "saml1", User: "ann", Session: "q83vEjRW", Roles: 2,
				ClientIP: "192.0.2.1", RequestID: "r1",
			})
		}},
		{"sign-in-without-session", func(ctx context.Context, l *audit.Log) {
			l.SignIn(ctx, audit.SignIn{Method: "services", Realm: "pki1", User: "CN=feeder", ClientIP: "2001:db8::1", RequestID: "r1"})
		}},
		{"sign-in-failed", func(ctx context.Context, l *audit.Log) {
			l.SignInFailed(ctx, audit.SignInFailed{Method: "corp", Realm: "saml1", Cause: "signature does not fit", ClientIP: "192.0.2.1", RequestID: "r1"})
		}},
		{"sign-in-failed-hostile", func(ctx context.Context, l *audit.Log) {
			l.SignInFailed(ctx, audit.SignInFailed{
				Method: "corp", Realm: "saml1", User: "ann\r\n{\"user.name\":\"root\"}",
				Cause: "no role\n\x00\xff", ClientIP: "192.0.2.1", RequestID: "r1",
			})
		}},
		{"session-ended", func(ctx context.Context, l *audit.Log) {
			l.SessionEnded(ctx, audit.SessionEnded{Session: "q83vEjRW", User: "ann", Realm: "saml1", Method: "corp", Reason: "idle"})
		}},
		{"sign-out", func(ctx context.Context, l *audit.Log) {
			l.SignOut(ctx, audit.SignOut{
				Session: "q83vEjRW", User: "ann", Realm: "saml1", Method: "corp", Reason: "person",
				ClientIP: "192.0.2.1", RequestID: "r1",
			})
		}},
		{"sign-out-owed", func(ctx context.Context, l *audit.Log) {
			l.SignOut(ctx, audit.SignOut{Session: "q83vEjRW", User: "ann", Realm: "saml1", Method: "corp", Failed: true})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			c.write(t.Context(), audit.New(slog.New(logs.NewECSHandler(&out, slog.LevelInfo))))
			golden(t, c.name, clock.ReplaceAll(out.Bytes(), []byte(`"@timestamp":"..."`)))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if !json.Valid(got) || bytes.Count(got, []byte("\n")) != 1 {
		t.Errorf("not one line of JSON: %q", got)
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the event has changed; it is public (-update rewrites)\ngot  %s\nwant %s", got, want)
	}
}

func TestNoLevelSwitchesTheAuditOff(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	audit.New(slog.New(logs.NewECSHandler(&out, slog.LevelError))).SignOut(t.Context(), audit.SignOut{User: "ann"})
	if !strings.Contains(out.String(), `"user.name":"ann"`) {
		t.Errorf("got %q", out.String())
	}
}

func TestEventOutlivesTheRequest(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	l := audit.New(slog.New(impatient{logs.NewECSHandler(&out, slog.LevelInfo)}))
	l.SignOut(gone, audit.SignOut{User: "ann"})
	if l.Lost() != 0 || out.Len() == 0 {
		t.Error("the event of a client that went away was dropped")
	}
}

// impatient is a handler that gives up with its context.
type impatient struct{ slog.Handler }

func (h impatient) Handle(ctx context.Context, r slog.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return h.Handler.Handle(ctx, r)
}

func TestLostEventsAreCounted(t *testing.T) {
	t.Parallel()
	disk := &full{left: 1}
	l := audit.New(slog.New(logs.NewECSHandler(disk, slog.LevelInfo)))
	for range 3 {
		l.SessionEnded(t.Context(), audit.SessionEnded{User: "ann"})
	}
	if l.Lost() != 2 {
		t.Errorf("%d lost, want 2", l.Lost())
	}
	nowhere := audit.New(nil)
	nowhere.SignIn(t.Context(), audit.SignIn{})
	if nowhere.Lost() != 0 {
		t.Error("a log to nowhere lost something")
	}
}

// full is a disk with room for a few lines.
type full struct {
	io.Writer
	left int
}

func (f *full) Write(b []byte) (int, error) {
	if f.left == 0 {
		return 0, errors.New("no space left on device")
	}
	f.left--
	return len(b), nil
}
