package saml_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/esgateway/esgateway/internal/gatewaytest"
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const slo = prefix + "/saml/corp/slo"

// versions are an ES that keeps its reasons to itself, and one that says them.
var versions = []string{"8.17.0", "9.5.0"}

// signedIn opens a browser with a session whose assertion had that index.
func signedIn(t *testing.T, g *gatewaytest.Gateway, person, index string) *gatewaytest.Browser {
	t.Helper()
	b := g.Browser()
	b.Answer(b.Begin("/"), person, idp.Answer{SessionIndex: &index})
	if !lives(b) {
		t.Fatalf("%s is not signed in", person)
	}
	return b
}

func lives(b *gatewaytest.Browser) bool { return b.Get("/").Status == http.StatusOK }

// wish is the raw query of the provider's LogoutRequest.
func wish(t *testing.T, g *gatewaytest.Gateway, person string, how idp.Logout) string {
	t.Helper()
	address, err := g.IdP.LogoutRequest(g.ServiceProvider(), g.Person(person), how)
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(address, "?")
	return query
}

// form is the same by POST.
func form(t *testing.T, g *gatewaytest.Gateway, person string, how idp.Logout) url.Values {
	t.Helper()
	content, err := g.IdP.LogoutForm(g.ServiceProvider(), g.Person(person), how)
	if err != nil {
		t.Fatal(err)
	}
	values := url.Values{"SAMLRequest": {content}}
	if how.RelayState != nil {
		values.Set("RelayState", *how.RelayState)
	}
	return values
}

// answers reports whether a reply goes back to the provider with a LogoutResponse.
func answers(got gatewaytest.Reply) bool {
	return got.Status == http.StatusSeeOther && strings.Contains(got.Location, "/slo?SAMLResponse=")
}

