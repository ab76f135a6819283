package redis_test

import (
	"crypto/rand"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/redisstore"
	"github.com/esgateway/esgateway/internal/session/sessiontest"
	"github.com/esgateway/esgateway/test/parts"
)

// configured is a store's configuration at those addresses, with names of its own.
func configured(addresses ...string) redisstore.Config {
	c := redisstore.Default()
	c.Addresses, c.Prefix = addresses, rand.Text()+":"
	return c
}

func open(t testing.TB, c redisstore.Config, now func() time.Time) *redisstore.Store {
	t.Helper()
	s, err := redisstore.Open(c, session.StoreDeps{Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a test may have closed it
	return s
}

// contract runs the contract of all stores against servers.
func contract(t *testing.T, set func(*redisstore.Config), addresses ...string) {
	t.Helper()
	var configs sync.Map // of the stores
	make := func(t *testing.T, c redisstore.Config, now func() time.Time) session.Store {
		t.Helper()
		s := open(t, c, now)
		configs.Store(s, c)
		return s
	}
	again := func(t *testing.T, now func() time.Time, other session.Store) session.Store {
		t.Helper()
		c, _ := configs.Load(other)
		return make(t, c.(redisstore.Config), now)
	}
	sessiontest.Run(t, func(t *testing.T, now func() time.Time) session.Store {
		c := configured(addresses...)
		c.Timeout = 20 * time.Second // of no interest, and never reached by a busy machine
		set(&c)
		return make(t, c, now)
	}, sessiontest.Restarts(again), sessiontest.Shared(again), sessiontest.ForgetsByItself())
}

func TestContractOfASingleServer(t *testing.T) {
	t.Parallel()
	contract(t, func(*redisstore.Config) {}, parts.StartRedis(t).Address())
}

func TestContractWithoutTheCache(t *testing.T) {
	t.Parallel()
	contract(t, func(c *redisstore.Config) { c.CacheSize = 0 }, parts.StartRedis(t).Address())
}

func TestContractOfSentinel(t *testing.T) {
	t.Parallel()
	s := parts.StartSentinel(t)
	contract(t, func(c *redisstore.Config) { c.Sentinel = s.Name }, s.Addresses...)
}

func TestContractOfACluster(t *testing.T) {
	t.Parallel()
	contract(t, func(*redisstore.Config) {}, parts.StartCluster(t).Addresses...)
}
