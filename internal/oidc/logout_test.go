package oidc_test

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken is one of the provider's, signed by that key, with claims replaced; nil
// leaves one out.
func (w *world) logoutToken(t *testing.T, key op.Key, claims map[string]any, headers ...string) string {
	t.Helper()
	all := map[string]any{
		"iss": w.issuer, "aud": client, "iat": w.Clock.Now().Unix(), "exp": w.Clock.Now().Add(2 * time.Minute).Unix(),
		"jti": rand.Text(), "events": map[string]any{logoutEvent: map[string]any{}}, "sid": "s1",
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	kind := "logout+jwt"
	if len(headers) > 0 {
		kind = headers[0]
	}
	options := (&jose.SignerOptions{}).WithHeader("kid", key.ID)
	if kind != "" {
		options = options.WithType(jose.ContentType(kind))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key.Private}, options)
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, signer, all)
}

func sign(t *testing.T, signer jose.Signer, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// notice is the provider's own POST, from server to server.
func (w *world) notice(t *testing.T, token string) gatewaytest.Reply {
	t.Helper()
	w.Secret(token)
	form := url.Values{"logout_token": {token}}
	return w.Browser().Request(http.MethodPost, prefix+"/oidc/partners/backchannel-logout", form.Encode(),
		"Sec-Fetch-Site", "", "Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Accept", "*/*")
}

// TestABackChannelLogoutEndsWhatItMeans, in whatever browser it is.
func TestABackChannelLogoutEndsWhatItMeans(t *testing.T) {
	t.Parallel()
	sub := op.Subject(gatewaytest.People()[0])
	for name, tc := range map[string]struct {
		claims map[string]any
		ends   string
	}{
		"by sid":                        {claims: map[string]any{"sid": "s1"}, ends: "one"},
		"by sid and sub":                {claims: map[string]any{"sid": "s1", "sub": sub}, ends: "one"},
		"by sub":                        {claims: map[string]any{"sid": nil, "sub": sub}, ends: "one two"},
		"a sid that nobody has here":    {claims: map[string]any{"sid": "s9"}},
		"a sub that nobody has here":    {claims: map[string]any{"sid": nil, "sub": "nobody"}},
		"another's sid, and the sub":    {claims: map[string]any{"sid": "s3", "sub": sub}},
		"of several audiences, our own": {claims: map[string]any{"aud": []string{"x", client}}, ends: "one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, options{})
			all := map[string]*gatewaytest.Browser{"one": w.signIn(t, "alice", "s1"), "two": w.signIn(t, "alice", "s2"), "bob": w.signIn(t, "bob", "s3")}
			token := w.logoutToken(t, w.key, tc.claims)
			got := w.notice(t, token)
			if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" || got.Body != "" || len(got.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("got %d %v %q", got.Status, got.Header, got.Body)
			}
			for who, b := range all {
				if want := !strings.Contains(tc.ends, who); lives(b) != want {
					t.Errorf("%s lives: %v", who, !want)
				}
			}
			left := 2 - len(strings.Fields(tc.ends))
			gatewaytest.Eventually(t, "their tokens are dead", func() bool { return w.ES.LiveTokens("alice") == left })

			later := w.signIn(t, "alice", "s1")
			if got := w.notice(t, token); got.Status != http.StatusOK || !lives(later) {
				t.Errorf("the same token once more: %d, and a later session lives: %v", got.Status, lives(later))
			}
		})
	}
}