// TestTheProviderSignsOut: by both bindings, with the browser's cookies and without,
// whatever ES has found to end.
func TestTheProviderSignsOut(t *testing.T) {
	t.Parallel()
	relay := "state of the provider"
	for _, tc := range []struct {
		name string
		how  idp.Logout
		ends string // the sessions that end: of "one", "two" and "bob"
	}{
		{name: "one session", how: idp.Logout{SessionIndexes: []string{"_one"}}, ends: "one"},
		{name: "several", how: idp.Logout{SessionIndexes: []string{"_one", "_two"}}, ends: "one two"},
		{name: "all of the person, of which ES ends none", how: idp.Logout{}, ends: "one two"},
		{name: "with another format, so that ES ends none", how: idp.Logout{SessionIndexes: []string{"_two"}, NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"}, ends: "two"},
		{name: "one that nobody has here", how: idp.Logout{SessionIndexes: []string{"_three"}}, ends: ""},
		{name: "with a relay state", how: idp.Logout{SessionIndexes: []string{"_one"}, RelayState: &relay}, ends: "one"},
	} {
		for _, binding := range []string{"redirect", "post"} {
			for _, version := range versions {
				t.Run(tc.name+"/"+binding+"/"+version, func(t *testing.T) {
					t.Parallel()
					g := gatewaytest.Start(t, gatewaytest.Options{Version: version})
					all := map[string]*gatewaytest.Browser{
						"one": signedIn(t, g, "alice", "_one"), "two": signedIn(t, g, "alice", "_two"), "bob": signedIn(t, g, "bob", "_one"),
					}
					by := g.Browser() // somewhere else altogether
					if binding == "redirect" {
						by = all["one"]
					}
					got := ask(t, g, by, binding, "alice", tc.how)
					if !answers(got) {
						t.Errorf("got %d %q %s", got.Status, got.Location, got.Body)
					}
					if tc.how.RelayState != nil && !strings.Contains(got.Location, "RelayState="+url.QueryEscape(relay)) {
						t.Errorf("the relay state is lost: %q", got.Location)
					}
					for name, b := range all {
						if want := !strings.Contains(tc.ends, name); lives(b) != want {
							t.Errorf("%s lives: %v", name, !want)
						}
					}
					left := 2 - len(strings.Fields(tc.ends))
					gatewaytest.Eventually(t, "their tokens are dead", func() bool { return g.ES.LiveTokens("alice") == left })
					if n := strings.Count(g.Log.String(), `"event.action":"sign-out"`); n != 2-left {
						t.Errorf("%d sign-outs are in the audit log, want %d", n, 2-left)
					}
				})
			}
		}
	}
}

func ask(t *testing.T, g *gatewaytest.Gateway, b *gatewaytest.Browser, binding, person string, how idp.Logout) gatewaytest.Reply {
	t.Helper()
	if binding == "post" {
		return b.PostTo(slo, form(t, g, person, how))
	}
	return b.Get(slo+"?"+wish(t, g, person, how), "Sec-Fetch-Site", "cross-site")
}

// TestALogoutRequestThatCouldBeReadInTwoWays is refused before ES is asked, which would
// take the last of repeated parameters, also one behind the signature.
func TestALogoutRequestThatCouldBeReadInTwoWays(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	alice := signedIn(t, g, "alice", "_one")
	bob := signedIn(t, g, "bob", "_two")
	good := wish(t, g, "bob", idp.Logout{SessionIndexes: []string{"_two"}})
	evil := strings.Split(wish(t, g, "alice", idp.Logout{SessionIndexes: []string{"_one"}}), "&")[0]
	unsigned := strings.Split(good, "&SigAlg")[0]
	for name, query := range map[string]string{
		"a second request behind the signature": good + "&" + evil,
		"a second request before it":            evil + "&" + good,
		"a second request, its name escaped":    good + "&SAMLReque%73t=" + strings.TrimPrefix(evil, "SAMLRequest="),
		"a second request behind a semicolon":   good + ";" + evil,
		"a relay state behind the signature":    good + "&RelayState=x",
		"two relay states":                      "RelayState=a&RelayState=b&" + good,
		"a parameter that is not signed over":   "x=y&" + good,
		"a response beside the request":         "SAMLResponse=a&" + good,
		"a signature without an algorithm":      unsigned + "&Signature=x",
		"an empty signature":                    unsigned + "&SigAlg=x&Signature=",
		"no signature":                          unsigned,
		"an algorithm without a signature":      unsigned + "&SigAlg=x",
		"another's request under the signature": evil + "&SigAlg" + strings.SplitN(good, "&SigAlg", 2)[1],
		"a broken escape":                       "SAMLRequest=%ZZ",
		"no base64":                             "SAMLRequest=%25%25&SigAlg=a&Signature=b",
		"a bomb":                                "SAMLRequest=" + url.QueryEscape(logoutBomb(t)) + "&SigAlg=a&Signature=b",
		"a response's message":                  "SAMLRequest=" + url.QueryEscape(deflated(t, `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`)) + "&SigAlg=a&Signature=b",
		"nothing":                               "SAMLRequest=",
		"a document type":                       "SAMLRequest=" + url.QueryEscape(deflated(t, `<!DOCTYPE a><samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`)) + "&SigAlg=a&Signature=b",
	} {
		asked := g.ES.Counters().Calls["POST /_security/saml/invalidate"]
		got := g.Browser().Get(slo+"?"+query, "Sec-Fetch-Site", "cross-site")
		if kind := got.Header.Get("X-Gateway-Response"); kind != "sign_out_refused" {
			t.Errorf("%s: %d %q %q", name, got.Status, kind, got.Location)
		}
		judged := g.ES.Counters().Calls["POST /_security/saml/invalidate"] != asked
		// Of these two there is one reading, and it is not what was signed.
		if want := name == "another's request under the signature" || name == "a relay state behind the signature"; judged != want {
			t.Errorf("%s: ES was asked: %v, want %v", name, judged, want)
		}
	}
	if !lives(alice) || !lives(bob) {
		t.Error("somebody is signed out")
	}
	// AD FS sends the algorithm behind the signature, and signs the usual order.
	adfs := strings.Split(wish(t, g, "alice", idp.Logout{SessionIndexes: []string{"_one"}}), "&")
	if got := g.Browser().Get(slo + "?" + adfs[0] + "&" + adfs[2] + "&" + adfs[1]); !answers(got) || lives(alice) {
		t.Errorf("in the order of AD FS: %d %q", got.Status, got.Location)
	}
	if got := g.Browser().Get(slo + "?" + good); !answers(got) || lives(bob) {
		t.Errorf("the good one: %d %q, bob lives: %v", got.Status, got.Location, lives(bob))
	}
}

// TestAPostedLogoutRequestMustBeCoveredByItsOnlySignature, since what is read is what
// is acted on.
func TestAPostedLogoutRequestMustBeCoveredByItsOnlySignature(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	alice := signedIn(t, g, "alice", "_one")
	signed := form(t, g, "bob", idp.Logout{}).Get("SAMLRequest")
	aliceName := named(t, form(t, g, "alice", idp.Logout{}).Get("SAMLRequest"))
	for name, edit := range map[string]func(root *etree.Element){
		"no signature": func(root *etree.Element) { root.RemoveChild(root.FindElement("./Signature")) },
		"another name under the signature": func(root *etree.Element) {
			root.FindElement("./NameID").SetText(aliceName)
		},
		"wrapped: the signed one inside": func(root *etree.Element) {
			inner := root.Copy()
			root.RemoveChild(root.FindElement("./Signature"))
			root.CreateAttr("ID", "_evil")
			root.FindElement("./NameID").SetText(aliceName)
			root.CreateElement("samlp:Extensions").AddChild(inner)
		},
		"wrapped: the signature kept at the root": func(root *etree.Element) {
			inner := root.Copy()
			inner.RemoveChild(inner.FindElement("./Signature"))
			root.CreateAttr("ID", "_evil")
			root.FindElement("./NameID").SetText(aliceName)
			root.CreateElement("samlp:Extensions").AddChild(inner)
		},
		"the ID twice": func(root *etree.Element) {
			inner := root.Copy()
			inner.RemoveChild(inner.FindElement("./Signature"))
			root.CreateElement("samlp:Extensions").AddChild(inner)
		},
		"two signatures": func(root *etree.Element) { root.AddChild(root.FindElement("./Signature").Copy()) },
		"a reference to everything": func(root *etree.Element) {
			root.FindElement(".//Reference").CreateAttr("URI", "")
		},
	} {
		asked := g.ES.Counters().Calls["POST /_security/saml/invalidate"]
		got := g.Browser().PostTo(slo, url.Values{"SAMLRequest": {tampered(t, signed, edit)}})
		if kind := got.Header.Get("X-Gateway-Response"); kind != "sign_out_refused" {
			t.Errorf("%s: %d %q %q", name, got.Status, kind, got.Location)
		}
		judged := g.ES.Counters().Calls["POST /_security/saml/invalidate"] != asked
		if want := name == "another name under the signature"; judged != want {
			t.Errorf("%s: ES was asked: %v, want %v", name, judged, want)
		}
	}
	if !lives(alice) {
		t.Error("alice is signed out")
	}
}

// named is whom a LogoutRequest means.
func named(t *testing.T, content string) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(decoded(t, content)); err != nil {
		t.Fatal(err)
	}
	return doc.FindElement("//NameID").Text()
}

func TestALogoutRequestCountsOnceAndNotForLong(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	signedIn(t, g, "alice", "_one")
	query := wish(t, g, "alice", idp.Logout{})
	if got := g.Browser().Get(slo + "?" + query); !answers(got) {
		t.Fatalf("got %d %q", got.Status, got.Location)
	}
	later := signedIn(t, g, "alice", "_two")
	if got := g.Browser().Get(slo + "?" + query); !strings.Contains(got.Location, prefix+"/logged-out") {
		t.Errorf("the second time: %d %q", got.Status, got.Location)
	}
	if !lives(later) {
		t.Error("a replay has signed out a later session")
	}
	old := wish(t, g, "alice", idp.Logout{Edit: func(e *etree.Element) { e.RemoveAttr("NotOnOrAfter") }})
	g.Clock.Advance(11 * time.Minute)
	if got := g.Browser().Get(slo + "?" + old); got.Header.Get("X-Gateway-Response") != "sign_out_refused" {
		t.Errorf("after 11 minutes: %d %q", got.Status, got.Location)
	}
	if !lives(later) {
		t.Error("an old request has signed out a session")
	}
}

func TestAWishToSignOutThatNobodyCanProveSignsNobodyOut(t *testing.T) {
	t.Parallel()
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	forger, err := idp.New(idp.Config{
		BaseURL: "http://localhost:1", EntityID: "urn:test:idp", Key: key, Certificate: certificate, Now: time.Now,
		ServiceProviders: []idp.ServiceProvider{{EntityID: "urn:test:sp"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{Version: version})
			alice := signedIn(t, g, "alice", "_one")
			address, err := forger.LogoutRequest(g.ServiceProvider(), g.Person("alice"), idp.Logout{
				Edit: func(e *etree.Element) { e.CreateAttr("IssueInstant", g.Clock.Now().Format(time.RFC3339)) },
			})
			if err != nil {
				t.Fatal(err)
			}
			_, forged, _ := strings.Cut(address, "?")
			for name, tc := range map[string]struct {
				query, kind string
				faults      standin.Faults
			}{
				"another key's signature": {query: forged, kind: "sign_out_refused"},
				"ES is down":              {query: wish(t, g, "alice", idp.Logout{}), kind: "elasticsearch_unavailable", faults: standin.Faults{Down: true}},
			} {
				g.ES.SetFaults(tc.faults)
				got := alice.Get(slo+"?"+tc.query, "Sec-Fetch-Site", "cross-site")
				g.ES.SetFaults(standin.Faults{})
				if kind := got.Header.Get("X-Gateway-Response"); kind != tc.kind {
					t.Errorf("%s: %d %q %q", name, got.Status, kind, got.Location)
				}
				if !lives(alice) {
					t.Errorf("%s: alice is signed out", name)
				}
			}
		})
	}
}

// TestAProviderWithoutALogoutServiceOfItsOwn wants sign-outs, and has no address for
// the answer: ES has ended the tokens by the time it notices.
func TestAProviderWithoutALogoutServiceOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{Version: version, Realm: withoutLogout})
			alice := signedIn(t, g, "alice", "_one")
			got := alice.Get(slo + "?" + wish(t, g, "alice", idp.Logout{}))
			if !strings.HasSuffix(got.Location, prefix+"/logged-out?undone=provider_unanswered") {
				t.Fatalf("got %d %q %s", got.Status, got.Location, got.Body)
			}
			if page := alice.Get(got.Location); !strings.Contains(page.Body, "gets no answer") {
				t.Errorf("the page: %s", page.Body)
			}
			if lives(alice) {
				t.Error("alice lives")
			}
			again := signedIn(t, g, "alice", "_two")
			out := again.SignOut()
			if page := again.Get(out.Location); !strings.Contains(page.Body, "was not asked to sign you out") {
				t.Errorf("a sign-out from here: %d %q %s", out.Status, out.Location, page.Body)
			}
		})
	}
}

