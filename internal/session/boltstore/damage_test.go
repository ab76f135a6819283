package boltstore_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
)

// FuzzDamagedFile changes bytes of a good file and cuts it off: it opens or it
// does not, and so with each use of it, but no record comes out changed and the
// process lives on.
func FuzzDamagedFile(f *testing.F) {
	good := filled(f, 20)
	f.Add(uint32(0), uint32(0), byte(0))
	for at := uint32(0); int(at) < len(good); at += 997 {
		f.Add(at, uint32(0), byte(0x40))
	}
	for cut := uint32(1); int(cut) < len(good); cut += 4099 {
		f.Add(uint32(0), cut, byte(0))
	}
	f.Fuzz(func(t *testing.T, at, cut uint32, flip byte) {
		content := append([]byte{}, good...)
		content[int(at)%len(content)] ^= flip
		content = content[:len(content)-int(cut)%len(content)]
		path := filepath.Join(t.TempDir(), "sessions.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return
		}
		defer s.Close()
		use(t, s)
	})
}

func use(t *testing.T, s *boltstore.Store) {
	t.Helper()
	names := map[session.Key]string{}
	for i := range 20 {
		name := string(rune('0' + i%10))
		if i >= 10 {
			name = "1" + name
		}
		names[keyOf(name)] = name
	}
	err := s.Each(t.Context(), func(k session.Key, rec session.Record) bool {
		if string(rec.Sealed) != string(contentOf(names[k], rec.Version)) {
			t.Errorf("a changed record came out: version %d, %d bytes", rec.Version, len(rec.Sealed))
		}
		return true
	})
	if err != nil {
		t.Errorf("Each: %v", err)
	}
	for k, name := range names {
		_, _ = s.Save(t.Context(), k, recordOf(name, 2)) // may fail, must return
	}
}
