package session_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/standin"
)

// The invalid_grant texts of ES, rows r1 to r7 of contract tokens 3.1.
const (
	r1 = "could not refresh the requested token"
	r2 = "token document has expired"
	r3 = "token has been invalidated"
	r4 = "tokens must be refreshed by the creating client"
	r5 = "token has already been refreshed more than 30 seconds in the past"
	r6 = "token has been refreshed more than 30 seconds in the future, clock skew too great"
)

// what a test knows against the bearer.
type bearerState int

const (
	living bearerState = iota // before Ta, and ES takes it
	past                      // past Ta by our clock
	dead                      // before Ta, and ES says expired or revoked
	mute                      // before Ta, and ES does not know it
)

// TestWhenIsASessionOver is the table of DESIGN, row by row, with a row for each
// text of invalid_grant.
func TestWhenIsASessionOver(t *testing.T) {
	t.Parallel()
	refuse := func(text string) func(*house) {
		return func(h *house) { h.es.SetFaults(standin.Faults{RefreshDescription: text}) }
	}
	status := func(code int) func(*house) {
		return func(h *house) { h.es.SetFaults(standin.Faults{Status: code}) }
	}
	for _, tc := range []struct {
		name   string
		state  bearerState
		fault  func(*house)
		want   error // nil: goes on
		ended  session.Reason
		alarm  string
		same   bool // goes on with the old token
		silent bool // ES is not asked again although time passes
	}{
		{name: "row 2: before the end, refresh unknown (r1): old token", state: living, fault: refuse(r1), same: true},
		{name: "row 2: before the end, document expired (r2): old token, no more asking", state: living, fault: refuse(r2), same: true, silent: true},
		{name: "row 2: before the end, invalidated (r3): old token, no more asking", state: living, fault: refuse(r3), same: true, silent: true},
		{name: "row 2: before the end, another account (r4): old token, alarm", state: living, fault: refuse(r4), same: true, silent: true, alarm: "renewal_account_changed"},
		{name: "row 2: before the end, refreshed long ago (r5): old token, no more asking", state: living, fault: refuse(r5), same: true, silent: true},
		{name: "row 2: before the end, clocks differ (r6): old token, alarm", state: living, fault: refuse(r6), same: true, alarm: "elasticsearch_clocks_differ"},
		{name: "row 2: before the end, 503: old token", state: living, fault: status(503), same: true},
		{name: "row 3: past the end, a pair: goes on", state: past},
		{name: "row 3: revoked access token, a pair: goes on", state: dead},
		{name: "row 3: unknown access token, a pair: goes on", state: mute},
		{name: "row 4: past the end, document expired (r2): over", state: past, fault: refuse(r2), want: session.ErrOver, ended: session.TokensExpired},
		{name: "row 4: past the end, invalidated (r3): over", state: past, fault: refuse(r3), want: session.ErrOver, ended: session.Revoked},
		{name: "row 4: past the end, answer lost (r5): over", state: past, fault: refuse(r5), want: session.ErrOver, ended: session.AnswerLost},
		{name: "row 4: dead, invalidated (r3): over", state: dead, fault: refuse(r3), want: session.ErrOver, ended: session.Revoked},
		{name: "row 4: mute, invalidated (r3): over", state: mute, fault: refuse(r3), want: session.ErrOver, ended: session.Revoked},
		{name: "row 5: past the end, clocks differ (r6): kept, alarm", state: past, fault: refuse(r6), want: session.ErrUnavailable, alarm: "elasticsearch_clocks_differ"},
		{name: "row 5: dead, clocks differ (r6): kept, alarm", state: dead, fault: refuse(r6), want: session.ErrUnavailable, alarm: "elasticsearch_clocks_differ"},
		{name: "row 6: past the end, another account (r4): kept, sign in anew, alarm", state: past, fault: refuse(r4), want: session.ErrForeign, alarm: "renewal_account_changed"},
		{name: "row 6: dead, another account (r4): kept, sign in anew, alarm", state: dead, fault: refuse(r4), want: session.ErrForeign, alarm: "renewal_account_changed"},
		{name: "row 7: past the end, refresh unknown (r1, r7): kept, unsure", state: past, fault: refuse(r1), want: session.ErrUnsure},
		{name: "row 7: dead, refresh unknown (r1, r7): kept, unsure", state: dead, fault: refuse(r1), want: session.ErrUnsure},
		{name: "row 7: mute, refresh unknown (r1, r7): kept, unsure", state: mute, fault: refuse(r1), want: session.ErrUnsure},
		{name: "row 8: past the end, 503: kept", state: past, fault: status(503), want: session.ErrUnavailable},
		{name: "row 8: past the end, 429: kept", state: past, fault: status(429), want: session.ErrUnavailable},
		{name: "row 8: past the end, 500: kept", state: past, fault: status(500), want: session.ErrUnavailable},
		{name: "row 8: dead, the write is refused because the index is closed: kept", state: dead, fault: bendRefresh(400, `{"error":{"root_cause":[{"type":"index_closed_exception","reason":"closed"}],"type":"index_closed_exception","reason":"closed"},"status":400}`), want: session.ErrUnavailable},
		{name: "row 8: past the end, our own account is refused: kept", state: past, fault: bendRefresh(401, `{"error":{"type":"security_exception","reason":"unable to authenticate user [esgateway] for REST request [/_security/oauth2/token]"},"status":401}`), want: session.ErrUnavailable},
		{name: "row 8: past the end, the licence has gone: kept", state: past, fault: bendRefresh(403, `{"error":{"type":"security_exception","reason":"current license is non-compliant for [security tokens]","license.expired.feature":"security tokens"},"status":403}`), want: session.ErrUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t)
			begun := h.signIn("alice", "browser")
			if tc.fault != nil {
				tc.fault(h)
			}
			got, err := h.ask(begun.ID, tc.state)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			h.check(begun, got, tc.want, tc.same)
			if want := reasonsOf(tc.ended); !slices.Equal(h.journal.reasons(), want) {
				t.Errorf("ended for %v, want %v", h.journal.reasons(), want)
			}
			if tc.alarm != "" && !h.journal.alarmed(tc.alarm) {
				t.Errorf("no alarm %s, only %v", tc.alarm, h.journal.alarms)
			}
			if tc.silent {
				h.staysSilent(begun.ID)
			}
		})
	}
}

