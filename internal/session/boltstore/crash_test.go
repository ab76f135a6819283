package boltstore_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
)

// roleVariable makes the test binary play a part in a process of its own.
const roleVariable = "BOLTSTORE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role, path, _ := strings.Cut(os.Getenv(roleVariable), ":"); role {
	case "writer":
		os.Exit(writeForEver(path, os.Stdout))
	case "holder":
		os.Exit(holdOpen(path, os.Stdin, os.Stdout))
	case "confined":
		os.Exit(writeConfined(path, os.Stdin, os.Stdout))
	default:
		os.Exit(m.Run())
	}
}

// play starts the test binary in a role on the file.
func play(t *testing.T, role, path string) (cmd *exec.Cmd, in io.WriteCloser, out *bufio.Scanner) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role+":"+path)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewScanner(pipe)
}

// The writers of a process; each has a few records, which it saves, takes and
// deletes in turn.
const (
	writers       = 8
	recordsOfEach = 5
)

func keyOf(name string) session.Key { return sha256.Sum256([]byte(name)) }

// contentOf is what a record of the name has at a version: of a size that
// differs from version to version, so that half a record shows.
func contentOf(name string, version uint64) []byte {
	size := 200 + int(version%37)*150
	content := binary.BigEndian.AppendUint64([]byte(name), version)
	for len(content) < size {
		sum := sha256.Sum256(content)
		content = append(content, sum[:]...)
	}
	return content
}

func recordOf(name string, version uint64) session.Record {
	return session.Record{
		Version: version - 1, Sealed: contentOf(name, version),
		Labels:  []session.Label{sha256.Sum256([]byte("all")), sha256.Sum256(fmt.Append(nil, name, version%3))},
		Expires: time.Unix(4e9, 0),
	}
}

// writeForEver writes until the process is killed. Before each write it tells
// what it means to do, after it that it was done: "name version begin|done",
// where version 0 is the removal.
func writeForEver(path string, out io.Writer) int {
	s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var mu sync.Mutex
	tell := func(name string, version uint64, what string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, "%s %d %s\n", name, version, what)
	}
	tell("open", 0, "done")
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for turn := 0; ; turn++ {
				if failed := writeOnce(s, fmt.Sprintf("w%d-r%d", i, turn%recordsOfEach), turn, tell); failed != nil {
					fmt.Fprintln(os.Stderr, failed)
					return
				}
			}
		})
	}
	wg.Wait()
	return 1
}

func writeOnce(s *boltstore.Store, name string, turn int, tell func(string, uint64, string)) (err error) {
	ctx, k := context.Background(), keyOf(name)
	old, _ := s.Load(ctx, k)
	switch {
	case old.Version > 0 && turn%11 == 0:
		tell(name, 0, "begin")
		_, err = s.Take(ctx, k)
		tell(name, 0, "done")
	case old.Version > 0 && turn%7 == 0:
		tell(name, 0, "begin")
		err = s.Delete(ctx, k, old.Version)
		tell(name, 0, "done")
	default:
		tell(name, old.Version+1, "begin")
		_, err = s.Save(ctx, k, recordOf(name, old.Version+1))
		tell(name, old.Version+1, "done")
	}
	return err
}

// books is what a reader of a writer's reports knows.
type books struct {
	done  map[string]uint64 // the last version that was reported; 0: removed
	doing map[string]uint64 // what had begun and was not reported
}

func (b *books) note(line string) error {
	var name, what string
	var version uint64
	if _, err := fmt.Sscanf(line, "%s %d %s", &name, &version, &what); err != nil {
		return err
	}
	switch what {
	case "begin":
		b.doing[name] = version
	case "done":
		b.done[name] = version
		delete(b.doing, name)
	}
	return nil
}

// TestKill kills a gateway at any moment, again and again on one file: what was
// reported is there, what had begun is there as a whole or not at all.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	path := filepath.Join(t.TempDir(), "sessions.db")
	b := &books{done: map[string]uint64{}, doing: map[string]uint64{}}
	reports := 0
	for range rounds {
		reports += killOnce(t, path, b)
		b.check(t, path)
	}
	t.Logf("%d writes were reported over %d kills", reports, rounds)
	if reports < rounds {
		t.Errorf("only %d writes were reported: the test kills too early", reports)
	}
}

// killOnce lets a writer write for a while and kills it after a number of its
// reports and a fraction of a write more.
func killOnce(t *testing.T, path string, b *books) (reports int) {
	t.Helper()
	cmd, _, out := play(t, "writer", path)
	killAt := 1 + rand.IntN(300)
	for out.Scan() {
		if err := b.note(out.Text()); err != nil {
			t.Fatalf("%v in %q", err, out.Text())
		}
		if reports++; reports == killAt {
			for range rand.IntN(100_000) { //nolint:revive // any moment, without a clock
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the writer was not killed: %v", err)
	}
	delete(b.done, "open")
	return reports
}

// check opens the file that a killed writer left and compares it with the books.
func (b *books) check(t *testing.T, path string) {
	t.Helper()
	s, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("after kill: %v", err)
	}
	defer s.Close()
	for i := range writers {
		for j := range recordsOfEach {
			b.checkRecord(t, s, fmt.Sprintf("w%d-r%d", i, j))
		}
	}
	b.doing = map[string]uint64{}
}

func (b *books) checkRecord(t *testing.T, s *boltstore.Store, name string) {
	t.Helper()
	rec, _ := s.Load(t.Context(), keyOf(name)) // none has version 0
	doing, begun := b.doing[name]
	if rec.Version != b.done[name] && (!begun || rec.Version != doing) {
		t.Fatalf("%s has version %d; reported was %d, begun %v %d", name, rec.Version, b.done[name], begun, doing)
	}
	b.done[name] = rec.Version
	if rec.Version == 0 {
		return
	}
	want := recordOf(name, rec.Version)
	if string(rec.Sealed) != string(want.Sealed) || len(rec.Labels) != len(want.Labels) {
		t.Fatalf("%s of version %d is not what was saved", name, rec.Version)
	}
	for _, l := range want.Labels {
		keys, err := s.Find(t.Context(), l)
		found := false
		for _, k := range keys {
			found = found || k == keyOf(name)
		}
		if err != nil || !found {
			t.Fatalf("%s is not found by its label (%v)", name, err)
		}
	}
}
