package session_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
)

func TestSameUserAgainGetsANewIDAndTheOldOneLeadsThereForAMinute(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	first := h.signIn("alice", "browser")
	second := h.signIn("alice", "browser")
	if first.ID == second.ID {
		t.Fatal("the id did not change")
	}
	eventually(t, "the old pair is revoked", func() bool { return h.es.bearer(t, first.Session.Pair.Access) == elastic.Dead })

	s := h.current(first.ID)
	if s == nil || s.Key != second.Session.Key || s.Moved == nil || *s.Moved != second.ID {
		t.Fatalf("the old id does not lead to the new session: %+v", s)
	}
	if !h.Lives(t.Context(), first.Session.Key) {
		t.Error("a stream of the old id would be cut")
	}
	if n, err := h.Live(t.Context()); err != nil || n != 1 {
		t.Errorf("%d live sessions (%v), want 1", n, err)
	}
	h.clock.advance(61 * time.Second)
	if h.current(first.ID) != nil {
		t.Error("the old id works after a minute")
	}
	if h.current(second.ID) == nil {
		t.Error("the new session is gone")
	}
}

func TestAnotherUserInTheSameBrowserEndsTheOldSession(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	alice := h.signIn("alice", "browser")
	elsewhere := h.signIn("alice", "another browser")
	bob := h.signIn("bob", "browser")
	if bob.Ended == nil || bob.Ended.Key != alice.Session.Key {
		t.Fatalf("Ended = %v, want alice's session", bob.Ended)
	}
	if h.current(alice.ID) != nil {
		t.Error("alice's session lives")
	}
	if h.current(elsewhere.ID) == nil {
		t.Error("alice's session in another browser was ended too")
	}
	eventually(t, "alice's pair is revoked", func() bool { return h.es.bearer(t, alice.Session.Pair.Access) == elastic.Dead })
}

func TestSignOutInvalidatesBothTokensAndNoLateRenewalBringsTheSessionBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(tokenTTL + time.Second)

	arrived, release := make(chan struct{}), make(chan struct{})
	hold := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || r.URL.Path != refreshP {
			return false
		}
		answer := recordAnswer(h.es, r)
		h.es.bend.Store(nil)
		close(arrived)
		<-release
		answer(w)
		return true
	}
	h.es.bend.Store(&hold)
	late := make(chan error, 1)
	s := h.current(begun.ID)
	go func() {
		_, err := h.Fresh(t.Context(), s)
		late <- err
	}()
	<-arrived
	debt, err := h.SignOut(t.Context(), h.current(begun.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Settle(t.Context(), debt); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := <-late; err == nil {
		t.Error("a renewal succeeded for a session that was signed out")
	}
	if h.current(begun.ID) != nil {
		t.Error("the session came back")
	}
	eventually(t, "no token of the person is alive", func() bool { return h.es.LiveTokens("alice") == 0 })
	if got := h.journal.reasons(); !slices.Equal(got, []session.Reason{session.SignedOut}) {
		t.Errorf("ended for %v", got)
	}
}

func TestWhatIsOwedIsPaidWhenElasticsearchIsBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.es.SetFaults(standin.Faults{Down: true})
	debt, err := h.SignOut(t.Context(), h.current(begun.ID))
	if err != nil {
		t.Fatalf("signing out needs no ES: %v", err)
	}
	if err := h.Settle(t.Context(), debt); err == nil {
		t.Fatal("ES is down and was told")
	}
	if h.current(begun.ID) != nil {
		t.Error("the person is still signed in")
	}
	if n, err := h.Owed(t.Context()); err != nil || n != 1 {
		t.Fatalf("owed %d (%v), want 1", n, err)
	}
	h.es.SetFaults(standin.Faults{})
	h.clock.advance(2 * time.Minute)
	h.Sweep(t.Context())
	if class := h.es.bearer(t, begun.Session.Pair.Access); class != elastic.Dead {
		t.Errorf("ES says %s to the token of a signed-out person", class)
	}
	if n, err := h.Owed(t.Context()); err != nil || n != 0 {
		t.Errorf("owed %d (%v), want 0", n, err)
	}
}

func TestTheSweeperEndsWhatIsOverAndGivesTheTokensBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	h.clock.advance(session.Default().Idle + time.Second)
	h.Sweep(t.Context())
	if got := h.journal.reasons(); !slices.Equal(got, []session.Reason{session.Idle}) {
		t.Fatalf("ended for %v", got)
	}
	if n, err := h.Live(t.Context()); err != nil || n != 0 {
		t.Errorf("%d live sessions (%v)", n, err)
	}
	if h.Lives(t.Context(), begun.Session.Key) {
		t.Error("a stream would go on")
	}
	eventually(t, "the debt is paid", func() bool {
		n, err := h.Owed(t.Context())
		return err == nil && n == 0
	})
}

// Tabs of one browser that finish their sign-ins at the same moment: each sees what
// the others have made. No two may replace each other, or nobody would be left, and
// whoever followed them would go in a circle.
func TestSignInsAtTheSameMomentLeaveEveryIDWithALivingSession(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	for range 5 {
		ids := []session.ID{h.signIn("alice", "browser").ID}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				begun := h.signIn("alice", "browser")
				mu.Lock()
				defer mu.Unlock()
				ids = append(ids, begun.ID)
			})
		}
		all.Wait()
		for _, id := range ids {
			if s := h.current(id); s == nil {
				t.Error("an id of a minute ago leads nowhere")
			}
		}
	}
}

// counting is a store that counts what is read of it, record by record.
type counting struct {
	session.Store
	loads atomic.Int64
}

func (c *counting) Load(ctx context.Context, k session.Key) (session.Record, error) {
	c.loads.Add(1)
	return c.Store.Load(ctx, k)
}

// TestWhatANodeDoesByItselfGrowsWithWhatIsToBeDone, and not with all sessions: every node
// does it, every few seconds.
func TestWhatANodeDoesByItselfGrowsWithWhatIsToBeDone(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.signIn("alice", "early")
	h.clock.advance(session.Default().Idle / 2)
	for i := range 50 {
		h.signIn("bob", strconv.Itoa(i))
	}
	store := &counting{Store: h.store}
	node := openHouseOn(t, h.clock, h.es, store, h.keys)
	node.Recover(t.Context())
	node.Sweep(t.Context())
	if n, err := node.Live(t.Context()); err != nil || n != 51 || store.loads.Load() != 0 {
		t.Errorf("nothing is to be done: %d records of %d were read (%v)", store.loads.Load(), n, err)
	}
	h.clock.advance(session.Default().Idle/2 + time.Second)
	node.Sweep(t.Context())
	if got := node.journal.reasons(); !slices.Equal(got, []session.Reason{session.Idle}) || store.loads.Load() > 5 {
		t.Errorf("one is over: ended %v, %d records were read", got, store.loads.Load())
	}
}
