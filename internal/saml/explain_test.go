package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const (
	testACS = "https://sso.example/_gateway/saml/corp/acs"
	testSP  = "urn:test:sp"
	testIdP = "urn:test:idp"
)

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// pair is a key and its certificate; they are slow to make.
type pair struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

var (
	idpPair   = sync.OnceValue(newPair)
	otherPair = sync.OnceValue(newPair)
)

func newPair() pair {
	key, cert, err := idp.NewKey()
	if err != nil {
		panic(err)
	}
	return pair{key, cert}
}

// world is a realm as Elasticsearch has it, and the identity provider that it trusts.
type world struct {
	realm *samlrealm.Realm
	idp   *idp.IdP
}

func newWorld(t testing.TB, change func(*samlrealm.Config)) world {
	t.Helper()
	provider, err := idp.New(idp.Config{
		BaseURL: "https://idp.example", EntityID: testIdP, Key: idpPair().key, Certificate: idpPair().cert,
		People:           []idp.Person{jane},
		ServiceProviders: []idp.ServiceProvider{{EntityID: testSP, ACS: testACS}},
		Now:              func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := samlrealm.Config{
		Name: "saml1", IDPMetadata: func() ([]byte, error) { return provider.Metadata(), nil }, IDPEntityID: testIdP,
		SPEntityID: testSP, ACS: testACS, Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups"},
	}
	if change != nil {
		change(&cfg)
	}
	realm, err := samlrealm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return world{realm, provider}
}

var jane = idp.Person{Username: "jane", Password: "secret", FullName: "Jane Doe", Email: "jane@example.org", Groups: []string{"staff"}}

// ask lets the realm write a request.
func (w world) ask(t testing.TB) (id, address string) {
	t.Helper()
	id, address, err := w.realm.Prepare(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id, address
}

// answer is the identity provider's answer to a request, as XML.
func (w world) answer(t testing.TB, address string, how idp.Answer) []byte {
	t.Helper()
	text, _, err := w.idp.Respond(address, jane, how)
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// expects is what the gateway would know of the realm.
func expects(t testing.TB, id, address string) expected {
	t.Helper()
	asked, err := readAuthnRequest(address)
	if err != nil {
		t.Fatal(err)
	}
	return expected{
		acs: asked.ACS, entityID: asked.Issuer, classes: asked.Classes, issuer: testIdP,
		requestID: id, principal: "uid", at: noon, skew: usualSkew,
	}
}

func statusCalled(code string) string { return statusPrefix + code }

// bends are answers that Elasticsearch refuses, and what both it and we say of each.
var bends = []struct {
	name          string
	realm         func(*samlrealm.Config)
	how           idp.Answer
	cause         cause
	expected, got string
	says          string // in the sentence for the person
}{
	{name: "the person failed", how: idp.Answer{Status: statusCalled("Responder"), SecondStatus: statusCalled("AuthnFailed")}, cause: causeStatus, expected: "Success", got: "Responder / AuthnFailed", says: "could not confirm who you are"},
	{name: "denied", how: idp.Answer{Status: statusCalled("Responder"), SecondStatus: statusCalled("RequestDenied"), StatusMessage: "not\nassigned"}, cause: causeStatus, expected: "Success", got: "Responder / RequestDenied: not\uFFFDassigned", says: "does not let you"},
	{name: "passive", how: idp.Answer{Status: statusCalled("Requester"), SecondStatus: statusCalled("NoPassive")}, cause: causeStatus, expected: "Success", got: "Requester / NoPassive", says: "had to ask you something"},
	{name: "not strong enough", how: idp.Answer{Status: statusCalled("Responder"), SecondStatus: statusCalled("NoAuthnContext")}, cause: causeStatus, expected: "Success", got: "Responder / NoAuthnContext", says: "as strongly"},
	{name: "no such name", how: idp.Answer{Status: statusCalled("Requester"), SecondStatus: statusCalled("InvalidNameIDPolicy")}, cause: causeStatus, expected: "Success", got: "Requester / InvalidNameIDPolicy", says: "cannot name you"},
	{name: "our fault", how: idp.Answer{Status: statusCalled("Requester")}, cause: causeStatus, expected: "Success", got: "Requester", says: "did not understand"},
	{name: "its fault", how: idp.Answer{Status: statusCalled("Responder"), SignResponse: true}, cause: causeStatus, expected: "Success", got: "Responder", says: "problem of its own"},
	{name: "another version", how: idp.Answer{Status: statusCalled("VersionMismatch")}, cause: causeStatus, expected: "Success", got: "VersionMismatch", says: "another version"},
	{name: "a status of its own", how: idp.Answer{Status: "urn:own:code"}, cause: causeStatus, expected: "Success", got: "urn:own:code", says: "did not sign you in"},
	{name: "a first code that says it all", how: idp.Answer{Status: statusCalled("AuthnFailed")}, cause: causeStatus, expected: "Success", got: "AuthnFailed", says: "could not confirm who you are"},
	{name: "no status", how: idp.Answer{EditResponse: remove("Status")}, cause: causeStatus, expected: "Success", got: "none"},
	{name: "another destination", how: idp.Answer{Destination: new("https://else.example/acs")}, cause: causeDestination, expected: testACS, got: "https://else.example/acs"},
	{name: "signed without a destination", how: idp.Answer{Destination: new(""), SignResponse: true}, cause: causeDestination, expected: testACS, got: "none"},
	{name: "another issuer", how: idp.Answer{Issuer: new("urn:other:idp")}, cause: causeIssuer, expected: testIdP, got: "urn:other:idp"},
	{name: "no issuer", how: idp.Answer{Issuer: new("")}, cause: causeIssuer, expected: testIdP, got: "none"},
	{name: "another issuer of the assertion", how: idp.Answer{EditAssertion: func(e *etree.Element) { e.SelectElement("Issuer").SetText("urn:other:idp") }}, cause: causeIssuer, expected: testIdP, got: "urn:other:idp"},
	{name: "another audience", how: idp.Answer{Audience: new("urn:other:sp")}, cause: causeAudience, expected: testSP, got: "urn:other:sp"},
	{name: "a second restriction", how: idp.Answer{EditAssertion: func(e *etree.Element) {
		e.SelectElement("Conditions").CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText("urn:b\u202espoof")
	}}, cause: causeAudience, expected: testSP, got: "urn:b\uFFFDspoof"},
	{name: "late", how: idp.Answer{Issued: noon.Add(-time.Hour)}, cause: causeExpired, expected: "NotOnOrAfter later than 2026-03-02T11:57:00Z", got: "2026-03-02T11:05:00Z"},
	{name: "late to the second", how: idp.Answer{NotOnOrAfter: noon.Add(-3 * time.Minute)}, cause: causeExpired, expected: "NotOnOrAfter later than 2026-03-02T11:57:00Z", got: "2026-03-02T11:57:00Z"},
	{name: "early", how: idp.Answer{NotBefore: noon.Add(3*time.Minute + time.Second)}, cause: causeNotYetValid, expected: "NotBefore no later than 2026-03-02T12:03:00Z", got: "2026-03-02T12:03:01Z"},
	{name: "the session is over", how: idp.Answer{SessionNotOnOrAfter: noon.Add(-time.Hour)}, cause: causeExpired, expected: "SessionNotOnOrAfter later than 2026-03-02T11:57:00Z", got: "2026-03-02T11:00:00Z"},
	{name: "another recipient", how: idp.Answer{Recipient: new(testACS + "/")}, cause: causeRecipient, expected: testACS, got: testACS + "/"},
	{name: "no recipient", how: idp.Answer{Recipient: new("")}, cause: causeRecipient, expected: testACS, got: "none"},
	{name: "another request", how: idp.Answer{InResponseTo: new("_other")}, cause: causeInResponseTo, got: "_other"},
	{name: "another request inside", how: idp.Answer{SubjectInResponseTo: new("_other")}, cause: causeInResponseTo, got: "_other"},
	{name: "unsigned", how: idp.Answer{UnsignedAssertion: true}, cause: causeNotSigned, expected: "a signature of the response or of the assertion", got: "none"},
	{name: "two assertions", how: idp.Answer{Assertions: 2}, cause: causeSeveral, expected: "1", got: "2"},
	{name: "no assertion", how: idp.Answer{EditResponse: remove("Assertion")}, cause: causeNoAssertion, expected: "1", got: "0"},
	{name: "encrypted for nobody", how: idp.Answer{EncryptFor: otherPair().cert}, cause: causeEncrypted},
	{name: "encrypted, and for somebody else", how: idp.Answer{EncryptFor: otherPair().cert, Destination: new("https://else.example/acs")}, cause: causeDestination, expected: testACS, got: "https://else.example/acs"},
	{name: "another key", how: idp.Answer{Key: otherPair().key, Certificate: otherPair().cert}, cause: causeSignature},
	{name: "another key for the response", how: idp.Answer{Key: otherPair().key, Certificate: otherPair().cert, SignResponse: true, UnsignedAssertion: true}, cause: causeSignature},
	{name: "changed after it was signed", how: idp.Answer{EditSigned: func(e *etree.Element) { e.FindElement(".//NameID").SetText("root") }}, cause: causeSignature},
	{name: "a signature of something else", how: idp.Answer{EditSigned: func(e *etree.Element) { e.SelectElement("Assertion").CreateAttr("ID", "_evil") }}, cause: causeSignature, expected: "one signature, of the very element that carries it"},
	{name: "an ID that stands twice", how: idp.Answer{EditSigned: func(e *etree.Element) {
		e.CreateAttr("ID", e.SelectElement("Assertion").SelectAttrValue("ID", ""))
	}}, cause: causeDuplicateID, expected: "IDs that differ"},
	{name: "a time that is none", how: idp.Answer{EditAssertion: func(e *etree.Element) { e.SelectElement("Conditions").CreateAttr("NotBefore", "yesterday") }}, cause: causeMalformed, expected: "a time in NotBefore", got: "yesterday"},
	{name: "no version", how: idp.Answer{EditResponse: func(e *etree.Element) { e.RemoveAttr("Version") }}, cause: causeMalformed, expected: "an attribute Version", got: "none"},
	{name: "no subject", how: idp.Answer{EditAssertion: remove("Subject")}, cause: causeSubject, expected: "a Subject", got: "none"},
	{name: "holder of key", how: idp.Answer{EditAssertion: func(e *etree.Element) { e.FindElement(".//SubjectConfirmation").CreateAttr("Method", "urn:holder") }}, cause: causeSubject, expected: "1 SubjectConfirmation of method bearer", got: "0"},
	{name: "no statement", how: idp.Answer{EditAssertion: remove("AuthnStatement")}, cause: causeStatement, expected: "1 AuthnStatement", got: "0"},
	{
		name: "a weaker sign-in", realm: func(c *samlrealm.Config) { c.ReqAuthnContextClassRef = []string{"urn:strong", "urn:stronger"} },
		cause: causeAuthnContext, expected: "urn:strong, urn:stronger", got: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
	},
	{name: "no user name", how: idp.Answer{Without: []string{"uid"}}, cause: causeAttribute, expected: "uid", got: "displayName, mail, groups"},
	{name: "an empty user name", how: idp.Answer{Without: []string{"uid"}, Extra: []idp.Attribute{{Name: "uid", Values: []string{""}}}}, cause: causeAttribute, expected: "uid", got: "displayName, mail, groups, uid"},
	{name: "nobody at all", how: idp.Answer{NameID: new(""), Without: []string{"uid", "displayName", "mail", "groups"}}, cause: causeAttribute, expected: "uid", got: "none"},
}

func remove(name string) func(*etree.Element) {
	return func(e *etree.Element) { e.RemoveChild(e.SelectElement(name)) }
}

// TestOldAndNewElasticsearchHaveTheSameCause: what newer versions say leads to the same
// cause as what we see where older ones say nothing.
func TestOldAndNewElasticsearchHaveTheSameCause(t *testing.T) {
	t.Parallel()
	for _, tc := range bends {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tc.realm)
			id, address := w.ask(t)
			message := w.answer(t, address, tc.how)
			_, err := w.realm.Authenticate(noon, message, []string{id})
			refusal, ok := errors.AsType[*samlrealm.Rejection](err)
			if !ok {
				t.Fatalf("Elasticsearch says %v", err)
			}
			answer, err := readResponse(message)
			if err != nil {
				t.Fatal(err)
			}
			findings := explain(answer, expects(t, id, address))
			if tc.cause == causeInResponseTo {
				tc.expected = id
			}
			told := judged(refusal.Reason, findings)
			if refusal.Generic {
				told = judged("unable to authenticate user [<unauthenticated-saml-user>] for action [x]", findings)
			}
			for name, f := range map[string]finding{"old": likely(findings), "new": told} {
				if f.cause != tc.cause || tc.expected != "" && f.expected != tc.expected || tc.got != "" && f.got != tc.got {
					t.Errorf("%s: got %q, expected %q, got %q; want %q, %q, %q\n%s", name, f.cause, f.expected, f.got, tc.cause, tc.expected, tc.got, refusal.Reason)
				}
				if f.remedy.text == "" || f.remedy.hint == "" || f.remedy.advice == "" || !strings.Contains(f.remedy.text, tc.says) {
					t.Errorf("%s: remedy %+v", name, f.remedy)
				}
			}
		})
	}
}

func TestNothingIsFoundInWhatElasticsearchAccepts(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]idp.Answer{
		"the assertion is signed": {},
		"the response is signed":  {SignResponse: true, UnsignedAssertion: true},
		"both are":                {SignResponse: true},
		"it answers nothing":      {InResponseTo: new("")},
		"no audience":             {Audience: new("")},
		"no destination":          {Destination: new("")},
		"just in time":            {NotOnOrAfter: noon.Add(-3*time.Minute + time.Second)},
		"just not too early":      {NotBefore: noon.Add(3 * time.Minute)},
		"no conditions":           {EditAssertion: remove("Conditions")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			id, address := w.ask(t)
			message := w.answer(t, address, how)
			if _, err := w.realm.Authenticate(noon, message, []string{id}); err != nil {
				t.Fatal(err)
			}
			answer, err := readResponse(message)
			if err != nil {
				t.Fatal(err)
			}
			if findings := explain(answer, expects(t, id, address)); len(findings) > 0 {
				t.Errorf("found %+v", findings)
			}
			if findings := explain(answer, expected{at: noon, skew: usualSkew}); len(findings) > 0 {
				t.Errorf("with nothing expected: %+v", findings)
			}
		})
	}
}

