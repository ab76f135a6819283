package session_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
)

// errNoWord is what a write gets whose answer was lost on the way.
var errNoWord = errors.New("no word from the store")

// mumbling is a store that is there before and after, but does not answer one write.
type mumbling struct {
	session.Store
	// at is the key whose next write is not answered.
	at atomic.Pointer[session.Key]
	// happens: the write is done all the same.
	happens bool
}

func (m *mumbling) lost(k session.Key, do func() error) error {
	if at := m.at.Load(); at == nil || *at != k {
		return do()
	}
	m.at.Store(nil)
	if m.happens {
		_ = do() // nobody hears of it
	}
	return errNoWord
}

func (m *mumbling) Save(ctx context.Context, k session.Key, rec session.Record) (v uint64, err error) {
	err = m.lost(k, func() error {
		v, err = m.Store.Save(ctx, k, rec)
		return err
	})
	return v, err
}

func (m *mumbling) Delete(ctx context.Context, k session.Key, version uint64) error {
	return m.lost(k, func() error { return m.Store.Delete(ctx, k, version) })
}

// TestAnEndWhoseAnswerWasLostIsStillOwed: the session may be gone, so what is owed to
// Elasticsearch must stand until somebody has looked; and it may live, and then nothing
// is owed.
func TestAnEndWhoseAnswerWasLostIsStillOwed(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*house, *session.Manager, session.Begun){
		"sign-out": func(h *house, m *session.Manager, b session.Begun) {
			if _, err := m.SignOut(h.t.Context(), b.Session); !errors.Is(err, session.ErrUnavailable) {
				h.t.Fatalf("got %v", err)
			}
		},
		"replaced": func(h *house, m *session.Manager, _ session.Begun) {
			start := session.Start{Grant: h.es.grant(h.t, h.clock, "alice"), Method: "corp", Realm: "saml1", Browser: "browser"}
			if _, err := m.Begin(h.t.Context(), start); err != nil {
				h.t.Fatal(err)
			}
		},
	} {
		for _, happens := range []bool{true, false} {
			t.Run(name+map[bool]string{true: " happens", false: " does not happen"}[happens], func(t *testing.T) {
				t.Parallel()
				h := openHouse(t)
				begun := h.signIn("alice", "browser")
				store := &mumbling{Store: h.store, happens: happens}
				m := session.NewManager(session.Default(), session.Deps{
					Vault: session.NewVault(store, h.keys), Elastic: h.es.client(t, h.clock, account), Now: h.clock.now,
					Log: slog.New(slog.DiscardHandler), Observer: &journal{},
				})
				store.at.Store(&begun.Session.Key)
				end(&house{t: t, clock: h.clock, es: h.es}, m, begun)
				h.clock.advance(2 * time.Minute)
				m.Sweep(t.Context())
				if err := m.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				want := elastic.OK
				if happens {
					want = elastic.Dead
				}
				if class := h.es.bearer(t, begun.Session.Pair.Access); class != want {
					t.Errorf("ES says %s to the session's token, want %s", class, want)
				}
				if owed, err := m.Owed(t.Context()); err != nil || owed != 0 {
					t.Errorf("%d debts are left (%v)", owed, err)
				}
			})
		}
	}
}

// TestDebtsDoNotQueueForAnElasticsearchThatIsAway: each would cost its whole limit and a line
// of the log, and what a node does besides would wait for all of them.
func TestDebtsDoNotQueueForAnElasticsearchThatIsAway(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	var begun []session.Begun
	for _, browser := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		begun = append(begun, h.signIn("alice", browser))
	}
	for _, b := range begun {
		if _, err := h.SignOut(t.Context(), b.Session); err != nil { // nobody settles it
			t.Fatal(err)
		}
	}
	var asked atomic.Int64
	away := func(w http.ResponseWriter, _ *http.Request) bool {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	h.es.bend.Store(&away)
	h.clock.advance(2 * time.Minute)
	h.Sweep(t.Context())
	if n, err := h.Owed(t.Context()); err != nil || n != len(begun) || asked.Load() == 0 || asked.Load() > 3*4 {
		t.Errorf("%d debts are left, and Elasticsearch was asked %d times (%v)", n, asked.Load(), err)
	}
	h.es.bend.Store(nil)
	h.Sweep(t.Context())
	if n, err := h.Owed(t.Context()); err != nil || n != 0 {
		t.Errorf("%d debts are left (%v)", n, err)
	}
}
