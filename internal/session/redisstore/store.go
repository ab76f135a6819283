package redisstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/esgateway/esgateway/internal/session"
)

var _ session.Store = (*Store)(nil)

// memoryTime bounds how long a record is read from memory without asking. The
// server tells of changes at once; this is for the case that it does not.
const memoryTime = 30 * time.Second

// Store is a session.Store of any number of gateways.
//
// A write whose answer is lost may have happened: it is an outage to the caller,
// who reads again. Find may name for the rest of its life a record that a gateway
// was about to write when it died.
type Store struct {
	cfg    Config
	now    func() time.Time
	conn   *connection
	recent recent
	turns  chan struct{} // one for each connection that the library lends

	closed atomic.Bool
	// busy is held for reading by everything but Load; Close waits for it.
	busy sync.RWMutex
}

// Open begins to connect and returns at once: a gateway starts while its store is
// away. An error is a setting that cannot work. The caller closes the store.
func Open(cfg Config, d session.StoreDeps) (*Store, error) {
	option, err := cfg.option()
	if err != nil {
		return nil, err
	}
	return &Store{cfg: cfg, now: d.Now, conn: connect(option, d.Log), turns: make(chan struct{}, lendable)}, nil
}

// Load implements session.Store.
func (s *Store) Load(ctx context.Context, k session.Key) (session.Record, error) {
	if s.closed.Load() {
		return session.Record{}, session.ErrClosed
	}
	inner, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	client, err := s.conn.get(inner)
	if err != nil {
		return session.Record{}, s.outage(ctx, err)
	}
	name := s.recordName(k)
	var answer rueidis.RedisResult
	if s.recent.has(k, wall()) {
		answer = client.Do(inner, client.B().Get().Key(name).Build())
	} else {
		answer = client.DoCache(inner, client.B().Get().Key(name).Cache(), memoryTime)
	}
	value, err := answer.AsBytes()
	if err != nil {
		return session.Record{}, s.outage(ctx, err)
	}
	rec, _, err := decode(value)
	if err == nil && !rec.Expires.After(s.now()) {
		err = session.ErrNotFound
	}
	if err != nil {
		return session.Record{}, err
	}
	return rec, nil
}

// Save implements session.Store. The labels' sets come first: a record without its
// labels could not be found, while a label without its record does no harm.
func (s *Store) Save(ctx context.Context, k session.Key, rec session.Record) (uint64, error) {
	w := newWriting()
	value, err := encode(rec, w)
	if err != nil {
		return 0, err
	}
	inner, done, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	if err := s.index(inner, rec, member(k, w)); err != nil {
		return 0, s.outage(ctx, err)
	}
	life := max(rec.Expires.Sub(s.now()).Milliseconds()+1, 1)
	got, err := s.write(inner, k, scriptSave, versionOf(rec.Version), rueidis.BinaryString(value), strconv.FormatInt(life, 10))
	if err != nil {
		return 0, s.outage(ctx, err)
	}
	if got.code != codeDone {
		return 0, s.outage(ctx, errors.Join(session.ErrConflict, s.unindex(inner, rec.Labels, member(k, w))))
	}
	if err := s.forget(inner, k, got.rest); err != nil {
		return 0, s.outage(ctx, err)
	}
	return rec.Version + 1, nil
}

// Take implements session.Store.
func (s *Store) Take(ctx context.Context, k session.Key) (session.Record, error) {
	inner, done, err := s.begin(ctx)
	if err != nil {
		return session.Record{}, err
	}
	defer done()
	got, err := s.write(inner, k, scriptTake)
	if err != nil {
		return session.Record{}, s.outage(ctx, err)
	}
	if got.code != codeDone {
		return session.Record{}, session.ErrNotFound
	}
	rec, _, err := decode(got.rest)
	if err != nil {
		return session.Record{}, err
	}
	// The record is taken, whatever becomes of the labels.
	if err := s.forget(inner, k, got.rest); err != nil {
		s.conn.log.WarnContext(ctx, "labels of a record that was taken are left until they expire", "error.message", err.Error())
	}
	return rec, nil
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, k session.Key, version uint64) error {
	inner, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	got, err := s.write(inner, k, scriptDelete, versionOf(version))
	switch {
	case err != nil:
		return s.outage(ctx, err)
	case got.code == codeMissing:
		return session.ErrNotFound
	case got.code == codeConflict:
		return session.ErrConflict
	}
	return s.outage(ctx, s.forget(inner, k, got.rest))
}

