package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
)

func TestTwoHundredRequestsAtTheEndOfATokenMakeOneRefresh(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(tokenTTL + time.Second)
	before := h.es.Counters()

	var all sync.WaitGroup
	tokens := make(chan string, 200)
	for range 200 {
		all.Go(func() {
			s, err := h.Current(t.Context(), begun.ID)
			if err == nil {
				s, err = h.Fresh(t.Context(), s)
			}
			if err != nil {
				t.Error(err)
				return
			}
			tokens <- s.Pair.Access.Reveal()
		})
	}
	all.Wait()
	close(tokens)
	seen := map[string]int{}
	for token := range tokens {
		seen[token]++
	}
	if len(seen) != 1 {
		t.Errorf("requests went on with %d different tokens, want 1", len(seen))
	}
	if after := h.es.Counters(); after.Refreshes-before.Refreshes != 1 {
		t.Errorf("ES saw %d refreshes, want 1", after.Refreshes-before.Refreshes)
	}
}

func TestBeforeTheEndNobodyWaitsForARenewal(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	release := make(chan struct{})
	h.es.SetFaults(standin.Faults{Delay: func(*http.Request) <-chan struct{} { return release }})
	h.clock.advance(tokenTTL - 30*time.Second)

	s, err := h.Fresh(t.Context(), h.current(begun.ID)) // returns although ES does not answer
	if err != nil || s.Pair.Access != begun.Session.Pair.Access {
		t.Fatalf("got %v, %v; want the old token", s, err)
	}
	close(release)
	eventually(t, "the new pair is stored", func() bool {
		return h.current(begun.ID).Pair.Access != begun.Session.Pair.Access
	})
}

func TestATokenIsRenewedUnderAQuarterOfItsLifeAndAtMostAMinuteAhead(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(tokenTTL - time.Minute)
	if _, err := h.Fresh(t.Context(), h.current(begun.ID)); err != nil {
		t.Fatal(err)
	}
	if err := h.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.es.Counters().Refreshes; n != 0 {
		t.Errorf("%d refreshes a minute ahead, want 0", n)
	}
	h.clock.advance(time.Second)
	if _, err := h.Fresh(t.Context(), h.current(begun.ID)); err != nil {
		t.Fatal(err)
	}
	if err := h.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.es.Counters().Refreshes; n != 1 {
		t.Errorf("%d refreshes under a minute ahead, want 1", n)
	}
}

// A first answer after 7 s, while a second manager takes over at 5 s: ES gives
// both the same pair, and the session goes on.
func TestASecondNodeFinishesARenewalThatTakesTooLong(t *testing.T) {
	t.Parallel()
	first := openHouse(t)
	second := openHouseOn(t, first.clock, first.es, first.store, first.keys)
	begun := first.signIn("alice", "browser")
	first.clock.advance(tokenTTL + time.Second)

	var calls atomic.Int64
	arrived, release := make(chan struct{}), make(chan struct{})
	hold := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != refreshP || calls.Add(1) != 1 {
			return false
		}
		answer := recordAnswer(first.es, r) // ES did its work at once
		close(arrived)
		<-release
		answer(w)
		return true
	}
	first.es.bend.Store(&hold)

	type result struct {
		s   *session.Session
		err error
	}
	results := make(chan result, 2)
	ask := func(h *house) {
		s, err := h.Current(t.Context(), begun.ID)
		if err == nil {
			s, err = h.Fresh(t.Context(), s)
		}
		results <- result{s, err}
	}
	go ask(first)
	<-arrived
	first.clock.advance(4 * time.Second)
	go ask(second) // waits: the renewal is another node's
	first.clock.advance(time.Second + time.Millisecond)
	done := <-results // the second takes over and is done
	first.clock.advance(2 * time.Second)
	close(release)
	late := <-results
	for _, r := range []result{done, late} {
		if r.err != nil {
			t.Fatalf("a node lost the session: %v", r.err)
		}
	}
	if done.s.Pair.Access != late.s.Pair.Access {
		t.Error("the nodes go on with different tokens")
	}
	if class := first.es.bearer(t, first.current(begun.ID).Pair.Access); class != elastic.OK {
		t.Errorf("ES says %s to the token", class)
	}
	if len(first.journal.reasons())+len(second.journal.reasons()) != 0 {
		t.Error("the session was ended")
	}
}

