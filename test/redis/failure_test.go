package redis_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/redisstore"
	"github.com/esgateway/esgateway/test/parts"
)

func key(name string) session.Key { return sha256.Sum256([]byte(name)) }

func record(version uint64, content string) session.Record {
	return session.Record{
		Version: version, Sealed: []byte(content), Labels: []session.Label{sha256.Sum256([]byte("label"))}, Expires: time.Now().Add(time.Hour),
	}
}

func save(t *testing.T, s session.Store, name string, rec session.Record) {
	t.Helper()
	if _, err := s.Save(t.Context(), key(name), rec); err != nil {
		t.Fatal(err)
	}
}

// reads counts the GETs that a server has answered.
func reads(t *testing.T, r *parts.Redis) int {
	t.Helper()
	for line := range strings.Lines(r.Do(t, "info", "commandstats")) {
		if rest, ok := strings.CutPrefix(line, "cmdstat_get:calls="); ok {
			n, _ := strconv.Atoi(strings.SplitN(rest, ",", 2)[0])
			return n
		}
	}
	return 0
}

func TestALivingSessionIsReadFromMemory(t *testing.T) {
	t.Parallel()
	server := parts.StartRedis(t)
	c := configured(server.Address())
	writer, reader := open(t, c, time.Now), open(t, c, time.Now)
	save(t, writer, "a", record(0, "x"))
	load := func() {
		if _, err := reader.Load(t.Context(), key("a")); err != nil {
			t.Fatal(err)
		}
	}
	load()
	before := reads(t, server)
	for range 1000 {
		load()
	}
	if n := reads(t, server) - before; n != 0 {
		t.Errorf("a thousand reads have asked the server %d times", n)
	}
}

// What one node writes or ends, all others know within 100 ms (here: ten times
// that), although they read from memory.
func TestAChangeIsSeenOnEveryNode(t *testing.T) {
	t.Parallel()
	c := configured(parts.StartRedis(t).Address())
	var nodes []*redisstore.Store
	for range 3 {
		nodes = append(nodes, open(t, c, time.Now))
	}
	var slowest time.Duration
	within := func(what string, ok func(s *redisstore.Store) bool) {
		t.Helper()
		began := time.Now()
		for i, s := range nodes {
			for !ok(s) {
				if time.Since(began) > time.Second {
					t.Fatalf("node %d has not seen after a second: %s", i, what)
				}
			}
		}
		slowest = max(slowest, time.Since(began))
	}
	for i := range 100 {
		name := fmt.Sprint(i)
		has := func(want string) func(s *redisstore.Store) bool {
			return func(s *redisstore.Store) bool {
				rec, err := s.Load(t.Context(), key(name))
				return err == nil && string(rec.Sealed) == want
			}
		}
		gone := func(s *redisstore.Store) bool {
			_, err := s.Load(t.Context(), key(name))
			return errors.Is(err, session.ErrNotFound)
		}
		within("nothing is there", gone) // which is remembered too
		save(t, nodes[0], name, record(0, "old"))
		within("the session", has("old"))
		save(t, nodes[1], name, record(1, "new"))
		within("the renewal", has("new"))
		if err := nodes[2].Delete(t.Context(), key(name), 2); err != nil {
			t.Fatal(err)
		}
		if !gone(nodes[2]) {
			t.Fatal("the node that has ended the session still has it")
		}
		within("the end", gone)
	}
	t.Logf("measured: the slowest change was seen on 3 nodes after %s", slowest)
}

func TestAServerThatDoesNotTellOfChangesIsAskedEachTime(t *testing.T) {
	t.Parallel()
	server := parts.StartRedis(t)
	server.Do(t, "acl", "setuser", "plain", "on", ">secret", "~*", "+@all", "-client|tracking", "-client|caching")
	c := configured(server.Address())
	c.Username, c.PasswordFile = "plain", file(t, "secret\n")
	var log bytes.Buffer
	s, err := redisstore.Open(c, session.StoreDeps{Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, "a", record(0, "x"))
	before := reads(t, server)
	for range 10 {
		if _, err := s.Load(t.Context(), key("a")); err != nil {
			t.Fatal(err)
		}
	}
	if n := reads(t, server) - before; n != 10 {
		t.Errorf("ten reads have asked the server %d times", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "client tracking") {
		t.Errorf("nothing was said: %s", log.String())
	}
}

// A gateway starts without its store, and finds it when it comes.
func TestAStoreThatIsAwayIsAnOutageAndNothingElse(t *testing.T) {
	t.Parallel()
	port := parts.FreePort(t)
	c := configured(parts.Loopback(port))
	c.Timeout = 300 * time.Millisecond
	s := open(t, c, time.Now)
	away := func(when string) {
		t.Helper()
		for what, err := range map[string]error{"Load": second(s.Load(t.Context(), key("a"))), "Save": second(s.Save(t.Context(), key("b"), record(0, "x")))} {
			if err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrConflict) ||
				errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
				t.Errorf("%s, %s: %v", when, what, err)
			}
		}
	}
	away("before it has started")
	server := parts.StartRedisAt(t, port)
	parts.Eventually(t, "the store is there", func(ctx context.Context) error {
		return second(s.Save(ctx, key("a"), record(0, "x")))
	})
	if _, err := s.Load(t.Context(), key("a")); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	parts.Eventually(t, "what is in memory is not trusted any more", func(ctx context.Context) error {
		if _, err := s.Load(ctx, key("a")); err == nil {
			return errors.New("a session was read from memory")
		}
		return nil
	})
	away("after it was killed")
	server.Restart(t)
	parts.Eventually(t, "the store is there again, and empty", func(ctx context.Context) error {
		_, err := s.Load(ctx, key("a"))
		if errors.Is(err, session.ErrNotFound) {
			return nil
		}
		return errors.Join(err, errors.New("it still has what it cannot have"))
	})
}