// TestWhatIsNoLogoutToken: Back-Channel Logout 1.0, section 2.6, line by line.
func TestWhatIsNoLogoutToken(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	alice := w.signIn(t, "alice", "s1")
	stranger, err := op.NewKey("RS256")
	if err != nil {
		t.Fatal(err)
	}
	elliptic, err := op.NewKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	now := w.Clock.Now()
	claims := func(c map[string]any) string { return w.logoutToken(t, w.key, c) }
	public, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"another key's":                w.logoutToken(t, stranger, nil),
		"another key's, under our id":  w.logoutToken(t, op.Key{ID: w.key.ID, Algorithm: "RS256", Private: stranger.Private}, nil),
		"another algorithm":            w.logoutToken(t, elliptic, nil),
		"HS256 with the client secret": sign(t, public, map[string]any{"iss": w.issuer, "aud": client, "sid": "s1", "jti": "x", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "events": map[string]any{logoutEvent: map[string]any{}}}),
		"alg none":                     "eyJhbGciOiJub25lIn0.eyJzaWQiOiJzMSJ9.",
		"spoilt":                       claims(nil) + "x",
		"another issuer":               claims(map[string]any{"iss": "https://other.example"}),
		"another audience":             claims(map[string]any{"aud": "somebody"}),
		"no audience":                  claims(map[string]any{"aud": nil}),
		"ended":                        claims(map[string]any{"exp": now.Add(-2 * time.Minute).Unix()}),
		"without an end":               claims(map[string]any{"exp": nil}),
		"old":                          claims(map[string]any{"iat": now.Add(-time.Hour).Unix()}),
		"of the future":                claims(map[string]any{"iat": now.Add(time.Hour).Unix()}),
		"without a time":               claims(map[string]any{"iat": nil}),
		"no events":                    claims(map[string]any{"events": nil}),
		"another event":                claims(map[string]any{"events": map[string]any{"urn:x": map[string]any{}}}),
		"an event that is no object":   claims(map[string]any{"events": map[string]any{logoutEvent: "yes"}}),
		"an event that is null":        claims(map[string]any{"events": map[string]any{logoutEvent: nil}}),
		"with a nonce (an ID token)":   claims(map[string]any{"nonce": "n"}),
		"neither sub nor sid":          claims(map[string]any{"sid": nil}),
		"no jti":                       claims(map[string]any{"jti": nil}),
		"an access token":              w.logoutToken(t, w.key, nil, "at+jwt"),
		"nothing":                      "",
		"no token":                     "hello",
	} {
		got := w.notice(t, token)
		if got.Status != http.StatusBadRequest || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", name, got.Status, got.Header.Get("Cache-Control"))
		}
		if !lives(alice) {
			t.Fatalf("%s has signed alice out", name)
		}
	}
	for _, kind := range []string{"", "JWT", "application/logout+jwt"} {
		if got := w.notice(t, w.logoutToken(t, w.key, map[string]any{"sid": "s9"}, kind)); got.Status != http.StatusOK {
			t.Errorf("of the type %q: %d", kind, got.Status)
		}
	}
}

// TestALogoutThatCannotBeDoneIsTriedAgain by the provider, if it hears 5xx.
func TestALogoutThatCannotBeDoneIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := start(t, options{method: ", id_token: off"})
	alice := w.signIn(t, "alice", "s1")
	token := w.logoutToken(t, w.key, nil)
	w.down.Store(true)
	if got := w.notice(t, token); got.Status != http.StatusServiceUnavailable {
		t.Errorf("while the keys cannot be read: %d", got.Status)
	}
	w.down.Store(false)
	w.Clock.Advance(20 * time.Second)
	if got := w.notice(t, token); got.Status != http.StatusOK || lives(alice) {
		t.Errorf("later: %d, alice lives: %v", got.Status, lives(alice))
	}
	// ES being down is nothing that the provider must know: the session is gone, and what
	// is owed to ES is kept.
	bob := w.signIn(t, "bob", "s2")
	w.ES.SetFaults(standin.Faults{Down: true})
	if got := w.notice(t, w.logoutToken(t, w.key, map[string]any{"sid": "s2"})); got.Status != http.StatusOK {
		t.Errorf("while ES is down: %d", got.Status)
	}
	if got := bob.Get("/"); got.Status == http.StatusOK {
		t.Error("bob lives")
	}
	w.ES.SetFaults(standin.Faults{})
	w.Clock.Advance(2 * time.Minute)
	w.Sessions.Sweep(t.Context())
	if w.ES.LiveTokens("bob") != 0 {
		t.Error("bob's tokens live")
	}
}

