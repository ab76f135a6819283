package session

import "sync"

// maxOpened bounds the records kept open. A full table is emptied: what is in
// use is back after one request each.
const maxOpened = 20_000

// opened keeps records that were unsealed, by key and version, since unsealing
// costs more than all the rest of a request's look-up. Whether a record still
// stands, and at which version, is asked of the store each time. Its zero value
// is ready.
type opened struct {
	mu sync.RWMutex
	of map[Key]openedRecord // guarded by mu
}

type openedRecord struct {
	version uint64
	record  record
}

// get returns the record if it was opened at that version.
func (o *opened) get(k Key, version uint64) (record, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	r, ok := o.of[k]
	return r.record, ok && r.version == version
}

func (o *opened) put(k Key, version uint64, r record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil || len(o.of) >= maxOpened {
		o.of = map[Key]openedRecord{}
	}
	o.of[k] = openedRecord{version, r}
}

// forget drops a record that has ended, so that its tokens leave the memory.
func (o *opened) forget(k Key) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.of, k)
}