func withoutLogout(c *samlrealm.Config) {
	metadata := c.IDPMetadata
	c.IDPMetadata = func() ([]byte, error) {
		text, err := metadata()
		if err != nil {
			return nil, err
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(text); err != nil {
			return nil, err
		}
		for _, e := range doc.FindElements("//SingleLogoutService") {
			e.Parent().RemoveChild(e)
		}
		return doc.WriteToBytes()
	}
}

// TestAnEncryptedNameIsRead with the method's key; without one, ES is asked about all
// sessions of the realm, and those whose tokens it has ended go.
func TestAnEncryptedNameIsRead(t *testing.T) {
	t.Parallel()
	key, certificate, err := idp.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, method := range map[string]string{
		"with the key": ", decryption_key: '" + keyFile(t, key) + "'",
		"without":      "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{
				Method: method, Realm: func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, key) },
			})
			alice, bob := signedIn(t, g, "alice", "_one"), signedIn(t, g, "bob", "_one")
			how := idp.Logout{EncryptFor: certificate, SessionIndexes: []string{"_one"}}
			if got := g.Browser().Get(slo + "?" + wish(t, g, "alice", how)); !answers(got) {
				t.Fatalf("got %d %q %s", got.Status, got.Location, got.Body)
			}
			gatewaytest.Eventually(t, "alice's session has ended", func() bool {
				n, err := g.Sessions.Live(t.Context())
				return err == nil && n == 1
			})
			if lives(alice) || !lives(bob) {
				t.Error("the wrong one is signed out")
			}
		})
	}
}

