package kept

import "sync"

// Table keeps values by what they were made of. A full one is emptied: what is in use is
// back after one request each, and nobody has to note what was used when. It is safe for
// concurrent use.
type Table[K comparable, V any] struct {
	most int
	mu   sync.RWMutex
	of   map[K]V // guarded by mu
}

// New makes a table of at most so many values.
func New[K comparable, V any](most int) *Table[K, V] {
	return &Table[K, V]{most: most, of: map[K]V{}}
}

// Get returns the value that was put there, if it is still kept.
func (t *Table[K, V]) Get(k K) (V, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	v, ok := t.of[k]
	return v, ok
}

// Put keeps a value.
func (t *Table[K, V]) Put(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.of) >= t.most {
		t.of = map[K]V{}
	}
	t.of[k] = v
}

// Forget drops a value, so that what is secret in it leaves the memory.
func (t *Table[K, V]) Forget(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.of, k)
}