// TestAFrontChannelLogoutEndsTheSessionOfThatID: a frame brings no cookie of ours.
func TestAFrontChannelLogoutEndsTheSessionOfThatID(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	alice, bob := w.signIn(t, "alice", "s1"), w.signIn(t, "bob", "s2")
	base := prefix + "/oidc/partners/frontchannel-logout"
	frame := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe"}
	for _, bad := range []string{"", "?sid=s1", "?iss=" + url.QueryEscape(w.issuer), "?iss=https://other.example&sid=s1", "?iss=" + url.QueryEscape(w.issuer) + "&sid=s1&sid=s2"} {
		if got := w.Browser().Get(base+bad, frame...); got.Status != http.StatusBadRequest {
			t.Errorf("%q: %d", bad, got.Status)
		}
	}
	if !lives(alice) {
		t.Fatal("alice is signed out")
	}
	got := w.Browser().Get(base+"?iss="+url.QueryEscape(w.issuer)+"&sid=s1", frame...)
	if got.Status != http.StatusOK || got.Header.Get("X-Frame-Options") != "" || got.Header.Get("Cache-Control") != "no-store" || strings.Contains(got.Header.Get("Content-Security-Policy"), "frame-ancestors") {
		t.Errorf("got %d %v", got.Status, got.Header)
	}
	if lives(alice) || !lives(bob) {
		t.Error("the wrong one is signed out")
	}
}

// TestAFrontChannelLogoutThatNamesThePerson: some providers put the subject where their
// session should stand. Anybody may know that.
func TestAFrontChannelLogoutThatNamesThePerson(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	address := prefix + "/oidc/partners/frontchannel-logout?iss=" + url.QueryEscape(w.issuer) + "&sid=alice"
	signIn := func(session any) *gatewaytest.Browser {
		b := w.Browser()
		w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{Claims: map[string]any{"sub": "alice", "sid": session}})
		return b
	}
	alice, elsewhere, linked := signIn(nil), signIn(nil), signIn("s1")
	for name, got := range map[string]gatewaytest.Reply{
		"another browser":                 w.Browser().Get(address, "Referer", w.issuer+"/"),
		"another site":                    alice.Get(address, "Referer", "https://other.example/"),
		"nobody's page":                   alice.Get(address),
		"one whose session is known":      linked.Get(address, "Referer", w.issuer+"/"),
		"somebody else's, in her browser": alice.Get(strings.Replace(address, "alice", "bob", 1), "Referer", w.issuer+"/"),
	} {
		if got.Status != http.StatusOK || !lives(alice) || !lives(elsewhere) || !lives(linked) {
			t.Fatalf("%s: %d, or somebody is signed out", name, got.Status)
		}
	}
	alice.Get(address, "Referer", w.issuer+"/", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe")
	if lives(alice) || !lives(elsewhere) || !lives(linked) {
		t.Error("the provider's own frame: the wrong one is signed out")
	}
}

func TestASignOutGoesByTheProvider(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.signIn(t, "alice", "s1")
	out := b.SignOut()
	u, err := url.Parse(out.Location)
	if err != nil || !strings.HasPrefix(out.Location, w.issuer+"/logout?") || u.Query().Get("id_token_hint") == "" {
		t.Fatalf("got %d %q", out.Status, out.Location)
	}
	w.Secret(u.Query().Get("id_token_hint"))
	if want := w.URL.String() + prefix + "/oidc/partners/logged-out"; u.Query().Get("post_logout_redirect_uri") != want {
		t.Errorf("the way back is %q, want %q", u.Query().Get("post_logout_redirect_uri"), want)
	}
	back := b.Get(prefix + "/oidc/partners/logged-out?state=" + url.QueryEscape(u.Query().Get("state")))
	if !strings.HasSuffix(back.Location, prefix+"/logged-out") {
		t.Errorf("back: %d %q", back.Status, back.Location)
	}
	if lives(b) {
		t.Error("alice lives")
	}
	gatewaytest.Eventually(t, "the tokens are dead", func() bool { return w.ES.LiveTokens("alice") == 0 })
}

func TestASignOutWithoutElasticsearchOrEndSessionSaysSo(t *testing.T) {
	t.Parallel()
	w := start(t, options{realm: func(c *oidcrealm.Config) { c.OP.EndsessionEndpoint = "" }})
	b := w.signIn(t, "alice", "s1")
	if page := b.Get(b.SignOut().Location); !strings.Contains(page.Body, "was not asked to sign you out") {
		t.Errorf("no end-session endpoint: %s", page.Body)
	}
	b = w.signIn(t, "alice", "s1")
	w.ES.SetFaults(standin.Faults{Down: true})
	page := b.Get(b.SignOut().Location)
	if !strings.Contains(page.Body, "could not be told yet") || !strings.Contains(page.Body, "was not asked to sign you out") {
		t.Errorf("ES down: %s", page.Body)
	}
}
