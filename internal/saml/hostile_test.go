package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/beevik/etree"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

// kit makes hostile responses out of a valid one: that of the identity provider for
// alice, who answers a request of this very browser.
type kit struct {
	t       *testing.T
	g       *gatewaytest.Gateway
	b       *gatewaytest.Browser
	request string // the request that is answered
	nobody  bool   // the answer names no request
}

// A construction makes what is posted. To add one, write a function and a row.
type construction func(k *kit) string

// signed bends the answer before the identity provider signs it.
func signed(how func(k *kit) idp.Answer) construction {
	return func(k *kit) string { return k.respond(how(k)) }
}

// changed alters the Response after it was signed.
func changed(edit func(response *etree.Element)) construction {
	return func(k *kit) string { return k.respond(idp.Answer{EditSigned: edit}) }
}

// changedWhole is the same where the Response is signed, and not its assertion.
func changedWhole(edit func(response *etree.Element)) construction {
	return func(k *kit) string {
		return k.respond(idp.Answer{SignResponse: true, UnsignedAssertion: true, EditSigned: edit})
	}
}

// rewritten changes the octets.
func rewritten(rewrite func(message []byte) []byte) construction {
	return func(k *kit) string {
		k.t.Helper()
		message := k.valid()
		out := rewrite(bytes.Clone(message))
		if bytes.Equal(out, message) {
			k.t.Fatal("nothing was rewritten")
		}
		return base64.StdEncoding.EncodeToString(out)
	}
}

func (k *kit) respond(how idp.Answer) string {
	k.t.Helper()
	if k.nobody && how.InResponseTo == nil {
		how.InResponseTo = new("")
	}
	content, _, err := k.g.IdP.Respond(k.request, k.g.Person("alice"), how)
	if err != nil {
		k.t.Fatal(err)
	}
	return content
}

func (k *kit) valid() []byte {
	k.t.Helper()
	message, err := base64.StdEncoding.DecodeString(k.respond(idp.Answer{}))
	if err != nil {
		k.t.Fatal(err)
	}
	return message
}

// stranger is the key of another identity provider.
var stranger = sync.OnceValues(func() (*rsa.PrivateKey, *x509.Certificate) {
	key, cert, err := idp.NewKey()
	if err != nil {
		panic(err)
	}
	return key, cert
})

// outcomes of a hostile response.
const (
	refused    = "sign_in_failed" // by Elasticsearch, with a cause
	unread     = "bad_request"    // Elasticsearch was not asked
	notOurs    = ""               // the message answers no attempt of this browser: a new sign-in, or on to the page
	asAlice    = "alice"          // harmless: what was signed counts, and nothing else
	unreadable = "unreadable"
)

