package session_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/session/boltstore"
)

func TestKeyFileMistakesAreAnsweredWithTheCommandThatMakesAKey(t *testing.T) {
	t.Parallel()
	good := session.NewKey()
	for _, tc := range []struct{ name, file, want string }{
		{"empty", "", "gateway keys new"},
		{"only comments", "# nothing\n", "gateway keys new"},
		{"short", "c2hvcnQ=\n", "5 bytes, needed are 32"},
		{"no base64", "not a key!\n", "not base64"},
		{"the same twice", good + "\n" + good + "\n", "twice"},
		{"good", "# the key\n" + good + "\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := session.ParseKeyring(strings.NewReader(tc.file))
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestNothingOnDiskOpensAnything(t *testing.T) {
	t.Parallel()
	c := newClock()
	es := startCluster(t, c)
	path := filepath.Join(t.TempDir(), "sessions.db")
	store, err := boltstore.Open(boltstore.Config{Path: path}, session.StoreDeps{Now: c.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := openHouseOn(t, c, es, store, newKeys(t))
	begun := h.signIn("alice", "browser")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	dump, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{
		"access token": begun.Session.Pair.Access.Reveal(), "refresh token": begun.Session.Pair.Refresh.Reveal(), "user name": "alice",
	} {
		if bytes.Contains(dump, []byte(secret)) {
			t.Errorf("the %s stands readable on disk", name)
		}
	}
}

func TestARecordOpensOnlyUnderItsOwnKeyPurposeAndKeyRing(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := openStore(t, c)
	keys := newKeys(t)
	vault := session.NewVault(store, keys)
	a, b := session.KeyOf("p", "a"), session.KeyOf("p", "b")
	if _, err := vault.Save(t.Context(), "p", a, "hello", session.Entry{Expires: c.now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	rec, err := store.Load(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	moved := rec
	moved.Version = 0
	if _, err := store.Save(t.Context(), b, moved); err != nil {
		t.Fatal(err)
	}
	var out string
	for name, try := range map[string]func() error{
		"copied under another key": func() error { _, err := vault.Load(t.Context(), "p", b, &out); return err },
		"read as another purpose":  func() error { _, err := vault.Load(t.Context(), "q", a, &out); return err },
		"read with another ring": func() error {
			_, err := session.NewVault(store, newKeys(t)).Load(t.Context(), "p", a, &out)
			return err
		},
	} {
		if err := try(); !errors.Is(err, session.ErrSealed) {
			t.Errorf("%s: got %v, want %v", name, err, session.ErrSealed)
		}
	}
	for i := range rec.Sealed {
		flipped := rec
		flipped.Sealed = bytes.Clone(rec.Sealed)
		flipped.Sealed[i] ^= 1
		flipped.Version = 0
		k := session.KeyOf("p", fmt.Sprint("flip ", i))
		if _, err := store.Save(t.Context(), k, flipped); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Load(t.Context(), "p", k, &out); !errors.Is(err, session.ErrSealed) {
			t.Fatalf("bit %d flipped: %v", i, err)
		}
	}
	if _, err := vault.Load(t.Context(), "p", a, &out); err != nil || out != "hello" {
		t.Errorf("the record itself: %q, %v", out, err)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := openStore(t, c)
	oldKey, newKey := session.NewKey(), session.NewKey()
	ring := func(lines ...string) *session.Keyring {
		k, err := session.ParseKeyring(strings.NewReader(strings.Join(lines, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	key := session.KeyOf("p", "a")
	entry := session.Entry{Expires: c.now().Add(time.Hour)}
	if _, err := session.NewVault(store, ring(oldKey)).Save(t.Context(), "p", key, "v", entry); err != nil {
		t.Fatal(err)
	}
	var out string
	if _, err := session.NewVault(store, ring(newKey, oldKey)).Load(t.Context(), "p", key, &out); err != nil {
		t.Errorf("with both keys: %v", err)
	}
	if _, err := session.NewVault(store, ring(newKey)).Load(t.Context(), "p", key, &out); !errors.Is(err, session.ErrSealed) {
		t.Errorf("without the old key: %v", err)
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	keys := newKeys(t)
	https := session.NewCookies(keys, session.CookieConfig{Secure: true})
	id := session.NewID()
	set := func(c *session.Cookies, host string) *http.Cookie {
		w := httptest.NewRecorder()
		if err := c.SetID(w, host, id); err != nil {
			t.Fatal(err)
		}
		return w.Result().Cookies()[0]
	}
	cookie := set(https, "sso.example.com")
	if cookie.Name != "__Host-esgateway_session" || !cookie.HttpOnly || !cookie.Secure || cookie.Path != "/" ||
		cookie.Domain != "" || cookie.MaxAge != 0 || !cookie.Expires.IsZero() || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie on https: %+v", cookie)
	}
	plain := set(session.NewCookies(keys, session.CookieConfig{}), "localhost")
	if plain.Name != "esgateway_session" || plain.Secure || !plain.HttpOnly {
		t.Errorf("the cookie on plain loopback: %+v", plain)
	}
	shared := set(session.NewCookies(keys, session.CookieConfig{Secure: true, Domain: "example.com"}), "a.example.com")
	if shared.Name != "__Secure-esgateway_session" || shared.Domain != "example.com" {
		t.Errorf("the cookie of a domain: %+v", shared)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	if _, found, _ := https.IDOf(r, "sso.example.com"); !found { // the cases below meet a cookie that is known
		t.Error("not found on its own host")
	}

	for _, tc := range []struct {
		name             string
		cookies          []string
		host             string
		found, ambiguous bool
	}{
		{"its own host", []string{cookie.Value}, "sso.example.com", true, false},
		{"another host of ours", []string{cookie.Value}, "app.example.com", false, false},
		{"the same cookie twice", []string{cookie.Value, cookie.Value}, "sso.example.com", true, false},
		{"two different ones: somebody planted one", []string{cookie.Value, "planted"}, "sso.example.com", false, true},
		{"two that open", []string{cookie.Value, set(https, "sso.example.com").Value}, "sso.example.com", false, true},
		{"a changed one", []string{cookie.Value[:len(cookie.Value)-2] + "AA"}, "sso.example.com", false, false},
		{"none", nil, "sso.example.com", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, v := range tc.cookies {
				r.AddCookie(&http.Cookie{Name: cookie.Name, Value: v})
			}
			for range 2 { // what was opened once is kept
				got, found, ambiguous := https.IDOf(r, tc.host)
				if found != tc.found || ambiguous != tc.ambiguous || (found && got != id) {
					t.Errorf("found %v ambiguous %v, want %v %v", found, ambiguous, tc.found, tc.ambiguous)
				}
			}
		})
	}
}

func TestASessionIsPrintedWithoutItsTokens(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	begun := h.signIn("alice", "browser")
	encoded, err := json.Marshal(begun.Session)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s", begun.Session, *begun.Session, begun.Session.Pair, encoded)
	for _, token := range []string{begun.Session.Pair.Access.Reveal(), begun.Session.Pair.Refresh.Reveal()} {
		if strings.Contains(printed, token) {
			t.Error("a token was printed")
		}
	}
}