// Find implements session.Store.
func (s *Store) Find(ctx context.Context, l session.Label) ([]session.Key, error) {
	return s.between(ctx, l, "+inf")
}

// Due implements session.Store.
func (s *Store) Due(ctx context.Context, l session.Label, until time.Time) ([]session.Key, error) {
	return s.between(ctx, l, strconv.FormatInt(score(until), 10))
}

// Count implements session.Store.
func (s *Store) Count(ctx context.Context, l session.Label) (int, error) {
	inner, done, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	client, err := s.conn.get(inner)
	if err != nil {
		return 0, s.outage(ctx, err)
	}
	n, err := client.Do(inner, client.B().Zcount().Key(s.labelName(l)).Min(s.living()).Max("+inf").Build()).AsInt64()
	return int(n), s.outage(ctx, err)
}

// score is where a record that expires then stands in the sets of its labels.
func score(expires time.Time) int64 { return expires.UnixMilli() + 1 }

// living is the lowest score of a record that has not expired.
func (s *Store) living() string { return "(" + strconv.FormatInt(s.now().UnixMilli(), 10) }

// between returns the keys under a label up to a score.
func (s *Store) between(ctx context.Context, l session.Label, highest string) ([]session.Key, error) {
	inner, done, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	client, err := s.conn.get(inner)
	if err != nil {
		return nil, s.outage(ctx, err)
	}
	members, err := client.Do(inner, client.B().Zrange().Key(s.labelName(l)).Min(s.living()).Max(highest).Byscore().Build()).AsStrSlice()
	if err != nil {
		return nil, s.outage(ctx, err)
	}
	seen := make(map[session.Key]bool, len(members))
	keys := make([]session.Key, 0, len(members))
	for _, m := range members {
		if len(m) != keySize+idSize {
			return nil, errBadValue
		}
		// While a record is written anew it stands there twice.
		if k := session.Key([]byte(m[:keySize])); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// Each implements session.Store.
func (s *Store) Each(ctx context.Context, visit func(session.Key, session.Record) bool) error {
	names, err := s.names(ctx)
	if err != nil {
		return err
	}
	for k := range names {
		rec, err := s.Load(ctx, k)
		if errors.Is(err, session.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if !visit(k, rec) {
			return nil
		}
	}
	return nil
}

// Sweep implements session.Store: the server forgets by itself.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	if s.closed.Load() {
		return 0, session.ErrClosed
	}
	return 0, ctx.Err()
}

// Close implements session.Store. What is under way ends first.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return session.ErrClosed
	}
	s.busy.Lock()
	defer s.busy.Unlock()
	s.conn.close()
	return nil
}

// begin starts a call that Close waits for.
func (s *Store) begin(ctx context.Context) (inner context.Context, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.busy.RLock()
	if s.closed.Load() {
		s.busy.RUnlock()
		return nil, nil, session.ErrClosed
	}
	inner, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	return inner, func() { cancel(); s.busy.RUnlock() }, nil
}

// outage makes an error of the library ours: no value is ErrNotFound, the caller's
// own end is the caller's, and everything else an outage. The limit that a call has
// here is an outage too, not the caller's end.
func (s *Store) outage(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, session.ErrConflict):
		return err
	case rueidis.IsRedisNil(err):
		return session.ErrNotFound
	case errors.Is(err, rueidis.ErrClosing) && s.closed.Load():
		return session.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("redis did not answer within %s: %s", s.cfg.Timeout, err.Error())
	}
	return fmt.Errorf("redis: %w", err)
}

// versionOf is a version as the scripts compare it.
func versionOf(v uint64) string { return string(binary.BigEndian.AppendUint64(nil, v)) }

// wall is the time by which the server forgets and tells.
func wall() time.Time { return time.Now() } //nolint:forbidigo // see above: not a deadline of a session
