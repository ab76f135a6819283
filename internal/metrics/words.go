package metrics

import (
	"strings"
	"sync"
)

// maxWords bounds the values of one label: far more than anybody configures,
// and few enough that no mistake of a caller can flood a scraper.
const maxWords = 200

// other stands for all values beyond the bound.
const other = "other"

// words remembers the values that labels have had.
type words struct {
	mu   sync.RWMutex
	seen map[string]map[string]bool // by label, guarded by mu
}

// bound returns value as it may be used for the label: the first maxWords
// values as they are, what follows as "other".
func (w *words) bound(label, value string) string {
	if w.known(label, value) {
		return value
	}
	// The client library panics on a label that is not UTF-8.
	return w.learn(label, strings.ToValidUTF8(value, "?"))
}

func (w *words) known(label, value string) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.seen[label][value]
}

func (w *words) learn(label, value string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]map[string]bool{}
	}
	if w.seen[label] == nil {
		w.seen[label] = map[string]bool{}
	}
	if !w.seen[label][value] && len(w.seen[label]) >= maxWords {
		return other
	}
	w.seen[label][value] = true
	return value
}
