package saml_test

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const prefix = gatewaytest.Prefix

// unsolicited is an answer that nobody asked for.
func unsolicited(t *testing.T, g *gatewaytest.Gateway, person string, how idp.Answer) string {
	t.Helper()
	response, _, err := g.IdP.Respond("", g.Person(person), how)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestAnAnswerThatNobodyAskedForStartsAnOrdinarySignInAtTheSameProvider(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Method: ", relay_state: true}\n  - {name: other, type: saml, realm: other"})
	b := g.Browser()
	got := b.Post(unsolicited(t, g, "alice", idp.Answer{}), "/deep?x=1")
	if got.Status != http.StatusSeeOther || !strings.Contains(got.Location, "method=corp") || !strings.Contains(got.Location, url.QueryEscape("/deep?x=1")) {
		t.Fatalf("got %d %q", got.Status, got.Location)
	}
	if n := g.ES.Counters().Calls["POST /_security/saml/authenticate"]; n != 0 {
		t.Error("the answer was used")
	}
	page := b.Get(got.Location)
	if !strings.Contains(page.Body, "data-auto") {
		t.Error("with several methods the sign-in does not go on by itself")
	}
	if got := b.Answer(b.Go(got.Location), "alice", idp.Answer{}); got.Location != g.URL.String()+"/deep?x=1" {
		t.Errorf("landed at %d %q", got.Status, got.Location)
	}
}

func TestAProviderThatNeverSaysWhatItAnswersIsNoLoop(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b := g.Browser()
	b.Begin("/")
	var got gatewaytest.Reply
	for range 2 {
		got = b.Post(unsolicited(t, g, "alice", idp.Answer{}), "")
	}
	if got.Header.Get("X-Gateway-Response") != "sign_in_unknown" || !strings.Contains(got.Body, "nobody here asked for") {
		t.Errorf("got %d %q", got.Status, got.Location)
	}
}

func TestWithRejectAnUnsolicitedAnswerIsRefused(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Method: ", idp_initiated: reject"})
	b := g.Browser()
	got := b.Post(unsolicited(t, g, "alice", idp.Answer{}), "")
	if got.Header.Get("X-Gateway-Response") != "sign_in_failed" || !strings.Contains(got.Body, "cannot begin at the identity provider") {
		t.Errorf("got %d %q", got.Status, got.Body)
	}
}

// TestWithAcceptAnUnsolicitedAnswerSignsIn: whatever session the browser has had.
func TestWithAcceptAnUnsolicitedAnswerSignsIn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		before func(g *gatewaytest.Gateway, b *gatewaytest.Browser)
		told   bool // that another user was signed in
	}{
		{name: "no session", before: func(*gatewaytest.Gateway, *gatewaytest.Browser) {}},
		{name: "one that has ended", before: func(_ *gatewaytest.Gateway, b *gatewaytest.Browser) { b.SignIn("/", "bob"); b.SignOut() }},
		{name: "the same user's", before: func(_ *gatewaytest.Gateway, b *gatewaytest.Browser) { b.SignIn("/", "alice") }},
		{name: "another user's", before: func(_ *gatewaytest.Gateway, b *gatewaytest.Browser) { b.SignIn("/", "bob") }, told: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{Method: ", idp_initiated: accept"})
			b := g.Browser()
			tc.before(g, b)
			response := unsolicited(t, g, "alice", idp.Answer{})
			got := b.Post(response, "/deep")
			if tc.told != strings.Contains(got.Body, "bob") {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
			if !tc.told && got.Location != prefix+"/session" {
				t.Errorf("landed at %q: the relay state is off", got.Location)
			}
			if page := b.Get("/"); page.Status != http.StatusOK {
				t.Errorf("not signed in: %d", page.Status)
			}
			gatewaytest.Eventually(t, "one pair is left", func() bool { return g.ES.LiveTokens("alice") == 1 && g.ES.LiveTokens("bob") == 0 })

			again := g.Browser().Post(response, "")
			if again.Header.Get("X-Gateway-Response") != "sign_in_unknown" {
				t.Errorf("a replay in another browser: %d %q", again.Status, again.Location)
			}
			if g.ES.LiveTokens("alice") != 1 {
				t.Error("a replay gave tokens")
			}
		})
	}
}

