package boltstore_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
	"github.com/esgateway/esgateway/internal/session/sessiontest"
)

// People come and go for weeks: the file is as large as what lives in it at the same
// time, not as what ever did.
func TestTheFileStaysFlatWhenSessionsComeAndGo(t *testing.T) {
	t.Parallel()
	clock := sessiontest.NewClock()
	path := filepath.Join(t.TempDir(), "sessions.db")
	s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test has nothing left to lose
	var sizes []int64
	for round := range 12 {
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				rec := typical()
				rec.Expires = clock.Now().Add(time.Hour)
				if _, err := s.Save(t.Context(), keyOf(fmt.Sprintf("%d/%d", round, i)), rec); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		clock.Advance(2 * time.Hour)
		if n, err := s.Sweep(t.Context()); err != nil || n != 1000 {
			t.Fatalf("swept %d, %v", n, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	// The file grows by doubling, so it may do that once more than the second round needs.
	if last, second := sizes[len(sizes)-1], sizes[1]; last > 2*second {
		t.Errorf("the file grows: %v", sizes)
	}
}
