package samlrealm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// remove takes the first element with this tag out, wherever it is.
func remove(tag string) func(*etree.Element) {
	return func(e *etree.Element) {
		found := e.FindElement(".//" + tag)
		found.Parent().RemoveChild(found)
	}
}

// double puts a copy of an element behind it.
func double(tag string) func(*etree.Element) {
	return func(e *etree.Element) {
		found := e.FindElement(".//" + tag)
		found.Parent().AddChild(found.Copy())
	}
}

// set changes an attribute of the first element with this tag.
func set(tag, key, value string) func(*etree.Element) {
	return func(e *etree.Element) { e.FindElement(".//"+tag).CreateAttr(key, value) }
}

// A refusalCase is one broken answer. In want, ID stands for the request's id and
// RID for the Response's.
type refusalCase struct {
	name   string
	answer idp.Answer
	config func(*samlrealm.Config)
	ids    []string // nil: the request's own
	want   string
}

func responseRefusals() []refusalCase {
	const status = "urn:oasis:names:tc:SAML:2.0:status:"
	const failed = "SAML Response is not a 'success' response: "
	return []refusalCase{
		{
			name: "InResponseTo is none of the ids", ids: []string{"_x", "_y"},
			want: "SAML content is in-response-to [ID] but expected one of [_x, _y] ",
		},
		{name: "InResponseTo without ids", ids: []string{}, want: "SAML content is in-response-to [ID] but expected one of [] "},
		{
			name: "InResponseTo comes before issuer and destination", ids: []string{},
			answer: idp.Answer{Issuer: new("x"), Destination: new("y")},
			want:   "SAML content is in-response-to [ID] but expected one of [] ",
		},
		{name: "no status", answer: idp.Answer{EditResponse: remove("Status")}, want: "SAML Response has no status code"},
		{name: "no status code", answer: idp.Answer{EditResponse: remove("StatusCode")}, want: "SAML Response has no status code"},
		{
			name: "requester", answer: idp.Answer{Status: status + "Requester"},
			want: failed + "The SAML IdP did not grant the request. It indicated that the Elastic Stack side sent something invalid (" + status + "Requester).",
		},
		{
			name:   "responder with message and second code",
			answer: idp.Answer{Status: status + "Responder", StatusMessage: "no luck", SecondStatus: status + "AuthnFailed"},
			want: failed + "The request could not be granted due to an error in the SAML IDP side (" + status + "Responder)." +
				" Message: [no luck] Specific status code which might indicate what the issue is: [" + status + "AuthnFailed]",
		},
		{
			name: "version mismatch", answer: idp.Answer{Status: status + "VersionMismatch"},
			want: failed + "The request could not be granted because the SAML IDP doesn't support SAML 2.0 (" + status + "VersionMismatch).",
		},
		{
			name: "another status", answer: idp.Answer{Status: "urn:odd"},
			want: failed + "The request could not be granted, the SAML IDP responded with a non-standard Status code (urn:odd).",
		},
		{
			name:   "no issuer of the Response",
			answer: idp.Answer{EditResponse: func(e *etree.Element) { e.RemoveChild(e.SelectElement("Issuer")) }},
			want:   "Element {urn:oasis:names:tc:SAML:2.0:protocol}Response (https://idp.exam...) has no issuer, but expected [https://idp.example/metadata]",
		},
		{
			name: "another issuer", answer: idp.Answer{Issuer: new("https://evil.example")},
			want: "SAML Issuer [https://evil.example] does not match expected value [https://idp.example/metadata]",
		},
		{
			name: "another destination", answer: idp.Answer{Destination: new(acs + "/")},
			want: "SAML response RID is for destination " + acs + "/ but this realm uses " + acs,
		},
		{
			name: "no destination of a signed Response", answer: idp.Answer{Destination: new(""), SignResponse: true},
			want: "SAML response RID is for destination null but this realm uses " + acs,
		},
		{
			name: "two assertions", answer: idp.Answer{Assertions: 2},
			want: "Expecting only 1 assertion, but response contains multiple (2)",
		},
		{name: "no assertion", answer: idp.Answer{EditResponse: remove("Assertion")}, want: "No assertions found in SAML response"},
		{
			name: "nothing signed", answer: idp.Answer{UnsignedAssertion: true},
			want: "Assertion [{urn:oasis:names:tc:SAML:2.0:assertion}Assertion] is not signed, but a signature is required",
		},
	}
}

