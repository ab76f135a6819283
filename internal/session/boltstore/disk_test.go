//go:build linux

package boltstore_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
)

// TestDiskThatRefuses takes the file away below a store: nothing is written any
// more, and nothing that was not written is shown.
func TestDiskThatRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := mustOpen(t, path)
	fill(t, s, 0, 3, 100)
	var whole int
	s.WithFile(func(f *os.File) { whole = swap(t, f, path) })

	_, err := s.Save(t.Context(), keyOf("new"), recordOf("new", 1))
	outage(t, err, path)
	_, err = s.Take(t.Context(), keyOf("0"))
	outage(t, err, path)
	outage(t, s.Delete(t.Context(), keyOf("1"), 1), path)
	for i := range 3 {
		if _, err := s.Load(t.Context(), keyOf(fmt.Sprint(i))); err != nil {
			t.Errorf("a record that is on the disk is not shown: %v", err)
		}
	}
	if _, err := s.Load(t.Context(), keyOf("new")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("a record that is not on the disk: %v", err)
	}

	s.WithFile(func(f *os.File) { restore(t, f, whole) })
	fill(t, s, 3, 4, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	for i := range 4 {
		if _, err := s.Load(t.Context(), keyOf(fmt.Sprint(i))); err != nil {
			t.Errorf("record %d after a restart: %v", i, err)
		}
	}
}

// swap puts a handle in the file's place that can only read; it returns one of
// the file as it was.
func swap(t *testing.T, f *os.File, path string) (whole int) {
	t.Helper()
	whole, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	if err := syscall.Dup3(int(readOnly.Fd()), int(f.Fd()), 0); err != nil {
		t.Fatal(err)
	}
	return whole
}

func restore(t *testing.T, f *os.File, whole int) {
	t.Helper()
	if err := syscall.Dup3(whole, int(f.Fd()), 0); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Close(whole); err != nil {
		t.Fatal(err)
	}
}

// outage checks for an error that names the file and is none of the answers
// that callers branch on.
func outage(t *testing.T, err error, path string) {
	t.Helper()
	if err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrConflict) ||
		errors.Is(err, session.ErrClosed) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an outage of %s", err, path)
	}
}

// TestLargestSizeIsAnOutageForWhatDoesNotFitAlone: one record too many must not
// take the logout along that shares its transaction.
func TestLargestSizeIsAnOutageForWhatDoesNotFitAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := mustOpen(t, path)
	fill(t, s, 0, 80, 2000)
	for i := 40; i < 80; i++ { // what is left has pages to move in
		if err := s.Delete(t.Context(), keyOf(fmt.Sprint(i)), 1); err != nil {
			t.Fatal(err)
		}
	}
	s.Limit(1)
	large := session.Record{Sealed: make([]byte, 1<<19), Expires: time.Now().Add(time.Hour)}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			_, err := s.Save(t.Context(), keyOf(fmt.Sprint("large", i)), large)
			outage(t, err, path)
		})
		wg.Go(func() {
			if err := s.Delete(t.Context(), keyOf(fmt.Sprint(i)), 1); err != nil {
				t.Errorf("a logout failed with a save that did not fit: %v", err)
			}
		})
	}
	wg.Wait()
	_, err := s.Save(t.Context(), keyOf("large"), large)
	says(t, err, path, "it has reached its largest size")
	if keys, err := s.Find(t.Context(), recordOf("x", 1).Labels[0]); len(keys) != 0 || err != nil {
		t.Errorf("left: %d records, %v", len(keys), err)
	}
}

// TestDiskThatCannotBeTrustedEndsTheStore: what is neither provably written nor
// provably not must not be answered from memory.
func TestDiskThatCannotBeTrustedEndsTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := mustOpen(t, path)
	fill(t, s, 0, 3, 100)
	s.Break(t)
	ctx, k := t.Context(), keyOf("0")
	outage(t, s.Delete(ctx, k, 1), path)
	for name, call := range map[string]func() error{
		"Load":   func() error { _, err := s.Load(ctx, k); return err },
		"Save":   func() error { _, err := s.Save(ctx, k, recordOf("0", 2)); return err },
		"Take":   func() error { _, err := s.Take(ctx, k); return err },
		"Delete": func() error { return s.Delete(ctx, k, 1) },
		"Find":   func() error { _, err := s.Find(ctx, recordOf("x", 1).Labels[0]); return err },
		"Each":   func() error { return s.Each(ctx, func(session.Key, session.Record) bool { return true }) },
		"Sweep":  func() error { _, err := s.Sweep(ctx); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "see to the disk and restart the gateway") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpen(t, path).Load(ctx, k); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

// confined is the size beyond which the files of writeConfined do not grow.
const confined = 1 << 19

// writeConfined plays a gateway on a disk that fills up and is given room.
func writeConfined(path string, in io.Reader, out io.Writer) int {
	signal.Ignore(syscall.SIGXFSZ)
	confine(confined)
	s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	n, err := writeUntilRefused(s)
	fmt.Fprintf(out, "%d %v\n", n, err)
	bufio.NewScanner(in).Scan() // until the parent says that there is room
	confine(1 << 30)
	if _, err := s.Load(context.Background(), keyOf(fmt.Sprint(n))); !errors.Is(err, session.ErrNotFound) {
		fmt.Fprintln(os.Stderr, "memory has what was refused:", err)
		return 1
	}
	if _, err := s.Save(context.Background(), keyOf(fmt.Sprint(n)), recordOf("x", 1)); err != nil {
		fmt.Fprintln(os.Stderr, "still refused:", err)
		return 1
	}
	if s.Close() != nil {
		return 1
	}
	return 0
}

func writeUntilRefused(s *boltstore.Store) (n int, err error) {
	for n = range 1000 {
		rec := session.Record{Sealed: bytes.Repeat([]byte{7}, 4000), Expires: time.Unix(4e9, 0)}
		if _, err := s.Save(context.Background(), keyOf(fmt.Sprint(n)), rec); err != nil {
			return n, err
		}
	}
	return n, nil
}

func confine(size uint64) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit)
	limit.Cur = size
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	}
	if err != nil {
		panic(err)
	}
}

// TestDiskThatFillsUp writes until there is no room, and goes on when there is.
func TestDiskThatFillsUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	cmd, in, out := play(t, "confined", path)
	if !out.Scan() {
		t.Fatal("the gateway said nothing")
	}
	count, refusal, _ := strings.Cut(out.Text(), " ")
	n, err := strconv.Atoi(count)
	if err != nil || n < 10 || n > confined/4000 {
		t.Fatalf("%q saved, then %q", count, refusal)
	}
	if !strings.Contains(refusal, path) || !strings.Contains(refusal, "too large") {
		t.Errorf("the refusal does not say why: %s", refusal)
	}
	if _, err := io.WriteString(in, "go on\n"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path)
	for i := range n + 1 {
		if _, err := s.Load(t.Context(), keyOf(fmt.Sprint(i))); err != nil {
			t.Errorf("record %d of %d: %v", i, n, err)
		}
	}
}