// TestManyMistakesAreFewFindings: what is refused costs a look, and not a minute.
func TestManyMistakesAreFewFindings(t *testing.T) {
	t.Parallel()
	var elements, attributes strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&elements, `<x ID="_%d"/><x ID="_%d"/>`, i, i)
		fmt.Fprintf(&attributes, ` a%d="" a%d=""`, i, i)
	}
	for inside, want := range map[string]cause{
		elements.String():                    causeDuplicateID,
		"<x" + attributes.String() + "></x>": causeMalformed,
	} {
		answer, err := readResponse([]byte(xmlResponse(`ID="_r" Version="2.0" IssueInstant="2026-03-02T12:00:00Z"`, inside)))
		if err != nil {
			t.Fatal(err)
		}
		if findings := explain(answer, expected{at: noon}); len(findings) > 2*maxProblems || findings[0].cause != want {
			t.Errorf("%d findings", len(findings))
		}
	}
}

func TestReasonsOfElasticsearch(t *testing.T) {
	t.Parallel()
	audience := []finding{found(causeAudience, "a", "b"), found(causeRecipient, "c", "d")}
	for _, tc := range []struct {
		name, reason string
		findings     []finding
		want         cause
		got          string
	}{
		{"the generic text is explained", "unable to authenticate user [<unauthenticated-saml-user>] for action [cluster:admin/xpack/security/saml/authenticate]", audience, causeAudience, "b"},
		{"so is silence", "", audience, causeAudience, "b"},
		{"Elasticsearch knows better", "SAML Assertion SubjectConfirmationData Recipient [d] does not match expected value [c]", audience, causeRecipient, "d"},
		{"and what we do not see has no values", "SAML Issuer [x] does not match expected value [y]", audience, causeIssuer, ""},
		{"a text that nobody knows", "SAML is out of fashion", audience, causeUntold, ""},
		{"a stranger's words decide nothing", "Element {x}Response (SAML Issuer [) has no issuer, but expected [y]", nil, causeIssuer, ""},
		{"encrypted attributes", "Failed to decrypt SAML EncryptedID x", nil, causeEncrypted, ""},
		{"no key", "SAML assertion [x] is encrypted, but no decryption key is available", nil, causeEncrypted, ""},
		{"two names", "Expected single string value for attribute: [groups], but got list with 2 values", nil, causeSeveralValues, ""},
		{"another root", "SAML content [x] should have a root element of Namespace=[y] Tag=[Response]", nil, causeMalformed, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if f := judged(tc.reason, tc.findings); f.cause != tc.want || f.got != tc.got || f.remedy.text == "" {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestElasticsearchsClockIsReadInItsReason(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]time.Time{
		"Rejecting SAML assertion because [2026-03-02T11:57:00Z] is on/after [2026-03-02T11:05:00Z]":                             noon,
		"Rejecting SAML assertion because [2026-03-02T12:03:00.000Z] is before [2026-03-02T12:05:00Z]":                           noon,
		"Rejecting SAML assertion's Authentication Statement because [2026-03-02T11:57:00Z] is on/after [2026-03-02T11:05:00Z]":  noon,
		"Rejecting SAML assertion because [yesterday] is before [today]":                                                         {},
		"Rejecting SAML assertion because [2026-99-02T12:03:00Z] is before [x]":                                                  {},
		"Conditions [Rejecting SAML assertion because [2026-03-02T11:57:00Z] is on/after [x] do not match required audience [y]": {},
	} {
		if got, ok := clockOf(reason); ok == want.IsZero() || ok && !got.Equal(want) {
			t.Errorf("%s: %v %v, want %v", reason, got, ok, want)
		}
	}
}

// TestEveryCauseHasWords reads the causes from their table.
func TestEveryCauseHasWords(t *testing.T) {
	t.Parallel()
	seen := map[string]cause{}
	for c, r := range remedies {
		if r.text == "" || r.hint == "" || r.advice == "" || strings.ContainsAny(string(c), " -.") {
			t.Errorf("%s: %+v", c, r)
		}
		if before, ok := seen[r.advice]; ok {
			t.Errorf("%s advises the same as %s", c, before)
		}
		seen[r.advice] = c
	}
	for _, r := range reasons {
		for _, c := range r.causes {
			if _, ok := remedies[c]; !ok {
				t.Errorf("%q means %q, of which nothing is said", r.begins, c)
			}
		}
	}
}

func TestWhatIsShownOfAMessageIsBounded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" plain ":                "plain",
		"two\nlines\x00\u202e!":  "two\uFFFDlines\uFFFD\uFFFD!",
		"\xff":                   "\uFFFD",
		strings.Repeat("ä", 300): strings.Repeat("ä", 200) + "...",
	} {
		if got := shown(text); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
	if got := joined(slices.Repeat([]string{"a"}, 50)); got != strings.Repeat("a, ", 20)+"..." {
		t.Errorf("got %q", got)
	}
}