func assertionRefusals() []refusalCase {
	const subject = "SAML Assertion subject contains "
	return []refusalCase{
		{
			name: "another audience", answer: idp.Answer{Audience: new(spID + "/")},
			want: "Conditions [" + spID + "/] do not match required audience [" + spID + "]",
		},
		{
			name: "a long audience is cut", answer: idp.Answer{Audience: new("https://" + strings.Repeat("a", 80) + ".example")},
			want: "Conditions [https://" + strings.Repeat("a", 48) + "....example] do not match required audience [" + spID + "]",
		},
		{
			name: "every audience restriction must fit",
			answer: idp.Answer{EditAssertion: func(e *etree.Element) {
				e.SelectElement("Conditions").CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText("urn:other")
			}},
			want: "Conditions [" + spID + " | urn:other] do not match required audience [" + spID + "]",
		},
		{
			name: "conditions begin after the skew", answer: idp.Answer{NotBefore: noon.Add(3*time.Minute + time.Millisecond)},
			want: "Rejecting SAML assertion because [2026-03-01T12:03:00Z] is before [2026-03-01T12:03:00.001Z]",
		},
		{
			name: "conditions end at the skew", answer: idp.Answer{EditAssertion: set("Conditions", "NotOnOrAfter", "2026-03-01T11:57:00Z")},
			want: "Rejecting SAML assertion because [2026-03-01T11:57:00Z] is on/after [2026-03-01T11:57:00Z]",
		},
		{
			name: "no issuer of the assertion",
			answer: idp.Answer{
				UnsignedAssertion: true, SignResponse: true,
				EditAssertion: func(e *etree.Element) { e.RemoveChild(e.SelectElement("Issuer")) },
			},
			want: "Element {urn:oasis:names:tc:SAML:2.0:assertion}Assertion (EXCERPT...) has no issuer, but expected [https://idp.example/metadata]",
		},
		{
			name:   "another issuer of the assertion",
			answer: idp.Answer{EditAssertion: func(e *etree.Element) { e.SelectElement("Issuer").SetText("urn:x") }},
			want:   "SAML Issuer [urn:x] does not match expected value [https://idp.example/metadata]",
		},
		{
			name: "no subject", answer: idp.Answer{EditAssertion: remove("Subject")},
			want: "SAML Assertion (https://idp.exam...) has no Subject",
		},
		{
			name: "two bearer confirmations", answer: idp.Answer{EditAssertion: double("SubjectConfirmation")},
			want: subject + "[2] bearer SubjectConfirmation, while exactly one was expected.",
		},
		{
			name: "a confirmation without data", answer: idp.Answer{EditAssertion: remove("SubjectConfirmationData")},
			want: subject + "[0] bearer SubjectConfirmation, while exactly one was expected.",
		},
		{
			name: "only another method", answer: idp.Answer{EditAssertion: set("SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")},
			want: subject + "[0] bearer SubjectConfirmation, while exactly one was expected.",
		},
		{
			name: "another recipient", answer: idp.Answer{Recipient: new("https://evil.example")},
			want: "SAML Assertion SubjectConfirmationData Recipient [https://evil.example] does not match expected value [" + acs + "]",
		},
		{
			name: "no recipient", answer: idp.Answer{Recipient: new("")},
			want: "SAML Assertion SubjectConfirmationData Recipient [null] does not match expected value [" + acs + "]",
		},
		{
			name: "the confirmation is over", answer: idp.Answer{EditAssertion: set("SubjectConfirmationData", "NotOnOrAfter", "2026-03-01T11:00:00.5Z")},
			want: "Rejecting SAML assertion because [2026-03-01T11:57:00Z] is on/after [2026-03-01T11:00:00.500Z]",
		},
		{
			name: "the confirmation answers another request", answer: idp.Answer{SubjectInResponseTo: new("_other")},
			want: "SAML Assertion SubjectConfirmationData is in-response-to [_other] but expected one of [[ID]]",
		},
		{
			name: "no authn statement", answer: idp.Answer{EditAssertion: remove("AuthnStatement")},
			want: subject + "[0] Authn Statements while exactly one was expected.",
		},
		{
			name: "two authn statements", answer: idp.Answer{EditAssertion: double("AuthnStatement")},
			want: subject + "[2] Authn Statements while exactly one was expected.",
		},
		{
			name: "the session at the IdP is over", answer: idp.Answer{SessionNotOnOrAfter: noon.Add(-3 * time.Minute)},
			want: "Rejecting SAML assertion's Authentication Statement because [2026-03-01T11:57:00Z] is on/after [2026-03-01T11:57:00Z]",
		},
		{
			name:   "another class of authentication",
			config: func(c *samlrealm.Config) { c.ReqAuthnContextClassRef = []string{"urn:a", "urn:b"} },
			answer: idp.Answer{AuthnContextClassRef: "urn:c"},
			want:   "Rejecting SAML assertion as the AuthnContextClassRef [urn:c] is not one of the ([urn:a, urn:b]) that were requested in the corresponding AuthnRequest",
		},
		{
			name: "neither attributes nor NameID",
			answer: idp.Answer{
				NameID: new(""), Without: []string{"uid", "displayName", "mail", "groups"},
			},
			want: "Could not process any SAML attributes in {urn:oasis:names:tc:SAML:2.0:protocol}Response",
		},
	}
}