func second[T any](_ T, err error) error { return err }

// A server that answers nothing must not hold a request.
func TestAStoreThatIsSilentIsAnOutage(t *testing.T) {
	t.Parallel()
	server := parts.StartRedis(t)
	c := configured(server.Address())
	c.Timeout = 300 * time.Millisecond
	s := open(t, c, time.Now)
	save(t, s, "a", record(0, "x"))
	server.Signal(stop)
	parts.Eventually(t, "a silent store is an outage", func(ctx context.Context) error {
		if _, err := s.Load(ctx, key("a")); err == nil {
			return errors.New("it was read")
		}
		return nil
	})
	server.Signal(goOn)
	parts.Eventually(t, "it goes on", func(ctx context.Context) error {
		_, err := s.Load(ctx, key("a"))
		return err
	})
}

// load writes and ends sessions through several nodes and remembers what was
// confirmed.
type load struct {
	mu     sync.Mutex
	living map[string]uint64 // confirmed version
	ended  map[string]bool
	outage atomic.Int64
}

func (l *load) run(ctx context.Context, worker int, s session.Store) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("%d/%d", worker, i)
		if !l.confirmed(s.Save(ctx, key(name), record(0, name+"/1"))) {
			continue
		}
		l.note(name, 1)
		if !l.confirmed(s.Save(ctx, key(name), record(1, name+"/2"))) {
			l.unknown(name) // which of the two is there nobody knows
			continue
		}
		l.note(name, 2)
		if i%2 == 0 {
			continue
		}
		l.unknown(name)
		if err := s.Delete(ctx, key(name), 2); err == nil {
			l.end(name)
		} else {
			l.outage.Add(1)
		}
	}
}

func (l *load) confirmed(_ uint64, err error) bool {
	if err != nil {
		l.outage.Add(1)
	}
	return err == nil
}

func (l *load) note(name string, version uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.living[name] = version
}

func (l *load) unknown(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.living, name)
}

func (l *load) end(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended[name] = true
}

// failover loads two nodes, kills a primary, and looks at what is left when another
// one has taken over.
func failover(t *testing.T, c redisstore.Config, kill func()) {
	t.Helper()
	c.Timeout = 2 * time.Second
	nodes := []*redisstore.Store{open(t, c, time.Now), open(t, c, time.Now)}
	l := &load{living: map[string]uint64{}, ended: map[string]bool{}}
	ctx, end := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for i := range 8 {
		workers.Go(func() { l.run(ctx, i, nodes[i%2]) })
	}
	confirmed := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.living) + len(l.ended)
	}
	parts.Eventually(t, "there is a load", func(context.Context) error {
		if confirmed() < 500 {
			return errors.New("not yet")
		}
		return nil
	})
	kill()
	killed := time.Now()
	before := 0
	parts.Eventually(t, "writes are confirmed again, by the one who has taken over", func(context.Context) error {
		if before == 0 && l.outage.Load() > 0 {
			before = confirmed()
		}
		if before == 0 || confirmed() < before+500 {
			return errors.New("not yet")
		}
		return nil
	})
	t.Logf("measured: 500 writes confirmed %s after the primary was killed; %d writes were refused", time.Since(killed), l.outage.Load())
	end()
	workers.Wait()
	l.check(t, nodes)
}

func (l *load) check(t *testing.T, nodes []*redisstore.Store) {
	t.Helper()
	for i, s := range nodes {
		lost, back := 0, 0
		for name, version := range l.living {
			if read(t, s, name) < version {
				lost++
			}
		}
		for name := range l.ended {
			if read(t, s, name) > 0 {
				back++
			}
		}
		if lost > 0 || back > 0 {
			t.Errorf("node %d: of %d confirmed sessions %d are lost, of %d ended ones %d are back", i, len(l.living), lost, len(l.ended), back)
		}
	}
	t.Logf("measured: %d confirmed sessions are there, %d ended ones are not", len(l.living), len(l.ended))
}

