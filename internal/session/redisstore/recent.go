package redisstore

import (
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// recentTime is how long after a write of ours the server is asked itself. It
// tells of the change on another connection than that of the answer, a moment
// later; a person who has just signed out must not see the session once more.
const recentTime = 2 * time.Second

// recent are the keys that this process has written lately.
type recent struct {
	mu   sync.RWMutex
	keys map[session.Key]time.Time // until when
	next time.Time                 // of the next tidying
}

// has reports whether the key must not be read from memory.
func (r *recent) has(k session.Key, now time.Time) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	until, ok := r.keys[k]
	return ok && now.Before(until)
}

// note marks a key before it is written, and again after that.
func (r *recent) note(k session.Key, now time.Time, writing time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[session.Key]time.Time{}
	}
	r.keys[k] = now.Add(writing + recentTime)
	if now.Before(r.next) {
		return
	}
	r.next = now.Add(recentTime)
	for k, until := range r.keys {
		if now.After(until) {
			delete(r.keys, k)
		}
	}
}
