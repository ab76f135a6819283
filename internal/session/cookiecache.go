package session

import "sync"

// maxCookiesKept bounds the cookies below. A full table is emptied, as the one of
// opened records is.
const maxCookiesKept = 20_000

// openedCookies keeps what cookies hold that were opened before: the same bytes
// for the same name and scope always hold the same, since our cookies have no age
// of their own, and opening one costs more than finding its session. Whether that
// session lives is asked each time. What does not open is not kept, so nobody who
// makes up cookies can fill it. Its zero value is ready.
type openedCookies struct {
	mu sync.RWMutex
	of map[cookieKey]string // guarded by mu
}

// cookieKey is all that the content of a cookie depends on, besides the keys.
type cookieKey struct{ base, scope, value string }

func (o *openedCookies) get(k cookieKey) (string, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	plain, ok := o.of[k]
	return plain, ok
}

func (o *openedCookies) put(k cookieKey, plain string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil || len(o.of) >= maxCookiesKept {
		o.of = map[cookieKey]string{}
	}
	o.of[k] = plain
}
