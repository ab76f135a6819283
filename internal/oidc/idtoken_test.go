package oidc_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
)

// TestTheIDTokenIsLookedAtASecondTime: ES takes one that ended hours ago.
func TestTheIDTokenIsLookedAtASecondTime(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	now := w.Clock.Now()
	for name, tc := range map[string]struct {
		claims map[string]any
		cause  string // "": it signs in
	}{
		"good":                     {},
		"ended within the skew":    {claims: map[string]any{"exp": now.Add(-30 * time.Second).Unix()}},
		"ended five minutes ago":   {claims: map[string]any{"exp": now.Add(-5 * time.Minute).Unix()}, cause: "expired"},
		"ended an hour ago":        {claims: map[string]any{"exp": now.Add(-time.Hour).Unix()}, cause: "expired"},
		"not before an hour's end": {claims: map[string]any{"nbf": now.Add(time.Hour).Unix()}, cause: "id_token"},
	} {
		b := w.Browser()
		got := w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{Claims: tc.claims})
		if tc.cause == "" && !lives(b) || tc.cause != "" && !strings.Contains(got.Body, "<code>"+tc.cause+"</code>") {
			// ES may refuse it already; then the cause is ES's.
			if !strings.Contains(got.Body, "<code>refused</code>") || tc.cause != "id_token" {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		if tc.cause != "" && lives(b) {
			t.Errorf("%s signs in", name)
		}
		if tc.cause == "expired" {
			gatewaytest.Eventually(t, "its tokens are given back", func() bool { return w.ES.LiveTokens("alice") <= 2 })
		}
	}
}

// TestASecondLookThatCannotBe is never silent, and refuses where the method insists.
func TestASecondLookThatCannotBe(t *testing.T) {
	t.Parallel()
	hidden := func(c *oidcrealm.Config) { c.HideUserMetadata = true }
	shared := func(c *oidcrealm.Config) { c.RP.SignatureAlgorithm = "HS256" }
	for name, tc := range map[string]struct {
		o       options
		down    bool
		refused bool
		warning string // of /readyz?verbose
	}{
		"the provider is away":               {down: true, warning: "keys cannot be read"},
		"the provider is away, and required": {o: options{method: ", id_token: require"}, down: true, refused: true, warning: "keys cannot be read"},
		"ES shows no metadata":               {o: options{realm: hidden}, warning: "populate_user_metadata"},
		"ES shows no metadata, and required": {o: options{method: ", id_token: require", realm: hidden}, refused: true, warning: "populate_user_metadata"},
		"the key is ES's": {
			o:       options{method: ", signature_algorithm: HS256", realm: shared, provider: func(c *op.Config) { c.Clients[0].Algorithm = "HS256" }},
			warning: "the key is Elasticsearch's",
		},
		"switched off": {o: options{method: ", id_token: off"}, down: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// ES speaks to the token endpoint, which an outage here does not touch.
			tc.o.realm = both(tc.o.realm, func(c *oidcrealm.Config) { c.HTTPClient = nil })
			w := start(t, tc.o)
			w.discoveryDown.Store(tc.down)
			b := w.Browser()
			got := w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{})
			if lives(b) == tc.refused {
				t.Errorf("signed in: %v; %d %s", lives(b), got.Status, got.Body)
			}
			all := strings.Join(w.Warnings(), "\n")
			if tc.warning == "" && all != "" || !strings.Contains(all, tc.warning) {
				t.Errorf("the warnings are %q, want %q", all, tc.warning)
			}
			if tc.warning != "" && !strings.Contains(w.Log.String(), tc.warning) && tc.warning != "the key is Elasticsearch's" {
				t.Error("the log does not say so")
			}
		})
	}
}

func both(all ...func(*oidcrealm.Config)) func(*oidcrealm.Config) {
	return func(c *oidcrealm.Config) {
		for _, one := range all {
			if one != nil {
				one(c)
			}
		}
	}
}

// TestAnIssuerThatIsNotThatOfTheDocument, by a slash too many: nobody is let in by a token
// that cannot be looked at, and the operator reads why.
func TestAnIssuerThatIsNotThatOfTheDocument(t *testing.T) {
	t.Parallel()
	w := start(t, options{slash: "/"})
	b := w.Browser()
	got := w.answer(t, b, w.begin(t, b, "/"), "alice", op.Answer{Issuer: new(string)})
	if lives(b) || got.Header.Get("X-Gateway-Response") != "misconfigured" || !strings.Contains(got.Body, ">issuer<") {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if all := strings.Join(w.Warnings(), "\n"); !strings.Contains(all, "of another issuer") {
		t.Errorf("the warnings are %q", all)
	}
	if !strings.Contains(w.Log.String(), "letter by letter") {
		t.Error("the log does not say what to do")
	}
}

// jwt is the beginning of header and claims: three letters alone stand in every
// thousandth random text.
var jwt = regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.`)

// TestTheRawTokenIsKeptNowhere: not in the session's page, nor in what applications get.
func TestTheRawTokenIsKeptNowhere(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	b := w.signIn(t, "alice", "s1")
	for _, path := range []string{"/", prefix + "/session"} {
		for _, accept := range []string{"text/html", "application/json"} {
			if page := b.Get(path, "Accept", accept); jwt.MatchString(page.Body) {
				t.Errorf("%s as %s shows a token: %s", path, accept, page.Body)
			}
		}
	}
	if jwt.MatchString(w.Log.String()) {
		t.Error("the log shows a token")
	}
}

// TestKeysThatChange are read anew, and those who do not exist are not asked for again
// and again.
func TestKeysThatChange(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	w.signIn(t, "alice", "s1")
	next, err := op.NewKey("RS256") // a moment after the keys were read
	if err != nil {
		t.Fatal(err)
	}
	w.op.SetKeys(next)
	w.key = next
	w.signIn(t, "alice", "s2")
	w.Clock.Advance(time.Minute)
	read := w.asked.keys.Load()
	stranger, err := op.NewKey("RS256")
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if got := w.notice(t, w.logoutToken(t, stranger, nil)); got.Status != http.StatusBadRequest {
			t.Fatalf("a stranger's token: %d", got.Status)
		}
	}
	if n := w.asked.keys.Load() - read; n > 1 {
		t.Errorf("the keys were read %d times for tokens of a key that nobody knows", n)
	}
	if n := w.asked.discovery.Load(); n > 3 {
		t.Errorf("the discovery document was read %d times", n)
	}
}

// TestKeysThatCannotBeRead are as good as a provider that is away: for each sign-in, not
// only for the first.
func TestKeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	w.keysDown.Store(true)
	w.signIn(t, "alice", "s1")
	w.signIn(t, "alice", "s2")
	w.keysDown.Store(false)
	w.Clock.Advance(time.Minute)
	w.signIn(t, "alice", "s3")
	if got := w.notice(t, w.logoutToken(t, w.key, map[string]any{"sid": "s3"})); got.Status != http.StatusOK {
		t.Errorf("a logout token when the keys are back: %d", got.Status)
	}
}