func reasonsOf(r session.Reason) []session.Reason {
	if r == "" {
		return nil
	}
	return []session.Reason{r}
}

// ask makes a request with the bearer in that state.
func (h *house) ask(id session.ID, state bearerState) (*session.Session, error) {
	h.t.Helper()
	switch state {
	case living:
		h.clock.advance(tokenTTL - 30*time.Second) // due, not past
	case past:
		h.clock.advance(tokenTTL + time.Second)
	}
	s := h.current(id)
	if s == nil {
		return nil, session.ErrOver
	}
	switch state {
	case dead:
		return h.Refused(h.t.Context(), s, elastic.Dead)
	case mute:
		return h.Refused(h.t.Context(), s, elastic.Mute)
	case living: // twice: the first only begins to renew in the background
		if _, err := h.Fresh(h.t.Context(), s); err != nil {
			return nil, err
		}
		eventually(h.t, "a background renewal", func() bool {
			h.journal.mu.Lock()
			defer h.journal.mu.Unlock()
			return len(h.journal.renews) > 0
		})
		if err := h.Drain(h.t.Context()); err != nil {
			return nil, err
		}
		return h.Refused(h.t.Context(), s, elastic.OK)
	}
	return h.Fresh(h.t.Context(), s)
}

func (h *house) check(begun session.Begun, got *session.Session, want error, same bool) {
	h.t.Helper()
	kept := h.current(begun.ID)
	switch {
	case errors.Is(want, session.ErrOver):
		if kept != nil {
			h.t.Error("the session lives although it is over")
		}
	case want != nil:
		if kept == nil {
			h.t.Error("the session was ended although nothing decided that")
		}
	case same:
		if got.Pair.Access != begun.Session.Pair.Access {
			h.t.Error("did not go on with the old token")
		}
	default:
		if got.Pair.Access == begun.Session.Pair.Access {
			h.t.Error("goes on with the old token")
		}
		if class := h.es.bearer(h.t, got.Pair.Access); class != elastic.OK {
			h.t.Errorf("ES says %s to the new token", class)
		}
	}
}