func TestEachCheckRefusesWithItsOwnReason(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(responseRefusals(), assertionRefusals()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.config)
			id, message := w.answer(t, c.answer)
			ids := c.ids
			if ids == nil {
				ids = []string{id}
			}
			_, err := w.realm.Authenticate(noon, message, ids)
			got := rejection(t, err)
			root := read(t, message)
			want := strings.NewReplacer("RID", root.SelectAttrValue("ID", ""), "[ID]", "["+id+"]",
				"EXCERPT", namelessExcerpt(root)).Replace(c.want)
			if got.Reason != want {
				t.Errorf("got reason\n%q, want\n%q", got.Reason, want)
			}
			unsolicited := strings.HasPrefix(c.want, "SAML content is in-response-to")
			if (got.Unsolicited != "") != unsolicited || (unsolicited && got.Unsolicited != id) {
				t.Errorf("got unsolicited %q", got.Unsolicited)
			}
			if got.Generic || got.NotSAML {
				t.Errorf("got %+v, want a plain SAML exception", got)
			}
		})
	}
}

func read(t testing.TB, message []byte) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(message); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// namelessExcerpt is how an assertion without an issuer begins: with its NameID.
func namelessExcerpt(root *etree.Element) string {
	if name := root.FindElement(".//NameID"); name != nil {
		return name.Text()[:16]
	}
	return ""
}

