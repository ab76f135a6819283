package redisstore

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/redis/rueidis"

	"github.com/esgateway/esgateway/internal/session"
)

// scanCount is how many names one answer holds, about.
const scanCount = 500

// names are the keys of all records. It asks every server of a cluster, replicas
// too, so that one which is just changing its role is not left out.
func (s *Store) names(ctx context.Context) (map[session.Key]bool, error) {
	_, done, err := s.begin(ctx) // its limit is one call's; here are as many as there are pages
	if err != nil {
		return nil, err
	}
	defer done()
	client, err := s.conn.get(ctx)
	if err != nil {
		return nil, s.outage(ctx, err)
	}
	all := map[session.Key]bool{}
	for _, node := range client.Nodes() {
		if err := s.scan(ctx, node, all); err != nil {
			return nil, s.outage(ctx, err)
		}
	}
	return all, nil
}

func (s *Store) scan(ctx context.Context, node rueidis.Client, into map[session.Key]bool) error {
	prefix := s.cfg.Prefix + "r:"
	for cursor := uint64(0); ; {
		page, err := node.Do(ctx, node.B().Scan().Cursor(cursor).Match(prefix+"*").Count(scanCount).Build()).AsScanEntry()
		if err != nil {
			return err
		}
		for _, name := range page.Elements {
			raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(name, prefix))
			if err != nil || len(raw) != keySize {
				return errBadValue
			}
			into[session.Key(raw)] = true
		}
		if cursor = page.Cursor; cursor == 0 {
			return nil
		}
	}
}
