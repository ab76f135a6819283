package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
	"github.com/esgateway/esgateway/internal/standin"
)

const (
	account  = "esgateway"
	password = "account-password"
	tokenTTL = 20 * time.Minute
	refreshP = "/_security/oauth2/token"
)

// clock is the one clock of gateway, stand-in and store.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// cluster is a stand-in behind a server, with a hook before it.
type cluster struct {
	*standin.Elasticsearch
	url    string
	server *httptest.Server
	// bend, if set, may answer in place of the stand-in.
	bend atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

func startCluster(t testing.TB, c *clock) *cluster {
	t.Helper()
	es, err := standin.New(standin.Config{
		Now: c.now, TokenTimeout: tokenTTL,
		Users: []standin.User{
			{Name: account, Password: password, Roles: []string{"gateway"}},
			{Name: "other-account", Password: password, Roles: []string{"gateway"}},
			{Name: "alice", Password: "alice-password", Roles: []string{"analyst"}},
			{Name: "bob", Password: "bob-password", Roles: []string{"admin"}},
		},
		Roles: map[string]standin.Role{"gateway": {Cluster: []string{"manage_saml", "manage_token"}}, "analyst": {}, "admin": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	cl := &cluster{Elasticsearch: es}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bend := cl.bend.Load(); bend != nil && (*bend)(w, r) {
			return
		}
		es.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	cl.url, cl.server = srv.URL, srv
	return cl
}

func (cl *cluster) client(t testing.TB, c *clock, user string) *elastic.Client {
	t.Helper()
	cfg := elastic.Default()
	cfg.URLs, cfg.Username, cfg.Password = []string{cl.url}, user, secret.Of(password)
	es, err := elastic.New(cfg, elastic.Deps{Now: c.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// grant signs a user in at ES as the account, as a method would.
func (cl *cluster) grant(t testing.TB, c *clock, user string) elastic.Grant {
	t.Helper()
	body := `{"grant_type":"password","username":"` + user + `","password":"` + user + `-password"}`
	sent := c.now()
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int    `json:"expires_in"`
	}
	cl.call(t, http.MethodPost, refreshP, account, body, http.StatusOK, &answer)
	return elastic.Grant{
		Pair: elastic.TokenPair{
			Access: secret.Of(answer.Access), Refresh: secret.Of(answer.Refresh),
			ExpiresIn: time.Duration(answer.Expires) * time.Second, SentAt: sent,
		},
		Identity: elastic.Identity{Username: user, Roles: []string{"r"}, Realm: elastic.Realm{Name: "default_file", Type: "file"}},
	}
}

func (cl *cluster) call(t testing.TB, method, path, user, body string, want int, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, cl.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(user, password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, want, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
}

// bearer is what ES says to an access token.
func (cl *cluster) bearer(t testing.TB, token secret.Text) elastic.Class {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cl.url+"/_security/_authenticate", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return elastic.ClassifyBearer(resp.StatusCode, resp.Header, raw)
}

// journal hears what happens to sessions.
type journal struct {
	mu     sync.Mutex
	ended  []session.Reason
	alarms []string
	renews []string
}

func (j *journal) SessionEnded(_ context.Context, _ *session.Session, r session.Reason) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = append(j.ended, r)
}

func (j *journal) Renewed(outcome string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.renews = append(j.renews, outcome)
}

func (j *journal) Alarm(kind string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.alarms = append(j.alarms, kind)
}

func (j *journal) reasons() []session.Reason {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]session.Reason(nil), j.ended...)
}

func (j *journal) alarmed(kind string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, a := range j.alarms {
		if a == kind {
			return true
		}
	}
	return false
}

// house is a manager with all that it stands on.
type house struct {
	*session.Manager
	t       testing.TB
	clock   *clock
	es      *cluster
	store   session.Store
	keys    *session.Keyring
	journal *journal
}

func openHouse(t *testing.T) *house {
	t.Helper()
	c := newClock()
	return openHouseOn(t, c, startCluster(t, c), openStore(t, c), newKeys(t))
}

func openStore(t testing.TB, c *clock) session.Store {
	t.Helper()
	store, err := boltstore.Open(boltstore.Config{Path: filepath.Join(t.TempDir(), "sessions.db")}, session.StoreDeps{Now: c.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() }) // a test may have closed it
	return store
}

func newKeys(t testing.TB) *session.Keyring {
	t.Helper()
	keys, err := session.ParseKeyring(strings.NewReader(session.NewKey()))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// openHouseOn opens another manager over the same store: another node.
func openHouseOn(t testing.TB, c *clock, es *cluster, store session.Store, keys *session.Keyring) *house {
	t.Helper()
	return openHouseAs(t, c, es, store, keys, account)
}

func openHouseAs(t testing.TB, c *clock, es *cluster, store session.Store, keys *session.Keyring, user string) *house {
	t.Helper()
	h := &house{t: t, clock: c, es: es, store: store, keys: keys, journal: &journal{}}
	var logged bytes.Buffer
	h.Manager = session.NewManager(session.Default(), session.Deps{
		Vault: session.NewVault(store, keys), Elastic: es.client(t, c, user), Now: c.now,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: &logged}, nil)), Observer: h.journal,
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = h.Drain(ctx) // a flight that a test left behind ends with its own limit
		if t.Failed() {
			t.Log(logged.String())
		}
	})
	return h
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// signIn begins a session for the user in the browser.
func (h *house) signIn(user, browser string) session.Begun {
	h.t.Helper()
	begun, err := h.Begin(h.t.Context(), session.Start{
		Grant: h.es.grant(h.t, h.clock, user), Method: "corp", Realm: "saml1", Browser: browser,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return begun
}

// current is the session of an id; nil if it is over.
func (h *house) current(id session.ID) *session.Session {
	h.t.Helper()
	s, err := h.Current(h.t.Context(), id)
	if errors.Is(err, session.ErrOver) {
		return nil
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// eventually waits for a condition, much longer than it should take.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