func TestWhatIsNoResponse(t *testing.T) {
	t.Parallel()
	const attributes = ` ID="_1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z"`
	const protocol = ` xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"`
	const unparsed = "Failed to parse SAML message"
	for _, c := range []struct{ name, message, want string }{
		{"nothing", "", unparsed},
		{"no XML", "hello", unparsed},
		{"unknown root", "<a/>", unparsed},
		{"two roots", "<p:Response" + protocol + attributes + "/><p:Response" + protocol + attributes + "/>", unparsed},
		{"a DTD", `<!DOCTYPE r [<!ENTITY e "x">]><p:Response` + protocol + attributes + "/>", unparsed},
		{"an unknown entity", "<p:Response" + protocol + attributes + ">&e;</p:Response>", unparsed},
		{"no ID", `<p:Response` + protocol + ` Version="2.0" IssueInstant="2026-03-01T12:00:00Z"/>`, unparsed},
		{"no time", `<p:Response` + protocol + ` ID="_1" Version="2.0" IssueInstant="noon"/>`, unparsed},
		{"an attribute twice", `<p:Response` + protocol + attributes + ` ID="_2"/>`, unparsed},
		{"an id twice", `<p:Response` + protocol + attributes + `><p:Extensions ID="_1"/></p:Response>`, unparsed},
		{"very deep", "<p:Response" + protocol + attributes + ">" + strings.Repeat("<p:a>", 100) + strings.Repeat("</p:a>", 100) + "</p:Response>", unparsed},
		{
			"another message", "<p:LogoutRequest" + protocol + attributes + "/>",
			"SAML content [[p:LogoutRequest: null]] should have a root element of Namespace=[urn:oasis:names:tc:SAML:2.0:protocol] Tag=[Response]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := newWorld(t, nil).realm.Authenticate(noon, []byte(c.message), nil)
			if got := rejection(t, err); got.Reason != c.want || (c.want == unparsed) != (got.Cause != nil) {
				t.Errorf("got %q (cause %v), want %q", got.Reason, got.Cause, c.want)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer idp.Answer
		config func(*samlrealm.Config)
		at     time.Time
		ids    []string
	}{
		{name: "a signed assertion"},
		{name: "a signed Response", answer: idp.Answer{SignResponse: true, UnsignedAssertion: true}},
		{name: "both signed", answer: idp.Answer{SignResponse: true}},
		{name: "unsolicited, with ids", answer: idp.Answer{InResponseTo: new("")}, ids: []string{"_a"}},
		{name: "unsolicited, without ids", answer: idp.Answer{InResponseTo: new("")}, ids: []string{}},
		{name: "no destination of an unsigned Response", answer: idp.Answer{Destination: new("")}},
		{name: "no conditions", answer: idp.Answer{EditAssertion: remove("Conditions")}},
		{name: "no audience", answer: idp.Answer{Audience: new("")}},
		{name: "one of several audiences", answer: idp.Answer{EditAssertion: func(e *etree.Element) {
			e.FindElement(".//AudienceRestriction").CreateElement("saml:Audience").SetText("urn:other")
		}}},
		{name: "at the end of the skew", at: noon.Add(8*time.Minute - time.Nanosecond)},
		{name: "at the beginning of the skew", at: noon.Add(-3 * time.Minute)},
		{name: "with a skew of its own", config: func(c *samlrealm.Config) { c.AllowedClockSkew = time.Hour }, at: noon.Add(time.Hour)},
		{
			name: "of a requested class", answer: idp.Answer{AuthnContextClassRef: "urn:b"},
			config: func(c *samlrealm.Config) { c.ReqAuthnContextClassRef = []string{"urn:a", "urn:b"} },
		},
		{
			name: "encrypted", answer: idp.Answer{EncryptFor: realmPair().certificate},
			config: func(c *samlrealm.Config) {
				c.EncryptionKeys = append(c.EncryptionKeys, strangerPair().key, realmPair().key)
			},
		},
		{
			name: "encrypted, only the Response signed", answer: idp.Answer{EncryptFor: realmPair().certificate, UnsignedAssertion: true, SignResponse: true},
			config: func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, realmPair().key) },
		},
		{
			name: "encrypted, the key beside the data", answer: idp.Answer{EncryptFor: realmPair().certificate, EditSigned: func(e *etree.Element) {
				around := e.SelectElement("EncryptedAssertion")
				info := around.FindElement("./EncryptedData/KeyInfo")
				around.AddChild(info.SelectElement("EncryptedKey"))
				info.Parent().RemoveChild(info)
			}},
			config: func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, realmPair().key) },
		},
		{name: "another confirmation beside the bearer's", answer: idp.Answer{EditAssertion: func(e *etree.Element) {
			e.SelectElement("Subject").CreateElement("saml:SubjectConfirmation").CreateAttr("Method", "urn:other")
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.config)
			id, message := w.answer(t, c.answer)
			if c.ids == nil {
				c.ids = []string{id}
			}
			if c.at.IsZero() {
				c.at = noon
			}
			// Twice: the realm remembers nothing, a replay is the caller's to refuse.
			for range 2 {
				user, err := w.realm.Authenticate(c.at, message, c.ids)
				if err != nil || user.Principal != "jane" {
					t.Fatalf("got %+v, %v", user, err)
				}
			}
		})
	}
}

func TestEncryptedButUnreadable(t *testing.T) {
	t.Parallel()
	garble := func(text string) func(*etree.Element) {
		return func(e *etree.Element) {
			e.FindElement("./EncryptedAssertion/EncryptedData/CipherData/CipherValue").SetText(text)
		}
	}
	for _, c := range []struct {
		name   string
		keys   bool
		edit   func(*etree.Element)
		prefix string
	}{
		{"no key", false, nil, "SAML assertion [EXCERPT] is encrypted, but no decryption key is available"},
		{"another's key", true, nil, "Failed to decrypt SAML assertion EXCERPT"},
		{"no cipher text", true, garble(""), "Failed to decrypt SAML assertion EXCERPT"},
		{"half a block", true, garble("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "Failed to decrypt SAML assertion EXCERPT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(config *samlrealm.Config) {
				if c.keys {
					config.EncryptionKeys = append(config.EncryptionKeys, strangerPair().key)
				}
			})
			id, message := w.answer(t, idp.Answer{EncryptFor: realmPair().certificate, EditSigned: c.edit})
			_, err := w.realm.Authenticate(noon, message, []string{id})
			// The first text inside is the certificate that the key is for.
			text := read(t, message).FindElement(".//X509Certificate").Text()
			want := strings.Replace(c.prefix, "EXCERPT", text[:32]+"...", 1)
			if got := rejection(t, err); got.Reason != want {
				t.Errorf("got %q, want %q", got.Reason, want)
			}
		})
	}
}

