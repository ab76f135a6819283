package samlrealm_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// login gives a user with a SessionIndex.
func (w world) login(t testing.TB, index string) *samlrealm.User {
	t.Helper()
	id, message := w.answer(t, idp.Answer{SessionIndex: &index})
	user, err := w.realm.Authenticate(noon, message, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// asked is the raw query of an IdP's LogoutRequest for jane.
func (w world) asked(t testing.TB, index string, relayState *string) string {
	t.Helper()
	how := idp.Logout{RelayState: relayState}
	if index != "" {
		how.SessionIndexes = []string{index}
	}
	address, err := w.idp.LogoutRequest(idp.ServiceProvider{EntityID: spID, Logout: spLogout}, jane, how)
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(address, "?")
	return query
}

func TestLogoutRequestOfTheIdPMeansTheTokensOfItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	user := w.login(t, "_session1")
	for _, relayState := range []*string{nil, new(""), new("a b&c")} {
		got, err := w.realm.ReadLogoutRequest(noon, w.asked(t, "_session1", relayState))
		if err != nil {
			t.Fatal(err)
		}
		want := samlrealm.LogoutRequest{ID: got.ID, Values: user.TokenMetadata, RelayState: relayState}
		if diff := cmp.Diff(want, got); diff != "" || got.ID == "" {
			t.Error(diff)
		}
	}
	got, err := w.realm.ReadLogoutRequest(noon, w.asked(t, "", nil))
	if err != nil || got.Values["saml_session"] != nil {
		t.Errorf("without SessionIndex: got %v, %v", got.Values, err)
	}
}

// messageIn decodes the SAML message of an address.
func messageIn(t testing.TB, address, parameter string) *etree.Element {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, inflate(t, u.Query().Get(parameter)))
}

// query makes an unsigned query string of a message.
func query(t testing.TB, parameter string, message *etree.Element) string {
	t.Helper()
	text, err := etree.NewDocumentWithRoot(message).WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return parameter + "=" + url.QueryEscape(deflate(t, text))
}

func TestLogoutRequestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	asked := w.asked(t, "_s", nil)
	unsigned, _, _ := strings.Cut(asked, "&SigAlg")
	bent := func(change func(*etree.Element)) string {
		e := messageIn(t, "https://x/?"+asked, "SAMLRequest")
		change(e)
		return w.sign(t, query(t, "SAMLRequest", e))
	}
	id := messageIn(t, "https://x/?"+asked, "SAMLRequest").SelectAttrValue("ID", "")
	for _, c := range []struct {
		name, query, want string
		at                time.Time
	}{
		{name: "no message", query: "a=b", want: "Could not parse SAMLRequest from query string: [a=b]"},
		{name: "not signed", query: unsigned, want: "Logout request is not signed"},
		{name: "half signed", query: unsigned + "&Signature=AAAA", want: "Logout request is not signed"},
		{
			name: "encoded anew", query: strings.Replace(asked, "%2F", "%2f", 1),
			want: "could not be validated against [" + certificateText(idpPair().certificate) + "]",
		},
		{name: "another algorithm", query: strings.Replace(asked, "rsa-sha256", "rsa-sha512", 1), want: "could not be validated"},
		{name: "an unknown algorithm", query: strings.Replace(asked, "rsa-sha256", "hmac-sha256", 1), want: "could not be validated"},
		{name: "signature not base64", query: unsigned + "&SigAlg=x&Signature=-", want: "SAML message cannot be Base64 decoded"},
		{name: "not base64", query: "SAMLRequest=-", want: "SAML message cannot be Base64 decoded"},
		{name: "not deflated", query: "SAMLRequest=AAAA", want: "SAML message cannot be inflated"},
		{name: "no XML", query: "SAMLRequest=" + url.QueryEscape(deflate(t, []byte("x"))), want: "Failed to parse SAML message"},
		{
			name: "another message", query: bent(func(e *etree.Element) { e.Tag = "LogoutResponse" }),
			want: "SAML content [[samlp:LogoutResponse: null]] should have a root element of Namespace=[urn:oasis:names:tc:SAML:2.0:protocol] Tag=[LogoutRequest]",
		},
		{
			name: "another issuer", query: bent(func(e *etree.Element) { e.SelectElement("Issuer").SetText("urn:x") }),
			want: "SAML Issuer [urn:x] does not match expected value [" + idpID + "]",
		},
		{
			name: "another destination", query: bent(func(e *etree.Element) { e.CreateAttr("Destination", "urn:x") }),
			want: "SAML request " + id + " is for destination urn:x but this realm uses " + spLogout,
		},
		{
			name: "no destination", query: bent(func(e *etree.Element) { e.RemoveAttr("Destination") }),
			want: "SAML request " + id + " is for destination null but this realm uses " + spLogout,
		},
		{
			name: "too old", query: asked, at: noon.Add(8 * time.Minute),
			want: "Rejecting SAML assertion because [2026-03-01T12:05:00Z] is on/after [2026-03-01T12:05:00Z]",
		},
		{
			name: "encrypted without a key",
			query: bent(func(e *etree.Element) {
				e.SelectElement("NameID").Tag = "EncryptedID"
				e.SelectElement("EncryptedID").SetText("closed")
			}),
			want: "SAML EncryptedID [closed] is encrypted, but no decryption key is available",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.at.IsZero() {
				c.at = noon
			}
			_, err := w.realm.ReadLogoutRequest(c.at, c.query)
			if got := rejection(t, err); !strings.HasSuffix(got.Reason, c.want) && !strings.Contains(got.Reason, c.want+" against") {
				t.Errorf("got %q, want %q", got.Reason, c.want)
			}
		})
	}
}

func TestLogoutRequestAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	asked := w.asked(t, "_s", nil)
	e := messageIn(t, "https://x/?"+asked, "SAMLRequest")
	signXML(t, e)
	noName := messageIn(t, "https://x/?"+asked, "SAMLRequest")
	noName.RemoveChild(noName.SelectElement("NameID"))
	for _, c := range []struct {
		name, query string
		values      bool
	}{
		{"a signed query string", asked, true},
		{"a leading fragment is not read", asked + "#SAMLRequest=x", true},
		{"signed XML in an unsigned query string", query(t, "SAMLRequest", e), true},
		{"nobody is meant", w.sign(t, query(t, "SAMLRequest", noName)), false},
		// Elasticsearch's hole: what follows the signature wins unseen.
		{"a parameter behind the signature", asked + "&RelayState=injected", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := w.realm.ReadLogoutRequest(noon, c.query)
			if err != nil || (got.Values != nil) != c.values {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestBrokenEscapesAreNoSAMLMatter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for query, want := range map[string]string{
		"SAMLRequest=%":   "unterminated escape sequence at end of string: %",
		"SAMLRequest=a%2": "partial escape sequence at end of string: a%2",
		"SAMLRequest=%zz": "invalid escape sequence `%zz' at index 0 of: %zz",
	} {
		_, err := w.realm.ReadLogoutRequest(noon, query)
		fault, ok := errors.AsType[*samlrealm.Fault](err)
		if !ok || fault.Type != "illegal_argument_exception" || fault.Reason != want {
			t.Errorf("%s: got %v, want %q", query, err, want)
		}
	}
}

func TestLogoutRequestOfTheRealm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *samlrealm.Config) { c.SigningKey = realmPair().key })
	user := w.login(t, "_session1")
	user.TokenMetadata["saml_nameid_qual"] = new("q")
	id, address, ok, err := w.realm.LogoutRequest(noon, user.TokenMetadata)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	checkSigned(t, address, "https://idp.example/slo?SAMLRequest=")
	e := messageIn(t, address, "SAMLRequest")
	name := e.SelectElement("NameID")
	got := []string{
		e.FullTag(), e.SelectAttrValue("ID", ""), e.SelectAttrValue("Destination", ""), e.SelectElement("Issuer").Text(),
		name.Text(), name.SelectAttrValue("Format", ""), name.SelectAttrValue("NameQualifier", ""),
		name.SelectAttrValue("SPNameQualifier", "none"), e.SelectElement("SessionIndex").Text(),
	}
	want := []string{
		"saml2p:LogoutRequest", id, "https://idp.example/slo", spID,
		*user.TokenMetadata["saml_nameid_val"], *user.TokenMetadata["saml_nameid_fmt"], "q", "none", "_session1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLogoutWithoutRequest(t *testing.T) {
	t.Parallel()
	off := newWorld(t, func(c *samlrealm.Config) { c.NoSingleLogout = true })
	without := newWorld(t, func(c *samlrealm.Config) {
		inner := c.IDPMetadata
		c.IDPMetadata = func() ([]byte, error) {
			raw, err := inner()
			return []byte(strings.ReplaceAll(string(raw), "SingleLogoutService", "SingleLogoutServiceNot")), err
		}
	})
	for name, w := range map[string]world{"switched off": off, "no endpoint": without} {
		id, address, ok, err := w.realm.LogoutRequest(noon, w.login(t, "_s").TokenMetadata)
		if id != "" || address != "" || ok || err != nil {
			t.Errorf("%s: got %q, %q, %v, %v", name, id, address, ok, err)
		}
	}
	if _, err := off.realm.LogoutResponse(noon, "_1", nil); err != nil {
		t.Errorf("an answer does not depend on single logout: %v", err)
	}
	_, err := without.realm.LogoutResponse(noon, "_1", nil)
	if got, want := rejection(t, err).Reason, "Cannot send LogoutResponse because the IDP "+idpID+" does not provide a logout service"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, _, _, err = off.realm.LogoutRequest(noon, map[string]*string{"saml_nameid_val": nil})
	if got, want := rejection(t, err).Reason, "Access token does not have SAML metadata [saml_nameid_fmt]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	foreign := off.login(t, "_s").TokenMetadata
	foreign["saml_realm"] = new("saml2")
	_, _, _, err = off.realm.LogoutRequest(noon, foreign)
	if got, want := rejection(t, err).Reason, "Authenticating realm [saml1] does not match token realm [saml2]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLogoutResponseOfTheRealm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *samlrealm.Config) { c.SigningKey = realmPair().key })
	address, err := w.realm.LogoutResponse(noon, "_asked", new("state ~*"))
	if err != nil {
		t.Fatal(err)
	}
	checkSigned(t, address, "https://idp.example/slo?SAMLResponse=")
	if !strings.Contains(address, "&RelayState=state+%7E*&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=") {
		t.Errorf("got %s", address)
	}
	e := messageIn(t, address, "SAMLResponse")
	if got := e.SelectAttrValue("InResponseTo", ""); got != "_asked" {
		t.Errorf("got InResponseTo %q", got)
	}
	if got := e.FindElement("./Status/StatusCode").SelectAttrValue("Value", ""); got != "urn:oasis:names:tc:SAML:2.0:status:Success" {
		t.Errorf("got status %q", got)
	}
}

func TestCompleteLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	response := func(change func(*etree.Element)) *etree.Element {
		e := etree.NewElement("samlp:LogoutResponse")
		for _, a := range [][2]string{
			{"xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:protocol"},
			{"ID", "_r1"},
			{"Version", "2.0"},
			{"IssueInstant", "2026-03-01T12:00:00Z"},
			{"InResponseTo", "_asked"},
			{"Destination", spLogout},
		} {
			e.CreateAttr(a[0], a[1])
		}
		issuer := e.CreateElement("saml:Issuer")
		issuer.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
		issuer.SetText(idpID)
		e.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
		if change != nil {
			change(e)
		}
		return e
	}
	redirected := func(change func(*etree.Element)) *string {
		return new(w.sign(t, query(t, "SAMLResponse", response(change))))
	}
	posted := func(signed bool, change func(*etree.Element)) *string {
		e := response(change)
		if signed {
			signXML(t, e)
		}
		text, err := etree.NewDocumentWithRoot(e).WriteToBytes()
		if err != nil {
			t.Fatal(err)
		}
		return new(base64.StdEncoding.EncodeToString(text))
	}
	noDestination := func(e *etree.Element) { e.RemoveAttr("Destination") }
	asked := []string{"_asked"}
	for _, c := range []struct {
		name           string
		query, content *string
		ids            []string
		want           string
		fault          bool
	}{
		{name: "by redirect", query: redirected(nil), ids: asked},
		{name: "by redirect, no destination", query: redirected(noDestination), ids: asked},
		{name: "by redirect, unsolicited", query: redirected(func(e *etree.Element) { e.RemoveAttr("InResponseTo") })},
		{name: "by post", content: posted(true, nil), ids: asked},
		{
			name: "by redirect, not signed", query: new(query(t, "SAMLResponse", response(nil))), ids: asked,
			want: "Query string is not signed, but is required for HTTP-Redirect binding",
		},
		{
			name: "by post, not signed", content: posted(false, nil), ids: asked,
			want: "LogoutResponse is not signed, but is required for HTTP-Post binding",
		},
		{
			name: "by post, no destination", content: posted(true, noDestination), ids: asked,
			want: "SAML response _r1 is for destination null but this realm uses " + spLogout,
		},
		{name: "an empty query string beside content", query: new(""), content: posted(true, nil), ids: asked, want: "Could not parse SAMLResponse from query string: []"},
		{name: "by post, not base64", content: new("-"), ids: asked, want: "SAML message cannot be Base64 decoded"},
		{name: "to another request", query: redirected(nil), ids: []string{}, want: "SAML content is in-response-to [_asked] but expected one of [] "},
		{name: "no ids at all", query: redirected(nil), fault: true},
		{
			name: "a failure", query: redirected(func(e *etree.Element) {
				e.FindElement("./Status/StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
			}), ids: asked,
			want: "SAML Response is not a 'success' response: The request could not be granted due to an error in the SAML IDP side (urn:oasis:names:tc:SAML:2.0:status:Responder).",
		},
		{
			name: "another issuer", query: redirected(func(e *etree.Element) { e.SelectElement("Issuer").SetText("urn:x") }), ids: asked,
			want: "SAML Issuer [urn:x] does not match expected value [" + idpID + "]",
		},
		{
			name: "another destination", query: redirected(func(e *etree.Element) { e.CreateAttr("Destination", acs) }), ids: asked,
			want: "SAML response _r1 is for destination " + acs + " but this realm uses " + spLogout,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := w.realm.CompleteLogout(noon, c.query, c.content, c.ids)
			if fault, ok := errors.AsType[*samlrealm.Fault](err); c.fault {
				if !ok || fault.Type != "null_pointer_exception" {
					t.Errorf("got %v", err)
				}
				return
			}
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if got := rejection(t, err); got.Reason != c.want {
				t.Errorf("got %q, want %q", got.Reason, c.want)
			}
		})
	}
}
