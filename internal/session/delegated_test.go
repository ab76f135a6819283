package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
)

// delegator is Elasticsearch's delegate_pki beside a stand-in, which has no PKI realm here.
type delegator struct {
	mu     sync.Mutex
	live   map[string]bool
	asked  int
	hold   chan struct{} // the first call waits for it
	roles  string
	user   string
	refuse bool
}

func (d *delegator) serve(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/_security/delegate_pki":
		d.mu.Lock()
		d.asked++
		n, hold := d.asked, d.hold
		d.hold = nil
		token := fmt.Sprintf("delegated-%d", n)
		d.live[token] = true
		roles, user, refuse := d.roles, d.user, d.refuse
		d.mu.Unlock()
		if hold != nil {
			<-hold
		}
		if refuse {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"type":"security_exception","reason":"unable to authenticate user [CN=x] for action [cluster:admin/xpack/security/delegate_pki]"},"status":401}`)
			return true
		}
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"type":"Bearer","expires_in":1200,"authentication":{"username":%q,"roles":[%s],"authentication_realm":{"name":"pki1","type":"pki"},"lookup_realm":{"name":"pki1","type":"pki"}}}`, token, user, roles)
	case r.Method == http.MethodDelete:
		var body struct {
			Token string `json:"token"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		d.mu.Lock()
		delete(d.live, body.Token)
		d.mu.Unlock()
		_, _ = io.WriteString(w, `{"invalidated_tokens":1,"previously_invalidated_tokens":0,"error_count":0}`)
	default:
		return false
	}
	return true
}

func (d *delegator) state() (live []string, asked int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for t := range d.live {
		live = append(live, t)
	}
	return live, d.asked
}

func delegated(t *testing.T) (h, twin *house, d *delegator, begun session.Begun) {
	t.Helper()
	h = openHouse(t)
	twin = openHouseOn(t, h.clock, h.es, h.store, h.keys)
	d = &delegator{live: map[string]bool{"first": true}, roles: `"r"`, user: "robot"}
	bend := d.serve
	h.es.bend.Store(&bend)
	begun, err := h.Begin(t.Context(), session.Start{
		Grant: elastic.Grant{
			Pair:     elastic.TokenPair{Access: secret.Of("first"), ExpiresIn: tokenTTL, SentAt: h.clock.now()},
			Identity: elastic.Identity{Username: "robot", Roles: []string{"r"}, Realm: elastic.Realm{Name: "pki1", Type: "pki"}},
		},
		Method: "cards", Browser: "browser", Chain: [][]byte{{1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, twin, d, begun
}

func TestRequestsOnTwoNodesMakeOneDelegation(t *testing.T) {
	t.Parallel()
	h, twin, d, begun := delegated(t)
	h.clock.advance(tokenTTL + time.Second)
	var all sync.WaitGroup
	for i := range 100 {
		m := h
		if i%2 == 1 {
			m = twin
		}
		all.Go(func() {
			s, err := m.Current(t.Context(), begun.ID)
			if err == nil {
				s, err = m.Fresh(t.Context(), s)
			}
			if err != nil || s.Pair.Access.Reveal() != "delegated-1" {
				t.Error(err, s)
			}
		})
	}
	all.Wait()
	live, asked := d.state()
	if asked != 1 {
		t.Error(live, asked)
	}
}

func TestADelegationIsTakenOverWhileTheFirstAnswerIsSlow(t *testing.T) {
	t.Parallel()
	h, twin, d, begun := delegated(t)
	h.clock.advance(tokenTTL + time.Second)
	hold := make(chan struct{})
	d.hold = hold
	first := make(chan *session.Session, 1)
	go func() {
		s, err := h.Fresh(t.Context(), begun.Session)
		if err != nil {
			t.Error(err)
		}
		first <- s
	}()
	eventually(t, "asked", func() bool { _, n := d.state(); return n == 1 })
	h.clock.advance(6 * time.Second)
	s, err := twin.Fresh(t.Context(), begun.Session)
	if err != nil || s.Pair.Access.Reveal() != "delegated-2" {
		t.Fatal(s, err)
	}
	close(hold)
	if s := <-first; s == nil || s.Pair.Access.Reveal() != "delegated-2" {
		t.Error("first got", s.Pair.Access.Reveal())
	}
	eventually(t, "the pair of the slow answer is given back", func() bool {
		live, _ := d.state()
		return !slices.Contains(live, "delegated-1") && slices.Contains(live, "delegated-2")
	})
}

func TestASignOutWhileACertificateIsDelegated(t *testing.T) {
	t.Parallel()
	h, _, d, begun := delegated(t)
	h.clock.advance(tokenTTL - 30*time.Second)
	hold := make(chan struct{})
	d.hold = hold
	if _, err := h.Fresh(t.Context(), begun.Session); err != nil {
		t.Fatal(err)
	}
	eventually(t, "asked", func() bool { _, n := d.state(); return n == 1 })
	debt, err := h.SignOut(t.Context(), begun.Session)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Settle(t.Context(), debt); err != nil {
		t.Fatal(err)
	}
	close(hold)
	_ = h.Drain(t.Context())
	if live, _ := d.state(); len(live) != 0 {
		t.Error(live)
	}
	if h.current(begun.ID) != nil {
		t.Error("it is back")
	}
}

func TestADelegationForAnotherUserEndsTheSession(t *testing.T) {
	t.Parallel()
	h, _, d, begun := delegated(t)
	h.clock.advance(tokenTTL + time.Second)
	d.user = "drone"
	if _, err := h.Fresh(t.Context(), begun.Session); !errors.Is(err, session.ErrOver) {
		t.Error(err)
	}
	_ = h.Drain(t.Context())
	if live, _ := d.state(); len(live) != 0 || !h.journal.alarmed("renewal_for_another_user") {
		t.Error(live)
	}
}

func TestADelegationThatIsRefusedAheadEndsNothing(t *testing.T) {
	t.Parallel()
	h, _, d, begun := delegated(t)
	h.clock.advance(tokenTTL - 30*time.Second)
	d.refuse = true
	s, err := h.Fresh(t.Context(), begun.Session)
	if err != nil {
		t.Fatal(err)
	}
	_ = h.Drain(t.Context())
	if h.current(begun.ID) == nil {
		t.Fatal("over while its token lives")
	}
	_ = s
	// DEAD by ES, and the certificate is refused no more
	d.refuse = false
	h.clock.advance(6 * time.Second)
	if s, err := h.Refused(t.Context(), h.current(begun.ID), elastic.Dead); err != nil || s.Pair.Access.Reveal() == "first" {
		t.Error(err)
	}
}

// a refusal that this node remembers, and the certificate is accepted again
func TestADelegationThatIsRefusedAtTheTokensEnd(t *testing.T) {
	t.Parallel()
	h, _, d, begun := delegated(t)
	h.clock.advance(tokenTTL + time.Second)
	d.refuse = true
	if _, err := h.Fresh(t.Context(), begun.Session); !errors.Is(err, session.ErrOver) {
		t.Error(err)
	}
	if got := h.journal.reasons(); !slices.Equal(got, []session.Reason{session.CertificateEnded}) {
		t.Error(got)
	}
}

// TestNobodyDelegatesACertificateThatNoRequestHasJudged: after a crash between mark and
// answer the next request does.
func TestNobodyDelegatesACertificateThatNoRequestHasJudged(t *testing.T) {
	t.Parallel()
	h, twin, d, begun := delegated(t)
	h.clock.advance(tokenTTL - 30*time.Second)
	m, store := mortalHouse(t, h, 2, false) // the mark is written, the answer is not
	if _, err := m.Fresh(t.Context(), begun.Session); err != nil {
		t.Fatal(err)
	}
	if err := m.Drain(t.Context()); err != nil || !store.killed.Load() {
		t.Fatal(err)
	}
	_, before := d.state()
	h.clock.advance(time.Hour)
	twin.Recover(t.Context())
	twin.Sweep(t.Context())
	if err := twin.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, after := d.state(); before != 1 || after != before {
		t.Errorf("%d delegations before, %d after", before, after)
	}
	if s, err := twin.Fresh(t.Context(), twin.current(begun.ID)); err != nil || s.Pair.Access.Reveal() != "delegated-2" {
		t.Errorf("the next request: %v", err)
	}
}
