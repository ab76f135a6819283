package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/rueidis"

	"github.com/esgateway/esgateway/internal/session"
)

var _ session.Diagnoser = (*Store)(nil)

// Diagnose implements session.Diagnoser: which server it is and how it is set up,
// whether it expires keys, and what could lose sessions.
func (s *Store) Diagnose(ctx context.Context) ([]session.Remark, error) {
	inner, done, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	client, err := s.conn.get(inner)
	if err != nil {
		return nil, s.outage(ctx, err)
	}
	if err := s.expires(inner, client); err != nil {
		return nil, s.outage(ctx, err)
	}
	var all []session.Remark
	for address, node := range client.Nodes() {
		about, err := info(inner, node)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address, s.outage(ctx, err))
		}
		if about["role"] != "slave" {
			all = append(all, s.describe(inner, address, node, about)...)
		}
	}
	slices.SortFunc(all, func(a, b session.Remark) int { return strings.Compare(a.Text, b.Text) })
	return all, nil
}

// expires writes a key that lives for a moment and waits for its end.
func (s *Store) expires(ctx context.Context, client rueidis.Client) error {
	name := s.cfg.Prefix + "check:" + rand.Text()
	if err := client.Do(ctx, client.B().Set().Key(name).Value("check").PxMilliseconds(10).Build()).Error(); err != nil {
		return err
	}
	for {
		_, err := client.Do(ctx, client.B().Get().Key(name).Build()).ToString()
		switch {
		case rueidis.IsRedisNil(err):
			return nil
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), errors.New("a key that should live for 10 ms is still there"))
		case err != nil:
			return err
		}
	}
}

// info is what a server says of itself, by name.
func info(ctx context.Context, node rueidis.Client) (map[string]string, error) {
	text, err := node.Do(ctx, node.B().Info().Build()).ToString()
	if err != nil {
		return nil, err
	}
	about := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			about[name] = value
		}
	}
	return about, nil
}

// describe says of a primary what it is and what is wrong with it.
func (s *Store) describe(ctx context.Context, address string, node rueidis.Client, about map[string]string) []session.Remark {
	mode, kind, version := about["redis_mode"], "Redis", about["redis_version"]
	if about["server_name"] == "valkey" {
		kind, version = "Valkey", about["valkey_version"]
	}
	if s.cfg.Sentinel != "" {
		mode = "sentinel"
	}
	memory := "sessions are read from memory"
	if !s.conn.cached {
		memory = "every request asks it, since it does not tell of changes or cache_size is 0"
	}
	all := []session.Remark{{Text: fmt.Sprintf("%s is %s %s, %s, replicas: %s; %s", address, kind, version, mode, about["connected_slaves"], memory)}}
	if policy := about["maxmemory_policy"]; policy != "noeviction" {
		all = append(all, session.Remark{
			Warning: true, Text: address + " has the eviction policy " + policy + ", so people are signed out when its memory is full", Advice: "set maxmemory-policy noeviction",
		})
	}
	if lost, unsure := forgetsAtRestart(ctx, node, about); lost {
		all = append(all, session.Remark{
			Warning: true, Text: address + " keeps nothing on disk" + unsure + ", so a restart signs everybody out", Advice: "set appendonly yes",
		})
	}
	return all
}

// forgetsAtRestart: neither a log nor snapshots. Who may not read the settings is
// told so.
func forgetsAtRestart(ctx context.Context, node rueidis.Client, about map[string]string) (lost bool, unsure string) {
	if about["aof_enabled"] == "1" {
		return false, ""
	}
	settings, err := node.Do(ctx, node.B().ConfigGet().Parameter("save").Build()).AsStrMap()
	if err != nil {
		return true, ", as far as this account may see"
	}
	return settings["save"] == "", ""
}
