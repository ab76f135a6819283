package gate

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
)

// TestQuestionsAreBounded: who leaves does not end a question, so many who come and go
// could have any number of them under way.
func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	g := newGrants(time.Now)
	answer, leave := make(chan struct{}), make(chan struct{})
	ask := func(context.Context) (grant, error) {
		<-answer
		return grant{until: time.Now().Add(time.Hour), renew: time.Now().Add(time.Hour)}, nil
	}
	gone, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range maxAsking {
		all.Go(func() {
			if _, err := g.get(gone, hashOf("test", strconv.Itoa(i)), ask); err == nil {
				t.Error("an answer, before there was one")
			}
		})
	}
	go func() { all.Wait(); close(leave) }()
	cancel()
	<-leave
	if _, err := g.get(t.Context(), hashOf("test", "one more"), ask); !fault.Is(err, fault.ElasticsearchUnavailable) {
		t.Errorf("one more than are allowed: %v", err)
	}
	close(answer)
	for i := range maxAsking { // each joins its own question, or finds the answer
		if _, err := g.get(t.Context(), hashOf("test", strconv.Itoa(i)), ask); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.get(t.Context(), hashOf("test", "one more"), ask); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
