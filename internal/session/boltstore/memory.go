package boltstore

import (
	"slices"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// memory holds every record of the file, the expired ones too until they are
// swept, and finds them by label.
type memory struct {
	entries map[session.Key]*entry
	labels  map[session.Label][]*entry
}

// entry is a record and where it stands in the lists of its labels: at[i] is
// its place in the list of rec.Labels[i]. So it leaves a list of 100,000
// ("all sessions") as quickly as a list of one.
type entry struct {
	key session.Key
	rec session.Record
	at  []int
}

func newMemory() memory {
	return memory{entries: map[session.Key]*entry{}, labels: map[session.Label][]*entry{}}
}

// living reports whether the record may still be returned.
func living(rec session.Record, now time.Time) bool { return now.Before(rec.Expires) }

func (m *memory) put(k session.Key, rec session.Record) {
	if e := m.entries[k]; e != nil {
		if slices.Equal(e.rec.Labels, rec.Labels) {
			e.rec = rec
			return
		}
		m.drop(k)
	}
	e := &entry{key: k, rec: rec, at: make([]int, len(rec.Labels))}
	m.entries[k] = e
	for i, l := range rec.Labels {
		e.at[i] = len(m.labels[l])
		m.labels[l] = append(m.labels[l], e)
	}
}

func (m *memory) drop(k session.Key) {
	e := m.entries[k]
	if e == nil {
		return
	}
	delete(m.entries, k)
	for i, l := range e.rec.Labels {
		m.unlist(l, e.at[i])
	}
}

// unlist takes the entry at the place out of the label's list; the last one
// moves there.
func (m *memory) unlist(l session.Label, place int) {
	list := m.labels[l]
	end := len(list) - 1
	if end == 0 {
		delete(m.labels, l)
		return
	}
	moved := list[end]
	moved.at[slices.Index(moved.rec.Labels, l)] = place
	list[place], list[end] = moved, nil
	m.labels[l] = list[:end]
}