func TestARelayStateLeadsOnOnlyToAddressesOfOurs(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Method: ", idp_initiated: accept, relay_state: true"})
	for relay, want := range map[string]string{
		"/deep?x=1#y":             g.URL.String() + "/deep?x=1#y",
		g.URL.String() + "/deep":  g.URL.String() + "/deep",
		"https://evil.example/":   prefix + "/session",
		"//evil.example/":         prefix + "/session",
		"/\\evil.example":         prefix + "/session",
		"javascript:alert(1)":     prefix + "/session",
		prefix + "/logout":        prefix + "/session",
		"":                        prefix + "/session",
		strings.Repeat("x", 2000): prefix + "/session",
	} {
		b := g.Browser()
		if got := b.Post(unsolicited(t, g, "alice", idp.Answer{}), relay); got.Location != want {
			t.Errorf("%.40q leads to %q, want %q", relay, got.Location, want)
		}
	}
}

func TestAnUnsolicitedAnswerIsTakenOnce(t *testing.T) {
	t.Parallel()
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		how  idp.Answer
	}{
		{name: "plain"},
		{name: "the response signed", how: idp.Answer{SignResponse: true, UnsignedAssertion: true}},
		{name: "encrypted", how: idp.Answer{EncryptFor: certificate}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{
				Method: ", idp_initiated: accept, decryption_key: '" + keyFile(t, key) + "'",
				Realm:  func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, key) },
			})
			response := unsolicited(t, g, "alice", tc.how)
			var all sync.WaitGroup
			var signedIn sync.Map
			for i := range 50 {
				all.Go(func() {
					b := g.Browser()
					b.Post(response, "")
					if b.Cookie("esgateway_session") != "" {
						signedIn.Store(i, true)
					}
				})
			}
			all.Wait()
			n := 0
			signedIn.Range(func(any, any) bool { n++; return true })
			if n != 1 {
				t.Errorf("%d browsers are signed in", n)
			}
			gatewaytest.Eventually(t, "one pair is left", func() bool { return g.ES.LiveTokens("alice") == 1 })
			g.Clock.Advance(7 * time.Minute) // past its end, within ES's skew
			if got := g.Browser().Post(response, ""); got.Location == prefix+"/session" {
				t.Error("a replay near its end signs in")
			}
		})
	}
}

// TestAnEncryptedAssertionThatWasChangedOnItsWay is the same one to ES: neither the
// response around it is signed, nor are the octets that were sealed.
func TestAnEncryptedAssertionThatWasChangedOnItsWayIsAReplay(t *testing.T) {
	t.Parallel()
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{
		Method: ", idp_initiated: accept, decryption_key: '" + keyFile(t, key) + "'",
		Realm:  func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, key) },
	})
	response := unsolicited(t, g, "alice", idp.Answer{EncryptFor: certificate})
	first := g.Browser()
	if first.Post(response, ""); first.Cookie("esgateway_session") == "" {
		t.Fatal("not signed in")
	}
	for name, edit := range map[string]func(root *etree.Element){
		"another envelope": func(root *etree.Element) { root.CreateAttr("ID", "_another") },
		// "<?xml version..." is the first block, and its blank becomes a line break by
		// the same change in the initial vector.
		"another white space within": func(root *etree.Element) {
			value := root.FindElement("./EncryptedAssertion/EncryptedData/CipherData/CipherValue")
			octets, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Text()), ""))
			if err != nil {
				t.Fatal(err)
			}
			octets[len(`<?xml`)] ^= ' ' ^ '\n'
			value.SetText(base64.StdEncoding.EncodeToString(octets))
		},
	} {
		before := g.ES.Counters().Calls["POST /_security/saml/authenticate"]
		thief := g.Browser()
		got := thief.Post(tampered(t, response, edit), "")
		if thief.Cookie("esgateway_session") != "" || !strings.Contains(got.Body, "used already") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if g.ES.Counters().Calls["POST /_security/saml/authenticate"] == before {
			t.Errorf("%s: ES was not even asked, so this shows nothing", name)
		}
	}
	gatewaytest.Eventually(t, "one pair is left", func() bool { return g.ES.LiveTokens("alice") == 1 })
}

