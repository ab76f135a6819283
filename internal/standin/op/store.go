package op

import (
	"crypto/rand"
	"time"
)

// maxStored bounds the memory; the oldest makes room.
const maxStored = 1000

// A store keeps things under random names for some time.
type store[T any] struct {
	by    map[string]stored[T]
	order []string // oldest first; may name what is gone
}

type stored[T any] struct {
	thing T
	ends  time.Time
}

// add keeps a thing and says under which name.
func (s *store[T]) add(thing T, ends time.Time) string {
	if s.by == nil {
		s.by = map[string]stored[T]{}
	}
	if len(s.order) >= maxStored {
		delete(s.by, s.order[0])
		s.order = s.order[1:]
	}
	name := rand.Text()
	s.by[name] = stored[T]{thing, ends}
	s.order = append(s.order, name)
	return name
}

// find gives what has not ended yet.
func (s *store[T]) find(name string, now time.Time) (thing T, ok bool) {
	if one, there := s.by[name]; there && now.Before(one.ends) {
		return one.thing, true
	}
	return thing, false
}

func (s *store[T]) remove(name string) { delete(s.by, name) }