// read returns the version that is there, 0 for none. Nobody may have taken over yet,
// so an outage decides nothing.
func read(t *testing.T, s session.Store, name string) (version uint64) {
	t.Helper()
	parts.Eventually(t, "the store answers", func(ctx context.Context) error {
		rec, err := s.Load(ctx, key(name))
		if version = rec.Version; errors.Is(err, session.ErrNotFound) {
			return nil
		}
		return err
	})
	return version
}

func TestAPrimaryThatDiesTakesNothingConfirmedWithItUnderSentinel(t *testing.T) {
	t.Parallel()
	s := parts.StartSentinel(t)
	c := configured(s.Addresses...)
	c.Sentinel = s.Name
	failover(t, c, s.Primary.Kill)
}

func TestAPrimaryThatDiesTakesNothingConfirmedWithItInACluster(t *testing.T) {
	t.Parallel()
	cluster := parts.StartCluster(t)
	failover(t, configured(cluster.Addresses...), func() { cluster.Primaries(t.Context())[0].Kill() })
}

// A replica that is connected and does not confirm keeps a write from counting: the
// primary may die with it. A replica that is gone keeps nobody from anything, unless
// the configuration asks for it.
func TestAWriteCountsWhenTheConnectedReplicasHaveIt(t *testing.T) {
	t.Parallel()
	primary := parts.StartRedis(t)
	replica := parts.StartRedis(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(primary.Port))
	parts.Eventually(t, "the replica follows", primary.Follows)
	c := configured(primary.Address())
	c.Timeout = time.Second
	s := open(t, c, time.Now)
	c.ReplicasToWait = 1
	strict := open(t, c, time.Now)
	parts.Eventually(t, "the replica confirms", func(ctx context.Context) error {
		return second(s.Save(ctx, session.Key{byte(time.Now().UnixNano()), 2}, record(0, "x")))
	})
	if out := replica.Do(t, "dbsize"); out == "0" {
		t.Error("the replica has nothing")
	}
	replica.Signal(stop)
	for name, store := range map[string]session.Store{"all": s, "at least one": strict} {
		if _, err := store.Save(t.Context(), key(name), record(0, "x")); err == nil {
			t.Errorf("%s: a write counts that no replica has confirmed", name)
		}
	}
	replica.Kill()
	parts.Eventually(t, "the primary goes on alone", func(ctx context.Context) error {
		_, err := s.Save(ctx, session.Key{byte(time.Now().UnixNano()), 1}, record(0, "x"))
		return err
	})
	if _, err := strict.Save(t.Context(), key("strict"), record(0, "x")); err == nil {
		t.Error("with replicas_to_wait: 1 a write counts without a replica")
	}
}

// The base of docs/scale.md.
func TestWhatASessionCosts(t *testing.T) {
	t.Parallel()
	server := parts.StartRedis(t)
	s := open(t, configured(server.Address()), time.Now)
	memory := func() int {
		for line := range strings.Lines(server.Do(t, "info", "memory")) {
			if rest, ok := strings.CutPrefix(line, "used_memory:"); ok {
				n, _ := strconv.Atoi(strings.TrimSpace(rest))
				return n
			}
		}
		return 0
	}
	vault := session.NewVault(s, keyring(t))
	manager := session.NewManager(session.Default(), session.Deps{Vault: vault, Elastic: elasticAway(t), Now: time.Now, Log: slog.New(slog.DiscardHandler), Observer: nobody{}})
	before := memory()
	const n = 2000
	began := time.Now()
	var all sync.WaitGroup
	turn := make(chan struct{}, 32)
	for i := range n {
		turn <- struct{}{}
		all.Go(func() {
			defer func() { <-turn }()
			if _, err := manager.Begin(t.Context(), person(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	each := (memory() - before) / n
	t.Logf("measured: a session takes %d bytes of Redis's memory; %d were begun in %s", each, n, took.Round(time.Millisecond))
	if each < 500 || each > 10_000 {
		t.Errorf("a session takes %d bytes", each)
	}
}

// TestACrowdAtASilentStoreIsAnOutageInTime: writes have a connection each, of which there
// are so many; whoever waits for one has the same limit as whoever has one.
func TestACrowdAtASilentStoreIsAnOutageInTime(t *testing.T) {
	t.Parallel()
	server := parts.StartRedis(t)
	c := configured(server.Address())
	c.Timeout = 300 * time.Millisecond
	s := open(t, c, time.Now)
	save(t, s, "a", record(0, "x"))
	server.Signal(stop)
	defer server.Signal(goOn)
	begun := time.Now()
	var all sync.WaitGroup
	for i := range 600 {
		all.Go(func() {
			if _, err := s.Save(t.Context(), key(strconv.Itoa(i)), record(0, "x")); err == nil {
				t.Error("it was written")
			}
		})
	}
	all.Wait()
	if took := time.Since(begun); took > 1500*time.Millisecond {
		t.Errorf("a call took %s, with a limit of %s", took, c.Timeout)
	}
}