// TestALostAnswerIsRepeatedAndGivesTheSamePair: also where it is a balancer that gives up,
// which does not stop what Elasticsearch has begun.
func TestALostAnswerIsRepeatedAndGivesTheSamePair(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(http.ResponseWriter){
		"a connection that breaks": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"a balancer that gives up": func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t)
			begun := h.signIn("alice", "browser")
			h.clock.advance(tokenTTL + time.Second)
			var asked atomic.Int64
			bend := func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != refreshP || asked.Add(1) > 1 {
					return false
				}
				h.es.ServeHTTP(httptest.NewRecorder(), r)
				lose(w)
				return true
			}
			h.es.bend.Store(&bend)
			s, err := h.Fresh(t.Context(), h.current(begun.ID))
			if err != nil {
				t.Fatal(err)
			}
			if class := h.es.bearer(t, s.Pair.Access); class != elastic.OK {
				t.Errorf("ES says %s to the token", class)
			}
			if n := h.es.Counters().RefreshedPairs; n != 1 {
				t.Errorf("ES made %d pairs, want 1", n)
			}
		})
	}
}

func TestWithElasticsearchUnreachableNobodyWaitsAndTheSessionIsKept(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(tokenTTL + time.Second)
	h.es.server.Close()
	s := h.current(begun.ID)
	for range 3 { // a mark left behind would make the second one wait
		_, err := h.Fresh(t.Context(), s)
		if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want an answer at once that keeps the session", err)
		}
		h.clock.advance(time.Second)
	}
	if h.current(begun.ID) == nil {
		t.Error("the session is gone")
	}
}

func TestARenewalThatFailsBetweenElasticsearchsTwoWritesIsNamed(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(tokenTTL + time.Second)
	h.es.SetFaults(standin.Faults{RefreshBetweenWrites: true})
	if _, err := h.Fresh(t.Context(), h.current(begun.ID)); !errors.Is(err, session.ErrUnavailable) && !errors.Is(err, session.ErrUnsure) {
		t.Fatalf("got %v, want an answer that keeps the session", err)
	}
	h.es.SetFaults(standin.Faults{})
	h.clock.advance(31 * time.Second)
	if _, err := h.Fresh(t.Context(), h.current(begun.ID)); !errors.Is(err, session.ErrOver) {
		t.Fatalf("got %v, want %v", err, session.ErrOver)
	}
	if got := h.journal.reasons(); !slices.Equal(got, []session.Reason{session.AnswerLost}) {
		t.Errorf("ended for %v", got)
	}
}

func TestTokensIndexOutForAMinuteLosesNobody(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	var ids []session.ID
	for i := range 50 {
		ids = append(ids, h.signIn("alice", "browser "+string(rune('A'+i))).ID)
		h.clock.advance(100 * time.Millisecond)
	}
	h.clock.advance(tokenTTL + time.Second)
	for _, state := range []standin.IndexState{standin.IndexPrimaryDown, standin.IndexMissing} {
		h.es.SetFaults(standin.Faults{TokensIndex: state})
		for range 6 { // a minute, every 10 s
			for _, id := range ids {
				if _, err := h.Fresh(t.Context(), h.current(id)); err == nil || errors.Is(err, session.ErrOver) {
					t.Fatalf("index %s: got %v, want an answer that keeps the session", state, err)
				}
			}
			h.clock.advance(10 * time.Second)
		}
		h.es.SetFaults(standin.Faults{})
		if state == standin.IndexPrimaryDown {
			continue // it comes back as the next state
		}
		for _, id := range ids {
			if _, err := h.Fresh(t.Context(), h.current(id)); err != nil {
				t.Fatalf("after the outage: %v", err)
			}
		}
	}
	if got := h.journal.reasons(); len(got) != 0 {
		t.Errorf("sessions ended: %v", got)
	}
}

func TestARequestThatTheClientCancelsDecidesNothing(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(tokenTTL + time.Second)
	release := make(chan struct{})
	h.es.SetFaults(standin.Faults{Delay: func(*http.Request) <-chan struct{} { return release }})
	ctx, cancel := context.WithCancel(t.Context())
	s := h.current(begun.ID)
	failed := make(chan error, 1)
	go func() {
		_, err := h.Fresh(ctx, s)
		failed <- err
	}()
	cancel()
	if err := <-failed; err == nil || errors.Is(err, session.ErrOver) {
		t.Fatalf("got %v", err)
	}
	close(release)
	if s, err := h.Fresh(t.Context(), h.current(begun.ID)); err != nil || s.Pair.Access == begun.Session.Pair.Access {
		t.Fatalf("the renewal did not go on without the client: %v", err)
	}
}

func TestAnotherAccountOfTheGatewayCannotRenewAndEndsNothing(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	moved := openHouseAs(t, h.clock, h.es, h.store, h.keys, "other-account")
	h.clock.advance(tokenTTL + time.Second)
	if _, err := moved.Fresh(t.Context(), moved.current(begun.ID)); !errors.Is(err, session.ErrForeign) {
		t.Fatalf("got %v, want %v", err, session.ErrForeign)
	}
	if s, err := h.Fresh(t.Context(), h.current(begun.ID)); err != nil || s == nil {
		t.Fatalf("the right account: %v", err)
	}
}
