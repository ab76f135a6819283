package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
)

const (
	stop = syscall.SIGSTOP
	goOn = syscall.SIGCONT
)

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// keyring is one with a fresh key.
func keyring(t *testing.T) *session.Keyring {
	t.Helper()
	ring, err := session.ParseKeyring(strings.NewReader(session.NewKey() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// person is somebody who has just signed in. The tokens are as long as real ones.
func person(i int) session.Start {
	name := fmt.Sprintf("user%d", i)
	return session.Start{
		Grant: elastic.Grant{
			Pair: elastic.TokenPair{
				Access: secret.Of(strings.Repeat("a", 350) + name), Refresh: secret.Of(strings.Repeat("r", 60) + name), ExpiresIn: 20 * time.Minute, SentAt: time.Now(),
			},
			Identity: elastic.Identity{
				Username: name, Roles: []string{"analyst", "kibana_user"}, FullName: "Some Body " + name, Email: name + "@example.com",
				Realm: elastic.Realm{Name: "saml1", Type: "saml"}, Enabled: true,
			},
		},
		Method: "corp", Realm: "saml1", Browser: name,
	}
}

// elasticAway is a client of nobody: a sign-in's session is stored without it.
func elasticAway(t *testing.T) *elastic.Client {
	t.Helper()
	cfg := elastic.Default()
	cfg.URLs, cfg.Username, cfg.Password = []string{"http://127.0.0.1:1"}, "esgateway", secret.Of("x")
	es, err := elastic.New(cfg, elastic.Deps{Now: time.Now, Log: slog.New(slog.DiscardHandler), Observe: func(string, elastic.Class, time.Duration) {}})
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// nobody hears what happens to sessions.
type nobody struct{}

func (nobody) SessionEnded(context.Context, *session.Session, session.Reason) {}
func (nobody) Renewed(string)                                                 {}
func (nobody) Alarm(string)                                                   {}