// TestAnEncryptedAssertionThatNobodyCanOpenIsNotTaken: nobody can tell whether it was
// used before.
func TestAnEncryptedAssertionThatNobodyCanOpenIsNotTaken(t *testing.T) {
	t.Parallel()
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, method := range map[string]string{"no key": "", "another key": ", decryption_key: '" + keyFile(t, other) + "'"} {
		g := gatewaytest.Start(t, gatewaytest.Options{
			Method: ", idp_initiated: accept" + method,
			Realm:  func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, key) },
		})
		b := g.Browser()
		got := b.Post(unsolicited(t, g, "alice", idp.Answer{EncryptFor: certificate}), "")
		if b.Cookie("esgateway_session") != "" || !strings.Contains(got.Body, "sealed") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		gatewaytest.Eventually(t, "no pair is left", func() bool { return g.ES.LiveTokens("alice") == 0 })
	}
}

func TestWhatWasRefusedBurnsNothing(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Method: ", idp_initiated: accept"})
	good := unsolicited(t, g, "alice", idp.Answer{})
	forged := tampered(t, good, func(root *etree.Element) { root.FindElement("./Assertion/Issuer").SetText("urn:forged") })
	if got := g.Browser().Post(forged, ""); got.Header.Get("X-Gateway-Response") != "sign_in_failed" {
		t.Fatalf("the forged one: %d", got.Status)
	}
	if b := g.Browser(); b.Post(good, "").Location != prefix+"/session" {
		t.Error("a forged answer with its ID has burned the good one")
	}
}

func TestAnUnsolicitedAnswerMustEnd(t *testing.T) {
	t.Parallel()
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{
		Method: ", idp_initiated: accept, decryption_key: '" + keyFile(t, key) + "'",
		Realm:  func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, key) },
	})
	for name, how := range map[string]idp.Answer{
		"never": {EditAssertion: func(a *etree.Element) {
			a.FindElement("./Conditions").RemoveAttr("NotOnOrAfter")
			a.FindElement(".//SubjectConfirmationData").RemoveAttr("NotOnOrAfter")
		}},
		"in two days": {NotOnOrAfter: g.Clock.Now().Add(48 * time.Hour)},
	} {
		for kind, certificate := range map[string]*x509.Certificate{"plain": nil, "encrypted": certificate} {
			how.EncryptFor = certificate
			b := g.Browser()
			if b.Post(unsolicited(t, g, "alice", how), ""); b.Cookie("esgateway_session") != "" {
				t.Errorf("one that ends %s signs in (%s)", name, kind)
			}
		}
	}
}

func TestAnAnswerOfAnotherIssuerIsRefusedBeforeElasticsearchIsAsked(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Method: ", issuer: 'urn:test:idp'"})
	b := g.Browser()
	other := "urn:somebody:else"
	got := b.Answer(b.Begin("/"), "alice", idp.Answer{Issuer: &other})
	if got.Header.Get("X-Gateway-Response") != "sign_in_failed" || !strings.Contains(got.Body, "from another identity provider") {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if n := g.ES.Counters().Calls["POST /_security/saml/authenticate"]; n != 0 {
		t.Error("ES was asked")
	}
	if b.SignIn("/", "alice"); b.Cookie("esgateway_session") == "" {
		t.Error("the right issuer does not sign in")
	}
}

// tampered is a message with its root changed, its signatures left as they are.
func tampered(t *testing.T, content string, edit func(root *etree.Element)) string {
	t.Helper()
	return encode(tamperedXML(t, decoded(t, content), edit))
}

// TestTheProvidersOwnLimitEndsTheSession: SessionNotOnOrAfter, also where only the
// method's key can read it.
func TestTheProvidersOwnLimitEndsTheSession(t *testing.T) {
	t.Parallel()
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, method := range map[string]string{"with the key": ", decryption_key: '" + keyFile(t, key) + "'", "without": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{
				Method: method, Realm: func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, key) },
			})
			for _, how := range []idp.Answer{{}, {EncryptFor: certificate}} {
				b := g.Browser()
				limit := g.Clock.Now().Add(time.Hour)
				how.SessionNotOnOrAfter = limit
				if b.Answer(b.Begin("/"), "alice", how); !lives(b) {
					t.Fatal("not signed in")
				}
				known := how.EncryptFor == nil || method != ""
				if got := b.API(http.MethodGet, prefix+"/session", ""); strings.Contains(got.Body, limit.Format(time.RFC3339)) != known {
					t.Errorf("the session page: %s", got.Body)
				}
				g.Clock.Advance(59 * time.Minute)
				if !lives(b) {
					t.Error("it ended before")
				}
				g.Clock.Advance(2 * time.Minute)
				if lives(b) == known {
					t.Errorf("it lives after: %v", known)
				}
			}
		})
	}
}
