package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/esgateway/esgateway/internal/session"
)

// errUnconfirmed: the write stands on the primary and may be lost with it.
var errUnconfirmed = errors.New("not enough replicas have confirmed the write")

// outcome is what a script has answered.
type outcome struct {
	code string
	rest []byte
}

// write runs a script on a record. The key is not read from memory while that is
// under way, nor for a while after it.
func (s *Store) write(ctx context.Context, k session.Key, script string, args ...string) (outcome, error) {
	s.recent.note(k, wall(), s.cfg.Timeout)
	defer func() { s.recent.note(k, wall(), 0) }()
	now := strconv.FormatInt(s.now().UnixNano(), 10)
	return s.run(ctx, script, s.recordName(k), append([]string{now}, args...))
}

// index adds a member to the sets of the record's labels, all at once.
func (s *Store) index(ctx context.Context, rec session.Record, m string) error {
	now, until := s.now().UnixMilli(), score(rec.Expires)
	errs := make([]error, len(rec.Labels))
	var all sync.WaitGroup
	for i, l := range rec.Labels {
		all.Go(func() {
			_, errs[i] = s.run(ctx, scriptIndex, s.labelName(l), []string{strconv.FormatInt(now, 10), m, strconv.FormatInt(until, 10)})
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// unindex removes a member that no record stands behind any more.
func (s *Store) unindex(ctx context.Context, labels []session.Label, m string) error {
	if len(labels) == 0 {
		return nil
	}
	client, err := s.conn.get(ctx)
	if err != nil {
		return err
	}
	cmds := make(rueidis.Commands, 0, len(labels))
	for _, l := range labels {
		cmds = append(cmds, client.B().Zrem().Key(s.labelName(l)).Member(m).Build())
	}
	var errs []error
	for _, r := range client.DoMulti(ctx, cmds...) {
		errs = append(errs, r.Error())
	}
	return errors.Join(errs...)
}

// forget removes from the labels' sets what an earlier write has put there.
func (s *Store) forget(ctx context.Context, k session.Key, head []byte) error {
	if len(head) == 0 {
		return nil
	}
	old, w, err := decode(head)
	if err != nil {
		return err
	}
	return s.unindex(ctx, old.Labels, member(k, w))
}

// run runs a script on one name, on a connection of its own, and waits for the
// replicas on that connection: the server counts only what came over it. A server
// that says that it is not the one has done nothing, so another one is asked.
func (s *Store) run(ctx context.Context, script, name string, args []string) (outcome, error) {
	client, err := s.conn.get(ctx)
	if err != nil {
		return outcome{}, err
	}
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		var got outcome
		err := s.dedicated(ctx, client, func(c rueidis.DedicatedClient) error {
			got, err = s.confirmed(ctx, c, script, name, args)
			return err
		})
		if !elsewhere(err) || ctx.Err() != nil {
			return got, err
		}
		rest, cancel := context.WithTimeout(ctx, pause)
		<-rest.Done()
		cancel()
	}
}

// dedicated lends a connection within the limit of ctx. The library waits for a free one
// as long as it takes, but for a cluster's: behind a server that is silent each would wait
// for all before it.
func (s *Store) dedicated(ctx context.Context, client rueidis.Client, use func(rueidis.DedicatedClient) error) error {
	if client.Mode() != rueidis.ClientModeCluster {
		select {
		case s.turns <- struct{}{}:
			defer func() { <-s.turns }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return client.Dedicated(use)
}

// confirmed runs the script and waits for every replica that is connected.
func (s *Store) confirmed(ctx context.Context, c rueidis.DedicatedClient, script, name string, args []string) (outcome, error) {
	answers := c.DoMulti(ctx,
		c.B().Eval().Script(script).Numkeys(1).Key(name).Arg(args...).Build(),
		c.B().Role().Build(),
	)
	got, err := outcomeOf(answers[0])
	if err != nil || got.code != codeDone {
		return got, err
	}
	connected, err := replicas(answers[1])
	if err != nil {
		return outcome{}, err
	}
	want := max(connected, s.cfg.ReplicasToWait)
	if want == 0 {
		return got, nil
	}
	// A replica that has just joined counts as connected, and first confirms after up
	// to a second.
	n, err := c.Do(ctx, c.B().Wait().Numreplicas(int64(want)).Timeout(s.cfg.Timeout.Milliseconds()*3/4).Build()).AsInt64()
	if err != nil {
		return outcome{}, err
	}
	if int(n) < want {
		return outcome{}, fmt.Errorf("%w: %d of %d", errUnconfirmed, n, want)
	}
	return got, nil
}

func outcomeOf(r rueidis.RedisResult) (outcome, error) {
	parts, err := r.ToArray()
	if err != nil {
		return outcome{}, err
	}
	if len(parts) != 2 {
		return outcome{}, errBadValue
	}
	code, err := parts[0].ToString()
	if err != nil {
		return outcome{}, err
	}
	rest, err := parts[1].AsBytes()
	if err != nil {
		return outcome{}, err
	}
	return outcome{code: code, rest: rest}, nil
}

// replicas is how many replicas the primary is connected with, by its ROLE.
func replicas(r rueidis.RedisResult) (int, error) {
	parts, err := r.ToArray()
	if err != nil {
		return 0, err
	}
	if len(parts) < 3 {
		return 0, errBadValue
	}
	if role, err := parts[0].ToString(); err != nil || role != "master" {
		return 0, fmt.Errorf("the server is no primary but %q: %w", role, errors.Join(err, errUnconfirmed))
	}
	list, err := parts[2].ToArray()
	return len(list), err
}

// elsewhere reports whether a server has refused to write because it is not, or not
// yet, the one that does. Nothing has happened then.
func elsewhere(err error) bool {
	e, ok := rueidis.IsRedisErr(err)
	if !ok {
		return false
	}
	word, _, _ := strings.Cut(e.Error(), " ")
	switch word {
	case "MOVED", "ASK", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "LOADING", "MASTERDOWN":
		return true
	}
	return false
}
