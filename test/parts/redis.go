package parts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// errNotYet goes along with what a server has said instead.
var errNotYet = errors.New("not yet")

// Redis is one server of Redis, which keeps nothing on disk.
type Redis struct {
	*Process
	Port int
	dir  string
	args []string
}

// StartRedis starts a server on a free port, with further settings as on its
// command line.
func StartRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	return StartRedisAt(t, FreePort(t), args...)
}

// StartRedisAt starts a server on that port: again after a kill, for example.
func StartRedisAt(t testing.TB, port int, args ...string) *Redis {
	t.Helper()
	r := &Redis{Port: port, dir: t.TempDir(), args: args}
	r.start(t)
	return r
}

func (r *Redis) start(t testing.TB) {
	t.Helper()
	args := append([]string{
		"--port", strconv.Itoa(r.Port), "--bind", "127.0.0.1", "--dir", r.dir, "--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0",
	}, r.args...)
	r.Process = Start(t, "redis", exec.CommandContext(context.Background(), Find(t, "redis-server"), args...))
	r.Ready(t, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.Address())
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Restart starts the server again, empty, after a kill.
func (r *Redis) Restart(t testing.TB) {
	t.Helper()
	r.start(t)
}

// Address is host:port.
func (r *Redis) Address() string { return Loopback(r.Port) }

// Do runs one command and returns what redis-cli prints.
func (r *Redis) Do(t testing.TB, args ...string) string {
	t.Helper()
	out, err := r.try(t.Context(), args...)
	if err != nil {
		t.Fatalf("redis-cli %v: %v %s", args, err, out)
	}
	return out
}

func (r *Redis) try(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "redis-cli", append([]string{"-p", strconv.Itoa(r.Port)}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Sentinel is a primary with a replica that three sentinels watch.
type Sentinel struct {
	// Name is how the sentinels call the primary.
	Name             string
	Primary, Replica *Redis
	Addresses        []string // of the sentinels
}

// StartSentinel starts all of it and waits until everybody knows everybody. A
// primary that is silent for a second is replaced.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	s := &Sentinel{Name: "sessions", Primary: StartRedis(t)}
	s.Replica = StartRedis(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(s.Primary.Port))
	var all []*Redis
	for range 3 {
		port := FreePort(t)
		file := filepath.Join(t.TempDir(), "sentinel.conf")
		text := fmt.Sprintf("port %d\nbind 127.0.0.1\nsentinel monitor %[2]s 127.0.0.1 %[3]d 2\nsentinel down-after-milliseconds %[2]s 1000\n"+
			"sentinel failover-timeout %[2]s 5000\n", port, s.Name, s.Primary.Port)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &Redis{Port: port}
		r.Process = Start(t, "sentinel", exec.CommandContext(context.Background(), Find(t, "redis-sentinel"), file))
		all = append(all, r)
		s.Addresses = append(s.Addresses, r.Address())
	}
	Eventually(t, "the replica follows and the sentinels know all", func(ctx context.Context) error {
		for _, r := range all {
			out, err := r.try(ctx, "sentinel", "master", s.Name)
			if err != nil || !strings.Contains(out, "num-slaves\n1") || !strings.Contains(out, "num-other-sentinels\n2") {
				return fmt.Errorf("%w: %s", errors.Join(err, errNotYet), out)
			}
		}
		return s.Primary.Follows(ctx)
	})
	return s
}

// Follows is nil once a replica is connected and has all.
func (r *Redis) Follows(ctx context.Context) error {
	out, err := r.try(ctx, "role")
	if lines := strings.Split(out, "\n"); err != nil || len(lines) < 4 || lines[0] != "master" {
		return fmt.Errorf("%w: %s", errors.Join(err, errNotYet), out)
	}
	return nil
}

// Cluster is three primaries with a replica each.
type Cluster struct {
	Nodes     []*Redis
	Addresses []string
}

// StartCluster starts all of it and waits until it is one. A primary that is silent
// for a second is replaced.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	for range 6 {
		r := startClusterNode(t)
		c.Nodes, c.Addresses = append(c.Nodes, r), append(c.Addresses, r.Address())
	}
	args := append([]string{"--cluster", "create"}, c.Addresses...)
	join := exec.CommandContext(t.Context(), Find(t, "redis-cli"), append(args, "--cluster-replicas", "1", "--cluster-yes")...)
	if out, err := join.CombinedOutput(); err != nil {
		t.Fatalf("join the cluster: %v\n%s", err, out)
	}
	Eventually(t, "the cluster is one", func(ctx context.Context) error {
		for _, r := range c.Nodes {
			if out, err := r.try(ctx, "cluster", "info"); err != nil || !strings.Contains(out, "cluster_state:ok") || !strings.Contains(out, "cluster_known_nodes:6") {
				return fmt.Errorf("%w: %s", errors.Join(err, errNotYet), out)
			}
		}
		for _, r := range c.Primaries(ctx) {
			if err := r.Follows(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

// startClusterNode takes a port whose neighbour for the cluster's bus is valid too.
func startClusterNode(t testing.TB) *Redis {
	t.Helper()
	port := FreePort(t)
	for port > 55_000 {
		port = FreePort(t)
	}
	return StartRedisAt(t, port, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", strconv.Itoa(FreePort(t)))
}

// Primaries are the nodes that are primaries at the moment.
func (c *Cluster) Primaries(ctx context.Context) []*Redis {
	var all []*Redis
	for _, r := range c.Nodes {
		if out, err := r.try(ctx, "role"); err == nil && strings.HasPrefix(out, "master") {
			all = append(all, r)
		}
	}
	return all
}

// Whole is nil while every primary has its replica and every node sees all slots
// served.
func (c *Cluster) Whole(ctx context.Context) error {
	primaries := c.Primaries(ctx)
	if len(primaries) != len(c.Nodes)/2 {
		return fmt.Errorf("%d primaries: %w", len(primaries), errNotYet)
	}
	for _, r := range c.Nodes {
		if out, err := r.try(ctx, "cluster", "info"); err != nil || !strings.Contains(out, "cluster_state:ok") {
			return fmt.Errorf("%w: %s", errors.Join(err, errNotYet), out)
		}
	}
	for _, r := range primaries {
		if err := r.Follows(ctx); err != nil {
			return err
		}
	}
	return nil
}
