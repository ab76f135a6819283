package boltstore

import (
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// view is the store as the next write finds it: memory, and over it what is
// about to be written in the same transaction.
type view struct {
	now    time.Time
	memory *memory
	writes map[session.Key]*session.Record // nil: removed
}

// raw returns the record, expired or not; nil if there is none.
func (v *view) raw(k session.Key) *session.Record {
	if rec, written := v.writes[k]; written {
		return rec
	}
	if e := v.memory.entries[k]; e != nil {
		return &e.rec
	}
	return nil
}

// living returns the record unless it has expired.
func (v *view) living(k session.Key) (session.Record, bool) {
	rec := v.raw(k)
	if rec == nil || !living(*rec, v.now) {
		return session.Record{}, false
	}
	return *rec, true
}

func (v *view) save(k session.Key, rec session.Record) (version uint64, err error) {
	old, _ := v.living(k) // none has version 0
	if old.Version != rec.Version {
		return 0, session.ErrConflict
	}
	rec.Version++
	v.writes[k] = &rec
	return rec.Version, nil
}

func (v *view) take(k session.Key) (session.Record, error) {
	rec, ok := v.living(k)
	if !ok {
		return session.Record{}, session.ErrNotFound
	}
	v.writes[k] = nil
	return rec, nil
}

func (v *view) remove(k session.Key, version uint64) error {
	rec, ok := v.living(k)
	switch {
	case !ok:
		return session.ErrNotFound
	case version != 0 && version != rec.Version:
		return session.ErrConflict
	}
	v.writes[k] = nil
	return nil
}

// forget removes those of the keys whose records have expired by now: one may
// have been written anew since it was found.
func (v *view) forget(keys []session.Key) (removed int) {
	for _, k := range keys {
		if rec := v.raw(k); rec != nil && !living(*rec, v.now) {
			v.writes[k] = nil
			removed++
		}
	}
	return removed
}
