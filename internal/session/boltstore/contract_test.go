package boltstore_test

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
	"github.com/esgateway/esgateway/internal/session/sessiontest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	var paths sync.Map // of the stores
	open := func(t *testing.T, now func() time.Time, path string) session.Store {
		t.Helper()
		s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		paths.Store(s, path)
		return s
	}
	sessiontest.Run(t, func(t *testing.T, now func() time.Time) session.Store {
		return open(t, now, filepath.Join(t.TempDir(), "sessions.db"))
	}, sessiontest.Restarts(func(t *testing.T, now func() time.Time, old session.Store) session.Store {
		path, _ := paths.Load(old)
		return open(t, now, path.(string))
	}))
}
