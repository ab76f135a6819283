package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/esgateway/esgateway/internal/login"
)

const issuer = "https://idp.example"

// noon is when these tests happen.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// alone is a method that speaks to nobody: its provider's keys are known.
func alone(keys ...jose.JSONWebKey) *Method {
	now := func() time.Time { return noon }
	p := &provider{issuer: issuer, now: now, turn: make(chan struct{}, 1), client: &http.Client{Transport: nobody{}}}
	p.known.Store(&document{Issuer: issuer, read: noon})
	set := newKeySet(p, "ES256")
	set.known.Store(&readKeys{keys: keys, at: noon})
	base := &url.URL{Scheme: "https", Host: "sso.example", Path: "/_gateway/oidc/partners"}
	cfg := Default()
	cfg.Issuer, cfg.ClientID, cfg.SignatureAlgorithm = issuer, "client", "ES256"
	return &Method{cfg: cfg, base: base, provider: p, keys: set, now: now, log: slog.New(slog.DiscardHandler), alarm: func(string) {}}
}

type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody is asked here")
}

// attempts remember which one was asked for, and have none.
type attempts struct {
	login.Attempts
	asked []string
}

var errNone = errors.New("no such attempt")

func (a *attempts) Take(_ context.Context, id string) (login.Attempt, error) {
	a.asked = append(a.asked, id)
	return login.Attempt{}, errNone
}

// FuzzCallback: an answer is taken by the one state that it has, or not at all.
func FuzzCallback(f *testing.F) {
	for _, seed := range []string{
		"code=abc&state=s", "error=access_denied&state=s", "", "state=a&state=b", "state=%ZZ", "state=a;state=b", "iss=x&state=s&code=c", "session_state=1", "state=&code=x", "id_token=eyJ&state=s",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, raw string, fragment bool) {
		m, a := alone(), &attempts{}
		r := httptest.NewRequest(http.MethodGet, "/callback", http.NoBody)
		r.URL.RawQuery = raw
		handle := m.byQuery
		if fragment {
			r = httptest.NewRequest(http.MethodPost, "/callback", strings.NewReader(url.Values{"fragment": {raw}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			handle = m.byForm
		}
		_, err := handle(r, a)
		values, broken := url.ParseQuery(strings.TrimPrefix(raw, "#"))
		switch {
		case len(a.asked) > 1:
			t.Errorf("asked for %q", a.asked)
		case len(a.asked) == 1 && (broken != nil || len(values["state"]) != 1 || values.Get("state") != a.asked[0] || a.asked[0] == ""):
			t.Errorf("asked for %q by %q", a.asked, raw)
		case len(a.asked) == 1 && !errors.Is(err, errNone):
			t.Errorf("went on without an attempt: %v", err)
		}
	})
}

// FuzzLogoutToken: what is taken for a logout token has the provider's signature, so
// nothing that a fuzzer finds may be.
func FuzzLogoutToken(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		f.Fatal(err)
	}
	good := map[string]any{
		"iss": issuer, "aud": "client", "iat": noon.Unix(), "exp": noon.Add(time.Minute).Unix(), "jti": "j", "sid": "s",
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	payload, err := json.Marshal(good)
	if err != nil {
		f.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		f.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	m := alone(jose.JSONWebKey{Key: key.Public(), KeyID: "k", Use: "sig", Algorithm: "ES256"})
	if _, err := m.logoutToken(f.Context(), token); err != nil {
		f.Fatalf("the good one is refused: %v", err)
	}
	parts := strings.Split(token, ".")
	for _, seed := range []string{token, parts[0] + "." + parts[1] + ".", "eyJhbGciOiJub25lIn0." + parts[1] + ".", "..", "a.b.c.d.e", "{}", strings.Repeat("a.", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := m.logoutToken(t.Context(), raw)
		if err != nil {
			return
		}
		if sent := strings.Split(raw, "."); len(sent) != 3 || sent[1] != parts[1] || got.SessionID != "s" {
			t.Errorf("taken: %q", raw)
		}
	})
}

// FuzzInitiate: a sign-in begins for our provider alone.
func FuzzInitiate(f *testing.F) {
	for _, seed := range []string{
		"iss=" + url.QueryEscape(issuer), "iss=" + url.QueryEscape(issuer) + "&target_link_uri=https%3A%2F%2Fevil", "iss=a&iss=" + url.QueryEscape(issuer), "", "iss=%ZZ", "login_hint=x;iss=y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/initiate", http.NoBody)
		r.URL.RawQuery = raw
		if _, err := alone().initiate(r, &attempts{}); err == nil && (len(r.Form["iss"]) != 1 || r.Form.Get("iss") != issuer) {
			t.Errorf("begun by %q", raw)
		}
	})
}

// FuzzHints: what another site says about a sign-in cannot change the request.
func FuzzHints(f *testing.F) {
	f.Add("alice", "de", "login")
	f.Add("a&client_id=evil", "de#x", "none")
	f.Fuzz(func(t *testing.T, hint, locales, prompt string) {
		const request = "https://idp.example/authorize?client_id=c&state=s&redirect_uri=https%3A%2F%2Fsso.example%2Fcb"
		u, err := url.Parse(withHints(request, login.Hints{LoginHint: hint, UILocales: locales, Prompt: prompt}))
		if err != nil || u.Host != "idp.example" || u.Fragment != "" {
			t.Fatalf("%v, %v", u, err)
		}
		for name, want := range map[string]string{"client_id": "c", "state": "s", "redirect_uri": "https://sso.example/cb"} {
			if got := u.Query()[name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s is %q", name, got)
			}
		}
	})
}
