package boltstore_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
)

func mustOpen(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a test may have closed it
	return s
}

// filled returns the content of a file with n records.
func filled(t testing.TB, n int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := mustOpen(t, path)
	for i := range n {
		name := fmt.Sprint(i)
		if _, err := s.Save(t.Context(), keyOf(name), recordOf(name, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// otherProgram returns a bbolt file that is not ours.
func otherProgram(t *testing.T, names ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte(names[0]))
		if err != nil {
			return err
		}
		key := keyOf("a")
		return b.Put(key[:], []byte("\x02 what no gateway wrote"))
	})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := filled(t, 50)
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"a file of text", bytes.Repeat([]byte("no session file\n"), 4096), "it is damaged or no session file; move it away"},
		{"a short file of text", []byte("hello"), "it is damaged or no session file"},
		{"a file of zeros", make([]byte, 1<<16), "it is damaged or no session file"},
		{"a file cut off after its first pages", good[:16<<10], "it is damaged"},
		{"a file cut off in the middle", good[:len(good)/2], "it is damaged"},
		{"a file cut off in its first page", good[:1000], "it is damaged"},
		{"a file of another program", otherProgram(t, "settings"), "this is no session file; correct the path"},
		{"a record that cannot be read", otherProgram(t, "records"), "it is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sessions.db")
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			says(t, err, path, c.want)
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, c.content) {
				t.Errorf("the file has been changed (%v)", err)
			}
		})
	}
}

// says checks that an error names the file and says what is wrong.
func says(t *testing.T, err error, path, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s: ... %s", err, path, want)
	}
}

func TestOpenSaysWhatIsWrongAroundTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"missing/sessions.db", "its directory does not exist; create it"},
		{"file/sessions.db", "its directory does not exist; create it"},
		{".", "this is a directory"},
	} {
		path := filepath.Join(dir, c.path)
		_, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		says(t, err, path, c.want)
	}
}

func TestWordsForWhatTheSystemSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{syscall.ENOSPC, "the disk is full"},
		{syscall.EDQUOT, "the disk is full"},
		{syscall.EROFS, "the disk is read-only"},
		{syscall.EACCES, "the gateway may not use it"},
		{syscall.EPERM, "the gateway may not use it"},
		{syscall.ENOLCK, "the file system has no locks"},
		{syscall.EIO, "input/output error"},
	} {
		says(t, boltstore.Trouble("/x/sessions.db", &fs.PathError{Op: "write", Path: "y", Err: c.err}), "/x/sessions.db", c.want)
	}
}

func holdOpen(path string, in io.Reader, out io.Writer) int {
	s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(out, "open")
	_, _ = io.Copy(io.Discard, in) // until the parent has had enough
	if s.Close() != nil {
		return 1
	}
	return 0
}

func TestSecondGatewayIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	first, in, out := play(t, "holder", path)
	if !out.Scan() {
		t.Fatal("the first gateway did not start")
	}
	_, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	says(t, err, path, "another gateway has this file open")
	_ = in.Close()
	if err := first.Wait(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path)
}

func TestFileIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	private := func() {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
		}
	}
	s := mustOpen(t, path)
	private()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path)
	private()
}

func TestMuchFreeSpaceIsGivenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, link)
	fill(t, s, 0, 200, 200<<10)
	var wg sync.WaitGroup
	for i := range 180 {
		wg.Go(func() {
			if err := s.Delete(t.Context(), keyOf(fmt.Sprint(i)), 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	large := sizeOf(t, path)
	if err := os.WriteFile(path+".compact", []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, link)
	if small := sizeOf(t, path); small > large/2 {
		t.Errorf("the file had %d bytes and has %d", large, small)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is no link any more (%v)", err)
	}
	if _, err := os.Stat(path + ".compact"); err == nil {
		t.Error("the copy is left")
	}
	// The new file is the one that is locked, written to, and complete.
	_, err := boltstore.Open(boltstore.Config{Path: link}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	says(t, err, link, "another gateway has this file open")
	fill(t, s, 200, 201, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	for i := range 201 {
		_, err := s.Load(t.Context(), keyOf(fmt.Sprint(i)))
		if (err == nil) != (i >= 180) {
			t.Errorf("record %d: %v", i, err)
		}
	}
}

// fill saves records of a size, named by number.
func fill(t testing.TB, s *boltstore.Store, from, to, size int) {
	t.Helper()
	rec := session.Record{
		Sealed: bytes.Repeat([]byte{7}, size),
		Labels: recordOf("x", 1).Labels, Expires: time.Now().Add(time.Hour),
	}
	var wg sync.WaitGroup
	for i := from; i < to; i++ {
		wg.Go(func() {
			if _, err := s.Save(t.Context(), keyOf(fmt.Sprint(i)), rec); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