// staysSilent checks that no further refresh reaches ES before the token's end.
func (h *house) staysSilent(id session.ID) {
	h.t.Helper()
	before := h.es.Counters().Refreshes
	h.clock.advance(20 * time.Second)
	if _, err := h.Fresh(h.t.Context(), h.current(id)); err != nil {
		h.t.Fatal(err)
	}
	if err := h.Drain(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if after := h.es.Counters().Refreshes; after != before {
		h.t.Errorf("ES was asked %d times more although its answer was final", after-before)
	}
}

// bendRefresh answers every refresh with that.
func bendRefresh(status int, body string) func(*house) {
	return func(h *house) {
		bend := func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != refreshP {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-elastic-product", "Elasticsearch")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
		h.es.bend.Store(&bend)
	}
}

func TestRow1DeadlinesEndASessionWithoutAskingElasticsearch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		cfg  session.Config
		pass time.Duration
		want session.Reason
	}{
		{"nobody was there for the idle time", session.Config{Idle: time.Hour, Lifetime: 100 * time.Hour}, time.Hour, session.Idle},
		{"the lifetime is over", session.Config{Idle: 20 * time.Hour, Lifetime: 2 * time.Hour}, 2 * time.Hour, session.Lifetime},
		{"the weekend: access and refresh token are over", session.Config{Idle: 1000 * time.Hour, Lifetime: 1000 * time.Hour}, 60 * time.Hour, session.TokensExpired},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t)
			cfg := tc.cfg
			m := session.NewManager(cfg, session.Deps{
				Vault: session.NewVault(h.store, h.keys), Elastic: h.es.client(t, h.clock, account), Now: h.clock.now, Log: slog.New(slog.DiscardHandler), Observer: h.journal,
			})
			begun, err := m.Begin(t.Context(), session.Start{Grant: h.es.grant(t, h.clock, "alice"), Method: "corp", Realm: "saml1", Browser: "b"})
			if err != nil {
				t.Fatal(err)
			}
			refreshes := h.es.Counters().Refreshes
			h.clock.advance(tc.pass - time.Second)
			if tc.want != session.TokensExpired {
				if _, err := m.Current(t.Context(), begun.ID); err != nil {
					t.Fatalf("a second too early: %v", err)
				}
				if tc.want == session.Idle {
					h.clock.advance(tc.pass) // that use slid the idle time
				}
			}
			h.clock.advance(time.Second)
			if _, err := m.Current(t.Context(), begun.ID); !errors.Is(err, session.ErrOver) {
				t.Fatalf("got %v, want %v", err, session.ErrOver)
			}
			if got := h.journal.reasons(); !slices.Equal(got, []session.Reason{tc.want}) {
				t.Errorf("ended for %v, want %v", got, tc.want)
			}
			if got := h.es.Counters().Refreshes; got != refreshes {
				t.Error("ES was asked to refresh")
			}
		})
	}
}

func TestRow3RenewalForAnotherUserEndsTheSessionAndBothPairs(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	var issued string
	bend := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != refreshP || r.Method != http.MethodPost {
			return false
		}
		rec := httptest.NewRecorder()
		h.es.Elasticsearch.ServeHTTP(rec, r)
		var body map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
			t.Error(err)
		}
		issued, _ = body["access_token"].(string)
		w.Header().Set("X-elastic-product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.ReplaceAll(rec.Body.String(), `"alice"`, `"mallory"`))
		return true
	}
	h.es.bend.Store(&bend)
	h.clock.advance(tokenTTL + time.Second)
	if _, err := h.Fresh(t.Context(), h.current(begun.ID)); !errors.Is(err, session.ErrOver) {
		t.Fatalf("got %v, want %v", err, session.ErrOver)
	}
	if h.current(begun.ID) != nil {
		t.Error("the session lives on with another user's tokens")
	}
	if issued == "" {
		t.Fatal("the test saw no new pair")
	}
	eventually(t, "both pairs are invalidated", func() bool { return h.es.LiveTokens("alice") == 0 })
}

func TestRow7EvidenceEndsASessionThatElasticsearchHasForgotten(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	forgotten := h.signIn("alice", "browser a")
	h.clock.advance(time.Minute)
	other := h.signIn("bob", "browser b")
	h.es.ForgetTokens("alice")
	h.clock.advance(time.Second)

	if _, err := h.Refused(t.Context(), h.current(forgotten.ID), elastic.Mute); !errors.Is(err, session.ErrUnsure) {
		t.Fatalf("first silence: got %v, want %v", err, session.ErrUnsure)
	}
	h.clock.advance(10 * time.Second)
	if _, err := h.Refused(t.Context(), h.current(forgotten.ID), elastic.Mute); !errors.Is(err, session.ErrUnsure) {
		t.Fatalf("silence without evidence: got %v, want %v", err, session.ErrUnsure)
	}
	h.clock.advance(time.Second)
	h.Accepted(other.Session) // ES takes a younger pair: its index is there
	h.clock.advance(10 * time.Second)
	if _, err := h.Refused(t.Context(), h.current(forgotten.ID), elastic.Mute); !errors.Is(err, session.ErrOver) {
		t.Fatalf("with evidence: got %v, want %v", err, session.ErrOver)
	}
	if got := h.journal.reasons(); !slices.Equal(got, []session.Reason{session.Revoked}) {
		t.Errorf("ended for %v", got)
	}
	if h.current(other.ID) == nil {
		t.Error("the other session was ended too")
	}
}

func TestRow7AnOlderPairThatIsAcceptedProvesNothing(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	older := h.signIn("bob", "browser b")
	h.clock.advance(time.Minute)
	forgotten := h.signIn("alice", "browser a")
	h.es.ForgetTokens("alice")
	for range 3 {
		h.clock.advance(10 * time.Second)
		if _, err := h.Refused(t.Context(), h.current(forgotten.ID), elastic.Mute); !errors.Is(err, session.ErrUnsure) {
			t.Fatalf("got %v, want %v", err, session.ErrUnsure)
		}
		h.clock.advance(time.Second)
		h.Accepted(older.Session)
	}
}
