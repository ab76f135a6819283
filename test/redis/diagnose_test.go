package redis_test

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/redisstore"
	"github.com/esgateway/esgateway/test/parts"
)

func TestCheckSaysWhatTheStoreIs(t *testing.T) {
	t.Parallel()
	plain := parts.StartRedis(t)
	sentinel, cluster := parts.StartSentinel(t), parts.StartCluster(t)
	careless := parts.StartRedis(t, "--maxmemory-policy", "allkeys-lru")
	kept := parts.StartRedis(t, "--appendonly", "yes")
	blind := parts.StartRedis(t)
	blind.Do(t, "acl", "setuser", "blind", "on", ">secret", "~*", "+@all", "-config")
	for _, tc := range []struct {
		what      string
		addresses []string
		set       func(*redisstore.Config)
		want      []string // patterns, each of a line
	}{
		{"a single server", []string{plain.Address()}, nil, []string{`^127.0.0.1:\d+ is Redis 7\S+, standalone, replicas: 0; sessions are read from memory$`, `^warn .* keeps nothing on disk, so a restart`}},
		{"Sentinel", sentinel.Addresses, func(c *redisstore.Config) { c.Sentinel = sentinel.Name }, []string{`, sentinel, replicas: 1;`, "^warn"}},
		{"a cluster", cluster.Addresses, nil, []string{", cluster, replicas: 1;", ", cluster,", ", cluster,", "^warn", "^warn", "^warn"}},
		{"no memory of ours", []string{plain.Address()}, func(c *redisstore.Config) { c.CacheSize = 0 }, []string{"every request asks it", "^warn"}},
		{"an eviction policy", []string{careless.Address()}, nil, []string{"Redis 7", "^warn .* eviction policy allkeys-lru, .*; set maxmemory-policy noeviction$", "^warn .* disk"}},
		{"persistence", []string{kept.Address()}, nil, []string{"Redis 7"}},
		{"an account that sees no settings", []string{blind.Address()}, func(c *redisstore.Config) { c.Username, c.PasswordFile = "blind", file(t, "secret") }, []string{"Redis 7", "^warn .* as far as this account may see"}},
	} {
		t.Run(tc.what, func(t *testing.T) {
			c := configured(tc.addresses...)
			if tc.set != nil {
				tc.set(&c)
			}
			remarks, err := open(t, c, time.Now).Diagnose(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got, rest []string
			for _, r := range remarks {
				line := r.Text
				if r.Warning {
					line = "warn " + line + "; " + r.Advice
				}
				got = append(got, line)
			}
			for _, want := range tc.want {
				rest = nil
				found := false
				for _, line := range got {
					if !found && regexp.MustCompile(want).MatchString(line) {
						found = true
						continue
					}
					rest = append(rest, line)
				}
				if !found {
					t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
				}
				got = rest
			}
			if len(got) > 0 {
				t.Errorf("not expected:\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

func TestTLSIsCheckedBothWays(t *testing.T) {
	t.Parallel()
	ca, dir := parts.NewCA(t), t.TempDir()
	serverCert, serverKey := parts.WriteFiles(t, ca.Issue(t, "redis.test"), dir, "server")
	cert, key := parts.WriteFiles(t, ca.Issue(t, "esgateway"), dir, "client")
	caFile := filepath.Join(dir, "ca.crt")
	parts.Write(t, caFile, ca.PEM())
	port := parts.FreePort(t)
	parts.StartRedis(t, "--tls-port", strconv.Itoa(port), "--tls-cert-file", serverCert, "--tls-key-file", serverKey, "--tls-ca-cert-file", caFile)
	for _, tc := range []struct {
		what string
		set  func(*redisstore.Config)
		ok   bool
	}{
		{"all is right", func(*redisstore.Config) {}, true},
		{"no certificate of ours", func(c *redisstore.Config) { c.Cert, c.Key = "", "" }, false},
		{"another name", func(c *redisstore.Config) { c.ServerName = "other.test" }, false},
		{"the system's authorities", func(c *redisstore.Config) { c.CA = "" }, false},
	} {
		t.Run(tc.what, func(t *testing.T) {
			c := configured(parts.Loopback(port))
			c.TLS, c.CA, c.ServerName, c.Cert, c.Key = true, caFile, "redis.test", cert, key
			c.Timeout = 500 * time.Millisecond
			tc.set(&c)
			if _, err := open(t, c, time.Now).Save(t.Context(), session.Key{1}, record(0, "x")); (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
