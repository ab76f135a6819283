package boltstore

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/esgateway/esgateway/internal/session"
)

const (
	// maxBatch bounds one transaction, and so how long its first writer waits.
	maxBatch = 256
	// maxQueue bounds what waits for a slow disk: beyond it is an outage, and
	// better said than hidden.
	maxQueue = 16 << 10
)

var errBusy = errors.New("too many writes wait for the disk")

// enqueue hands c to the goroutine that writes, which lives while there is
// something to write. It starts at once: a lone writer waits for nobody, and
// those who come while it syncs share the next transaction.
func (s *Store) enqueue(c *change) error {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	switch {
	case s.shut:
		return session.ErrClosed
	case len(s.queue) >= maxQueue:
		return s.trouble(errBusy)
	}
	s.queue = append(s.queue, c)
	if !s.settling {
		s.settling = true
		s.work.Go(s.settleAll)
	}
	return nil
}

func (s *Store) settleAll() {
	for batch := s.next(); batch != nil; batch = s.next() {
		s.settle(batch)
	}
}

// next takes the changes of the next transaction from the queue, without those
// whose callers have left; nil ends the goroutine.
func (s *Store) next() []*change {
	s.queueMu.Lock()
	defer s.queueMu.Unlock()
	var batch []*change
	for len(batch) < maxBatch && len(s.queue) > 0 {
		c := s.queue[0]
		s.queue[0], s.queue = nil, s.queue[1:]
		if c.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, c)
		}
	}
	s.settling = batch != nil
	return batch
}

// settle judges the changes, writes what comes of it, shows it and answers.
func (s *Store) settle(batch []*change) {
	// Only this goroutine changes memory and down, so it reads them unlocked.
	v := view{now: s.now(), memory: &s.memory, writes: map[session.Key]*session.Record{}}
	outcomes := make([]error, len(batch))
	for i, c := range batch {
		outcomes[i] = c.judge(&v)
	}
	err := s.down
	if err == nil {
		err = s.write(v.writes)
	}
	if err != nil && s.down == nil && len(batch) > 1 {
		// A record that does not fit on the disk must not take the logout with
		// it that came at the same time.
		for _, c := range batch {
			s.settle([]*change{c})
		}
		return
	}
	for i, c := range batch {
		if err != nil {
			// What was judged may rest on what was not written.
			outcomes[i] = err
		}
		c.done <- outcomes[i]
	}
}

// write puts the writes on the disk and then into memory: both or neither.
func (s *Store) write(writes map[session.Key]*session.Record) error {
	if len(writes) == 0 {
		return nil
	}
	if err := s.commit(writes); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, rec := range writes {
		if rec == nil {
			s.memory.drop(k)
		} else {
			s.memory.put(k, *rec)
		}
	}
	return nil
}

// commit writes one transaction. If it fails and the file is not provably as it
// was, the store goes down: after a failed sync the kernel forgets what it could
// not write, so that neither a second try nor reading back tells the truth.
func (s *Store) commit(writes map[session.Key]*session.Record) error {
	var number int // of the transaction
	err := s.file.guarded(func(db *bolt.DB) error {
		return db.Update(func(tx *bolt.Tx) error {
			number = tx.ID()
			return apply(tx.Bucket([]byte(bucket)), writes)
		})
	})
	if err == nil {
		return nil
	}
	if s.file.before(number) {
		return s.trouble(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = s.trouble(fmt.Errorf("%w: %w", errDoubt, err))
	return s.down
}

func apply(b *bolt.Bucket, writes map[session.Key]*session.Record) error {
	for k, rec := range writes {
		if rec == nil {
			if err := b.Delete(k[:]); err != nil {
				return err
			}
			continue
		}
		if err := b.Put(k[:], encode(k, *rec)); err != nil {
			return err
		}
	}
	return nil
}