var hostile = []struct {
	name    string
	make    construction
	outcome string
	cause   string
}{
	// What the identity provider signs, for somebody or something else.
	{"foreign issuer", signed(func(*kit) idp.Answer { return idp.Answer{Issuer: new("urn:foreign:idp")} }), refused, "issuer"},
	// Newer versions look at the signature of a response first. An older one keeps to
	// itself what it saw, and the signature is what the gateway cannot judge.
	{"foreign identity provider", signed(func(*kit) idp.Answer {
		key, cert := stranger()
		return idp.Answer{Issuer: new("urn:foreign:idp"), Key: key, Certificate: cert, SignResponse: true}
	}), refused, "issuer or signature"},
	{"signature of another key", signed(func(*kit) idp.Answer {
		key, cert := stranger()
		return idp.Answer{Key: key, Certificate: cert}
	}), refused, "signature"},
	{"wrong audience", signed(func(*kit) idp.Answer { return idp.Answer{Audience: new("urn:other:sp")} }), refused, "audience"},
	{"wrong recipient", signed(func(*kit) idp.Answer { return idp.Answer{Recipient: new("https://other.example/acs")} }), refused, "recipient"},
	{"wrong destination", signed(func(*kit) idp.Answer { return idp.Answer{Destination: new("https://other.example/acs")} }), refused, "destination"},
	{"expired", signed(func(k *kit) idp.Answer { return idp.Answer{Issued: k.g.Clock.Now().Add(-time.Hour)} }), refused, "expired"},
	{"not yet valid", signed(func(k *kit) idp.Answer { return idp.Answer{Issued: k.g.Clock.Now().Add(time.Hour)} }), refused, "not_yet_valid"},
	{"second assertion, signed", signed(func(*kit) idp.Answer { return idp.Answer{Assertions: 2} }), refused, "several_assertions"},
	{"second assertion, unsigned", changed(func(r *etree.Element) { r.AddChild(evil(r)) }), refused, "several_assertions"},
	// The stand-in takes it; whether Elasticsearch does is not known (contract saml 1.2).
	{"SHA-1", signed(func(*kit) idp.Answer { return idp.Answer{SHA1: true} }), asAlice, ""},
	{"no user name", signed(func(*kit) idp.Answer { return idp.Answer{Without: []string{"uid"}} }), refused, "attribute_missing"},
	{"denied by the identity provider", signed(func(*kit) idp.Answer {
		return idp.Answer{Status: "urn:oasis:names:tc:SAML:2.0:status:Responder", SecondStatus: "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"}
	}), refused, "idp_status"},
	{"encrypted for nobody", signed(func(*kit) idp.Answer {
		_, cert := stranger()
		return idp.Answer{EncryptFor: cert}
	}), refused, "encrypted"},
	{"encrypted garbage", encryptedGarbage, refused, "encrypted"},
	{"assertion of a stranger in a signed response", strangersAssertion, refused, "signature"},

	// Signatures that are none.
	{"signature removed", changed(func(r *etree.Element) { remove(assertion(r), "Signature") }), refused, "not_signed"},
	{"signature moved to the response", changed(moveSignature), refused, "signature"},
	{"signature moved to an extension", changed(func(r *etree.Element) {
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(remove(assertion(r), "Signature"))
		r.InsertChildAt(1, extensions)
	}), refused, "not_signed"},
	{"empty SignedInfo", changed(func(r *etree.Element) {
		info := find(r, ".//ds:SignedInfo")
		for _, child := range info.ChildElements() {
			info.RemoveChild(child)
		}
	}), refused, "signature"},
	{"two SignedInfos", changed(func(r *etree.Element) {
		info := find(r, ".//ds:SignedInfo")
		info.Parent().InsertChildAt(0, info.Copy())
	}), refused, "signature"},
	{"reference to nothing", changed(func(r *etree.Element) { find(r, ".//ds:Reference").CreateAttr("URI", "#_nothing") }), refused, "signature"},
	{"reference to the whole document", changed(func(r *etree.Element) { find(r, ".//ds:Reference").CreateAttr("URI", "") }), refused, "signature"},
	{"a transform that hides", changed(func(r *etree.Element) {
		find(r, ".//ds:Transform").CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
	}), refused, "signature"},
	{"a comment in the digest", changed(func(r *etree.Element) {
		rename(r)
		digest := find(r, ".//ds:DigestValue")
		real := digest.Text()
		digest.SetText("")
		digest.CreateComment(real)
		digest.CreateText(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	}), refused, "signature"},
	{"a certificate in the message", changed(func(r *etree.Element) {
		_, cert := stranger()
		find(r, ".//ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(cert.Raw))
		rename(r)
	}), refused, "signature"},

	// Signature wrapping, the eight of Somorovsky et al., 2012.
	{"XSW1", changedWhole(xsw1), refused, "signature"},
	{"XSW2", changedWhole(xsw2), refused, "signature"},
	{"XSW3", changed(func(r *etree.Element) { r.InsertChildAt(assertion(r).Index(), evil(r)) }), refused, "several_assertions"},
	{"XSW4", changed(xsw4), refused, "not_signed"},
	{"XSW5", changed(xsw5), refused, "several_assertions"},
	{"XSW6", changed(xsw6), refused, "signature"},
	{"XSW7", changed(func(r *etree.Element) { extend(r, func(e *etree.Element) {}) }), refused, "duplicate_id"},
	{"XSW7 with an ID of its own", changed(func(r *etree.Element) {
		extend(r, func(e *etree.Element) { e.CreateAttr("ID", "_evil") })
	}), asAlice, ""},
	{"XSW8", changed(xsw8), refused, "signature"},

	// Names that two readers might read differently.
	{"name changed", changed(rename), refused, "signature"},
	{"a comment in the name", rewritten(func(m []byte) []byte {
		return bytes.Replace(m, []byte(">alice<"), []byte(">al<!-- -->ice<"), 1)
	}), asAlice, ""},
	{"a comment in the NameID", changed(func(r *etree.Element) {
		id := find(r, ".//saml:NameID")
		text := id.Text()
		id.SetText(text[:3])
		id.CreateComment("x")
		id.CreateText(text[3:])
	}), asAlice, ""},
	{"a comment that hides another name", rewritten(func(m []byte) []byte {
		return bytes.Replace(m, []byte(">alice<"), []byte(">root<!--alice--><"), 1)
	}), refused, "signature"},
	{"an instruction in the name", rewritten(func(m []byte) []byte {
		return bytes.Replace(m, []byte(">alice<"), []byte(">al<?x y?>ice<"), 1)
	}), refused, "signature"},
	{"content behind the name", changed(func(r *etree.Element) {
		find(r, ".//saml:NameID").CreateElement("evil").SetText("root")
	}), refused, "signature"},
	{"CDATA that hides a name", rewritten(func(m []byte) []byte {
		return bytes.Replace(m, []byte(">alice<"), []byte("><![CDATA[root]]><"), 1)
	}), refused, "signature"},
	{"XInclude", changed(func(r *etree.Element) {
		include := uid(r).CreateElement("xi:include")
		include.CreateAttr("xmlns:xi", "http://www.w3.org/2001/XInclude")
		include.CreateAttr("href", "file:///etc/passwd")
	}), refused, "signature"},
	{"an attribute of another namespace", changed(func(r *etree.Element) {
		statement := find(r, ".//saml:AttributeStatement")
		smuggled := statement.CreateElement("x:Attribute")
		smuggled.CreateAttr("xmlns:x", "urn:evil")
		smuggled.CreateAttr("FriendlyName", "uid")
		smuggled.CreateElement("saml:AttributeValue").SetText("root")
	}), refused, "signature"},

	// Messages that are no messages.
	{"duplicate IDs", changed(func(r *etree.Element) { r.CreateAttr("ID", assertion(r).SelectAttrValue("ID", "")) }), refused, "duplicate_id"},
	{"a document type", rewritten(func(m []byte) []byte { return append([]byte(`<!DOCTYPE x [<!ENTITY e "root">]>`), bare(m)...) }), unread, unreadable},
	{"an external entity", rewritten(func(m []byte) []byte {
		m = bytes.Replace(bare(m), []byte(">alice<"), []byte(">&e;<"), 1)
		return append([]byte(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`), m...)
	}), unread, unreadable},
	{"deep nesting", changed(func(r *etree.Element) {
		e := r.CreateElement("samlp:Extensions")
		for range 100 {
			e = e.CreateElement("x")
		}
	}), unread, unreadable},
	{"many elements", changed(func(r *etree.Element) {
		e := r.CreateElement("samlp:Extensions")
		for range 21_000 {
			e.CreateElement("x")
		}
	}), unread, unreadable},
	{"1 MiB of attributes", signed(func(*kit) idp.Answer {
		return idp.Answer{Extra: []idp.Attribute{{Name: "urn:big", Values: []string{strings.Repeat("x", 1<<20)}}}}
	}), unread, unreadable},
	{"UTF-16", rewritten(func(m []byte) []byte {
		wide := []byte{0xFE, 0xFF}
		for _, unit := range utf16.Encode([]rune(`<?xml version="1.0" encoding="UTF-16"?>` + string(bare(m)))) {
			wide = append(wide, byte(unit>>8), byte(unit)) //nolint:gosec // the two halves of it
		}
		return wide
	}), unread, unreadable},
	{"UTF-7", rewritten(func(m []byte) []byte { return append([]byte(`<?xml version="1.0" encoding="UTF-7"?>`), bare(m)...) }), unread, unreadable},
	{"a second root", rewritten(func(m []byte) []byte { return append(m, bare(m)...) }), unread, unreadable},
	{"cut off", rewritten(func(m []byte) []byte { return m[:len(m)-20] }), unread, unreadable},
	{"no XML", rewritten(func([]byte) []byte { return []byte("hello") }), unread, unreadable},
	{"a deflate bomb", rewritten(func([]byte) []byte { return packedNothing() }), unread, unreadable},
	{"no base64", func(*kit) string { return "%%%" }, unread, unreadable},

	// Answers to something else.
	{"InResponseTo removed", changed(func(r *etree.Element) { r.RemoveAttr("InResponseTo") }), notOurs, ""},
	{"InResponseTo in a namespace of its own", changed(func(r *etree.Element) {
		id := r.SelectAttrValue("InResponseTo", "")
		r.RemoveAttr("InResponseTo")
		r.CreateAttr("xmlns:x", "urn:evil")
		r.CreateAttr("x:InResponseTo", id)
	}), notOurs, ""},
	{"InResponseTo of nobody's request", changed(func(r *etree.Element) { r.CreateAttr("InResponseTo", "_0123456789") }), notOurs, ""},
	{"InResponseTo of another request", anotherRequest, refused, "in_response_to"},
	{"another request inside only", signed(func(*kit) idp.Answer { return idp.Answer{SubjectInResponseTo: new("_other")} }), refused, "in_response_to"},
	{"replay from another browser", replayed, notOurs, ""},
}

// TestHostileResponses posts each to a gateway with an old and one with a new
// Elasticsearch, in a browser with a session of somebody else and in a new one.
func TestHostileResponses(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.17.0", "9.5.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{Version: version, Method: ", principal_attribute: uid"})
			settled := g.Browser()
			settled.SignIn("/", "bob")
			for _, tc := range hostile {
				places := map[string]*gatewaytest.Browser{" with a session": settled}
				if !testing.Short() {
					places[" in a new browser"] = g.Browser()
				}
				for where, b := range places {
					t.Run(tc.name+where, func(t *testing.T) {
						session := b.Cookie("esgateway_session")
						g.ES.ForgetTokens("alice") // what a failure before this has left
						k := &kit{t: t, g: g, b: b, request: begin(b)}
						content, before := tc.make(k), asked(g)
						got := b.Post(content, "")
						if tc.outcome == asAlice {
							checkAlice(t, g, b, got)
							return
						}
						checkRefused(t, got, tc.outcome, tc.cause)
						if n := asked(g) - before; n != map[string]int{refused: 1}[tc.outcome] {
							t.Errorf("Elasticsearch was asked %d times", n)
						}
						checkUnharmed(t, g, b, session)
					})
				}
				if tc.outcome == asAlice { // bob's session was replaced, rightly
					settled = g.Browser()
					settled.SignIn("/", "bob")
				}
			}
			checkSilent(t, g)
		})
	}
}

// TestHostileResponsesThatNobodyAskedFor: with idp_initiated: accept they need no
// attempt, so they can come from anybody. Nothing of what they say is shown.
func TestHostileResponsesThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.17.0", "9.5.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			key, _ := stranger()
			g := gatewaytest.Start(t, gatewaytest.Options{
				Version: version, Method: ", idp_initiated: accept, principal_attribute: uid, decryption_key: '" + keyFile(t, key) + "'",
			})
			b := g.Browser()
			b.SignIn("/", "bob")
			session := b.Cookie("esgateway_session")
			for _, tc := range hostile {
				if tc.outcome != refused || tc.cause == "in_response_to" {
					continue
				}
				t.Run(tc.name, func(t *testing.T) {
					got := b.Post(tc.make(&kit{t: t, g: g, b: b, nobody: true}), "")
					if kind := got.Header.Get("X-Gateway-Response"); kind != refused {
						t.Errorf("got %d %q", got.Status, kind)
					}
					if !slices.Contains(strings.Split(tc.cause, " or "), causeOf(got)) {
						t.Errorf("the cause is %q, want %q", causeOf(got), tc.cause)
					}
					for _, never := range []string{"<dt>Expected", "<dt>Received", "urn:", "other.example", "root"} {
						if strings.Contains(got.Body, never) {
							t.Errorf("the page shows %q:\n%s", never, got.Body)
						}
					}
					checkUnharmed(t, g, b, session)
				})
			}
		})
	}
}

// asked is how often Elasticsearch was asked to judge a response.
func asked(g *gatewaytest.Gateway) int {
	return g.ES.Counters().Calls["POST /_security/saml/authenticate"]
}

// begin starts a sign-in, also over a session.
func begin(b *gatewaytest.Browser) string {
	return b.Go(b.Home() + gatewaytest.Prefix + "/login?again=1&next=" + url.QueryEscape("/wanted"))
}

func checkRefused(t *testing.T, got gatewaytest.Reply, outcome, cause string) {
	t.Helper()
	if outcome == notOurs {
		// The second time within a minute it is a page, so that nobody goes in circles.
		stopped := got.Header.Get("X-Gateway-Response") == "sign_in_unknown"
		if !stopped && (got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location, gatewaytest.Prefix+"/")) {
			t.Errorf("got %d %q, want one of our own pages", got.Status, got.Location)
		}
		return
	}
	if kind := got.Header.Get("X-Gateway-Response"); kind != outcome || got.Status < 400 || got.Status >= 500 {
		t.Errorf("got %d %q, want %q:\n%s", got.Status, kind, outcome, got.Body)
	}
	if said := causeOf(got); !slices.Contains(strings.Split(cause, " or "), said) {
		t.Errorf("the cause is %q, want %q", said, cause)
	}
	for _, secret := range []string{"alice", "root", "analysts"} { // whom the message is about is nobody's business
		if strings.Contains(got.Body, secret) {
			t.Errorf("the page shows %q:\n%s", secret, got.Body)
		}
	}
}

// causeOf is the cause on a page.
func causeOf(got gatewaytest.Reply) string {
	_, said, _ := strings.Cut(got.Body, "<dt>Cause</dt><dd><code>")
	said, _, _ = strings.Cut(said, "<")
	return said
}

// checkUnharmed: nobody was signed in, and who was before still is.
func checkUnharmed(t *testing.T, g *gatewaytest.Gateway, b *gatewaytest.Browser, session string) {
	t.Helper()
	if b.Cookie("esgateway_session") != session {
		t.Error("the session cookie has changed")
	}
	for _, name := range []string{"alice", "root", "al"} {
		if n := g.ES.LiveTokens(name); n != 0 {
			t.Errorf("%s has %d live tokens", name, n)
		}
	}
	if session != "" {
		if got := b.Get("/"); got.Status != http.StatusOK || g.ES.LiveTokens("bob") == 0 {
			t.Errorf("the live session: %d", got.Status)
		}
	}
}

// checkAlice: what the identity provider has signed is read whole, and nothing else.
func checkAlice(t *testing.T, g *gatewaytest.Gateway, b *gatewaytest.Browser, got gatewaytest.Reply) {
	t.Helper()
	page := b.Get(gatewaytest.Prefix + "/session")
	if got.Status >= 400 || !strings.Contains(page.Body, "alice") || g.ES.LiveTokens("alice") != 1 || g.ES.LiveTokens("root") != 0 {
		t.Errorf("got %d, alice has %d tokens, root %d: %s", got.Status, g.ES.LiveTokens("alice"), g.ES.LiveTokens("root"), got.Body)
	}
	b.SignOut()
	gatewaytest.Eventually(t, "alice is signed out", func() bool { return g.ES.LiveTokens("alice") == 0 })
}

// checkSilent: whom the messages name, and what they say of them, is not in the log
// of refusals. (gatewaytest looks for the messages themselves.)
func checkSilent(t *testing.T, g *gatewaytest.Gateway) {
	t.Helper()
	for line := range strings.Lines(g.Log.String()) {
		if strings.Contains(line, `"event.dataset":"esgateway.audit"`) && !strings.Contains(line, `"event.action":"sign-in-failed"`) {
			continue // who was signed in, and out again, is said by name
		}
		for _, secret := range []string{"alice", "analysts", "PHNhbWxw"} {
			if strings.Contains(line, secret) {
				t.Errorf("the log has %q: %s", secret, line)
			}
		}
	}
}

// TestACommentSplitsNoName: somebody may have any name at the identity provider, and a
// comment must not cut it down to another's (CVE-2017-11427 and its family).
func TestACommentSplitsNoName(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{People: []idp.Person{{Username: "bob.evil", Password: "p", Groups: []string{"analysts"}}}})
	b := g.Browser()
	content, _, err := g.IdP.Respond(begin(b), g.Person("bob.evil"), idp.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		t.Fatal(err)
	}
	split := bytes.Replace(message, []byte(">bob.evil<"), []byte(">bob<!---->.evil<"), 1)
	if bytes.Equal(split, message) {
		t.Fatal("the name is not where it was")
	}
	b.Post(base64.StdEncoding.EncodeToString(split), "")
	if page := b.Get(gatewaytest.Prefix + "/session"); !strings.Contains(page.Body, "bob.evil") || g.ES.LiveTokens("bob") != 0 {
		t.Errorf("bob has %d tokens: %s", g.ES.LiveTokens("bob"), page.Body)
	}
}

// TestReplayedResponses: an answer signs in once, whoever sends it again.
func TestReplayedResponses(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	b, thief := g.Browser(), g.Browser()
	content, _, err := g.IdP.Respond(begin(b), g.Person("alice"), idp.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	b.Post(content, "")
	thief.Get(gatewaytest.Prefix + "/login")
	for range 3 {
		b.Post(content, "")
		thief.Post(content, "")
	}
	if thief.Cookie("esgateway_session") != "" || g.ES.LiveTokens("alice") != 1 {
		t.Errorf("the thief has %q, alice %d tokens", thief.Cookie("esgateway_session"), g.ES.LiveTokens("alice"))
	}
}

// packedNothing is 16 MiB of nothing in 16 KiB.
var packedNothing = sync.OnceValue(func() []byte {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	nothing := make([]byte, 1<<20)
	for range 16 {
		w.Write(nothing)
	}
	w.Close()
	return packed.Bytes()
})

// bare is a message without its XML declaration.
func bare(message []byte) []byte {
	if i := bytes.Index(message, []byte("?>")); i >= 0 {
		return message[i+2:]
	}
	return message
}