// The library would panic on these, which anybody can make who has the realm's
// public key.
func TestHostileCipherTexts(t *testing.T) {
	t.Parallel()
	const halfABlock = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for name, edit := range map[string]func(data *etree.Element){
		"half a block": func(data *etree.Element) { data.FindElement("./CipherData/CipherValue").SetText(halfABlock) },
		"a short GCM": func(data *etree.Element) {
			data.SelectElement("EncryptionMethod").CreateAttr("Algorithm", "http://www.w3.org/2009/xmlenc11#aes128-gcm")
			data.FindElement("./CipherData/CipherValue").SetText("AAAA")
		},
		"3DES": func(data *etree.Element) {
			data.SelectElement("EncryptionMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#tripledes-cbc")
		},
		"another namespace's method": func(data *etree.Element) {
			method := etree.NewElement("x:EncryptionMethod")
			method.CreateAttr("xmlns:x", "urn:x")
			method.CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#tripledes-cbc")
			data.InsertChildAt(0, method)
		},
		"a key inside a key": func(data *etree.Element) {
			inner := data.FindElement("./KeyInfo/EncryptedKey")
			outer := inner.Copy()
			outer.RemoveAttr("Id")
			outer.SelectElement("EncryptionMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#aes256-cbc")
			outer.FindElement("./CipherData/CipherValue").SetText(halfABlock)
			inner.Parent().AddChild(outer)
			info := outer.SelectElement("KeyInfo")
			info.Child = nil
			info.AddChild(inner)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, realmPair().key) })
			id, message := w.answer(t, idp.Answer{EncryptFor: realmPair().certificate, EditSigned: func(e *etree.Element) {
				edit(e.FindElement("./EncryptedAssertion/EncryptedData"))
			}})
			_, err := w.realm.Authenticate(noon, message, []string{id})
			if got := rejection(t, err); !strings.HasPrefix(got.Reason, "Failed to decrypt SAML assertion ") || got.Cause == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestMetadataOfTheIdPIsReadLate(t *testing.T) {
	t.Parallel()
	var fail error
	var raw []byte
	w := newWorld(t, func(c *samlrealm.Config) {
		fallback := c.IDPMetadata
		c.IDPMetadata = func() ([]byte, error) {
			if fail != nil {
				return nil, fail
			}
			if raw != nil {
				return raw, nil
			}
			return fallback()
		}
	})
	id, message := w.answer(t, idp.Answer{})
	late := newWorld(t, func(c *samlrealm.Config) {
		c.IDPMetadata = func() ([]byte, error) { return nil, errors.New("down") }
	})
	_, err := late.realm.Authenticate(noon, message, []string{id})
	got := rejection(t, err)
	if want := "SAML realm [saml/saml1] cannot authenticate because the metadata could not be resolved"; got.Reason != want || !got.Generic {
		t.Errorf("got %+v, want generic %q", got, want)
	}
	_, _, err = late.realm.Prepare(noon, nil)
	if got := rejection(t, err); !strings.HasPrefix(got.Reason, "Cannot get role descriptors [type/name={urn:oasis:names:tc:SAML:2.0:metadata}IDPSSODescriptor] because the metadata") || got.Generic {
		t.Errorf("got %+v", got)
	}

	authenticate := func() error {
		_, err := w.realm.Authenticate(noon, message, []string{id})
		return err
	}
	fail = errors.New("down")
	if err := authenticate(); err != nil {
		t.Errorf("while the source is down: %v", err)
	}
	fail, raw = nil, []byte("<broken")
	if err := authenticate(); err != nil {
		t.Errorf("while the source is broken: %v", err)
	}
	other, err := idp.New(idp.Config{
		BaseURL: idpBase, Key: strangerPair().key, Certificate: strangerPair().certificate,
		ServiceProviders: []idp.ServiceProvider{{EntityID: spID}}, Now: func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	raw = other.Metadata()
	want := "could not be validated against [" + certificateText(strangerPair().certificate) + "]"
	if got := rejection(t, authenticate()); !strings.HasSuffix(got.Reason, want) {
		t.Errorf("after new keys: got %q, want ...%q", got.Reason, want)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id, message := w.answer(t, idp.Answer{
		NameID: new("pseudo"), SessionIndex: new("_s1"),
		Extra: []idp.Attribute{
			{Name: "dup", FriendlyName: "", Values: []string{"one"}},
			{Name: "dup", Values: []string{" two "}},
			{Name: "extra groups", FriendlyName: "groups", Values: []string{"late"}},
		},
	})
	got, err := w.realm.Authenticate(noon, message, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	want := &samlrealm.User{
		Principal: "jane", FullName: new("Jane Doe"), Email: new("jane@example.org"),
		Groups: []string{"staff", "ops", "late"},
		Metadata: map[string]any{
			"saml_nameid": "pseudo", "saml_nameid_format": persistent,
			"saml(urn:oid:0.9.2342.19200300.100.1.1)": []string{"jane"}, "saml_uid": []string{"jane"},
			"saml(urn:oid:2.16.840.1.113730.3.1.241)": []string{"Jane Doe"}, "saml_displayName": []string{"Jane Doe"},
			"saml(urn:oid:0.9.2342.19200300.100.1.3)": []string{"jane@example.org"}, "saml_mail": []string{"jane@example.org"},
			"saml(urn:oid:1.3.6.1.4.1.5923.1.5.1.1)": []string{"staff", "ops"}, "saml_groups": []string{"late"},
			"saml(dup)": []string{" two "}, "saml(extra groups)": []string{"late"},
		},
		TokenMetadata: map[string]*string{
			"saml_nameid_val": new("pseudo"), "saml_nameid_fmt": new(persistent), "saml_nameid_qual": nil,
			"saml_nameid_sp_qual": nil, "saml_nameid_sp_id": nil, "saml_session": new("_s1"), "saml_realm": new("saml1"),
		},
		InResponseTo: id,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	transient := "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	for _, c := range []struct {
		setting string
		answer  idp.Answer
		want    string // empty: refused
	}{
		{"uid", idp.Answer{}, "jane"},
		{"urn:oid:0.9.2342.19200300.100.1.1", idp.Answer{}, "jane"},
		{"UID", idp.Answer{}, ""},
		{"uid", idp.Answer{Without: []string{"uid"}}, ""},
		{"nameid", idp.Answer{NameID: new("n1"), NameIDFormat: &transient}, "n1"},
		{"nameid", idp.Answer{NameID: new("n1"), Extra: []idp.Attribute{{Name: "nameid", Values: []string{"shadowed"}}}}, "n1"},
		{"nameid:persistent", idp.Answer{NameID: new("n1")}, "n1"},
		{"nameid:persistent", idp.Answer{NameID: new("n1"), NameIDFormat: &transient}, ""},
		{"nameid", idp.Answer{NameID: new("")}, ""},
	} {
		t.Run(fmt.Sprintf("%s is %q", c.setting, c.want), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(config *samlrealm.Config) {
				config.Attributes.Principal, config.HideUserMetadata = c.setting, true
			})
			id, message := w.answer(t, c.answer)
			user, err := w.realm.Authenticate(noon, message, []string{id})
			if c.want == "" {
				got := rejection(t, err)
				if want := "SAML Attribute [" + c.setting + "] for [xpack.security.authc.realms.saml.saml1.attributes.principal] not found in saml attributes["; !got.Generic || !strings.HasPrefix(got.Reason, want) {
					t.Errorf("got %+v", got)
				}
				return
			}
			if err != nil || user.Principal != c.want {
				t.Fatalf("got %+v, %v; want %q", user, err, c.want)
			}
			for key := range user.Metadata {
				if key != "saml_nameid" && key != "saml_nameid_format" {
					t.Errorf("metadata has %q although it is hidden", key)
				}
			}
		})
	}
}