// TestTheAnswerToOurSignOut is confirmed by ES, with the id that was sent.
func TestTheAnswerToOurSignOut(t *testing.T) {
	t.Parallel()
	const unsure = "not certain"
	for _, tc := range []struct {
		name   string
		answer func(g *gatewaytest.Gateway, b *gatewaytest.Browser, address string) gatewaytest.Reply
		unsure bool
	}{
		{name: "by redirect", answer: func(_ *gatewaytest.Gateway, b *gatewaytest.Browser, address string) gatewaytest.Reply {
			return b.Get(b.Get(address).Location)
		}},
		{name: "by post", answer: func(g *gatewaytest.Gateway, b *gatewaytest.Browser, address string) gatewaytest.Reply {
			content, err := g.IdP.LogoutResponseForm(requestID(t, address), g.ServiceProvider())
			if err != nil {
				t.Error(err)
			}
			return b.PostTo(slo, url.Values{"SAMLResponse": {content}})
		}},
		{name: "in another browser", unsure: true, answer: func(g *gatewaytest.Gateway, b *gatewaytest.Browser, address string) gatewaytest.Reply {
			other := g.Browser()
			other.Begin("/")
			return other.Get(b.Get(address).Location)
		}},
		{name: "unsigned", unsure: true, answer: func(_ *gatewaytest.Gateway, b *gatewaytest.Browser, address string) gatewaytest.Reply {
			return b.Get(strings.Split(b.Get(address).Location, "&SigAlg")[0])
		}},
		{name: "posted, unsigned", unsure: true, answer: func(g *gatewaytest.Gateway, b *gatewaytest.Browser, address string) gatewaytest.Reply {
			content, err := g.IdP.LogoutResponseForm(requestID(t, address), g.ServiceProvider())
			if err != nil {
				t.Error(err)
			}
			return b.PostTo(slo, url.Values{"SAMLResponse": {tampered(t, content, func(root *etree.Element) { root.RemoveChild(root.FindElement("./Signature")) })}})
		}},
		{name: "to another request", unsure: true, answer: func(g *gatewaytest.Gateway, b *gatewaytest.Browser, _ string) gatewaytest.Reply {
			content, err := g.IdP.LogoutResponseForm("_another", g.ServiceProvider())
			if err != nil {
				t.Error(err)
			}
			return b.PostTo(slo, url.Values{"SAMLResponse": {content}})
		}},
		{name: "while ES is down", unsure: true, answer: func(g *gatewaytest.Gateway, b *gatewaytest.Browser, address string) gatewaytest.Reply {
			back := b.Get(address).Location
			g.ES.SetFaults(standin.Faults{Down: true})
			return b.Get(back)
		}},
		{name: "no XML", unsure: true, answer: func(_ *gatewaytest.Gateway, b *gatewaytest.Browser, _ string) gatewaytest.Reply {
			return b.PostTo(slo, url.Values{"SAMLResponse": {encode([]byte("hello"))}})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{})
			b := signedIn(t, g, "alice", "_one")
			got := tc.answer(g, b, b.SignOut().Location)
			if !strings.Contains(got.Location, prefix+"/logged-out") {
				t.Fatalf("got %d %q %s", got.Status, got.Location, got.Body)
			}
			if page := b.Get(got.Location); strings.Contains(page.Body, unsure) != tc.unsure {
				t.Errorf("the page says %q: %v", unsure, !tc.unsure)
			}
			if lives(b) {
				t.Error("alice lives")
			}
		})
	}
}
