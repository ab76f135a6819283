package e2e_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/esgateway/esgateway/internal/standin/samlrealm"
	"github.com/esgateway/esgateway/test/parts"
)

const (
	gatewayHost  = "sso.gateway.test"
	identityHost = "idp.identity.test"
	entityID     = "https://es.gateway.test/"
)

// service is a SAML service provider without a gateway: a realm of the stand-in, and a
// web server that hands it what the browser brings.
type service struct {
	realm    *samlrealm.Realm
	origin   string
	messages chan []byte // SAMLResponses that the browser posted
	queries  chan string // what came to the logout address
}

// newService starts service and identity provider. Signed: the realm signs its
// requests and the identity provider insists on it.
func newService(t *testing.T, signed, encrypted bool) (*service, *parts.SimpleSAMLphp, *parts.Browser) {
	t.Helper()
	authority := parts.NewCA(t)
	port := parts.FreePort(t)
	s := &service{
		origin:   fmt.Sprintf("https://%s:%d", gatewayHost, port),
		messages: make(chan []byte, 10), queries: make(chan string, 10),
	}
	authority.Serve(t, port, s, gatewayHost)

	peer := parts.SAMLPeer{EntityID: entityID, ACS: s.origin + "/acs", SLO: s.origin + "/slo", Encrypt: encrypted}
	key := parts.SigningKey(t, "service provider")
	if signed || encrypted {
		peer.Certificate = &key
	}
	idp := parts.StartSimpleSAMLphp(t, parts.SimpleSAMLphpConfig{
		Host: identityHost, CA: authority, Port: parts.FreePort(t), Peer: peer,
	})
	config := samlrealm.Config{
		Name:        "saml1",
		IDPMetadata: func() ([]byte, error) { return idp.Metadata, nil },
		IDPEntityID: idp.EntityID, SPEntityID: entityID,
		ACS: peer.ACS, Logout: peer.SLO,
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
	}
	if peer.Certificate != nil {
		private := key.PrivateKey.(*rsa.PrivateKey)
		config.SigningKey, config.SigningCertificate = private, key.Leaf
		config.EncryptionKeys, config.EncryptionCertificates = []*rsa.PrivateKey{private}, []*x509.Certificate{key.Leaf}
	}
	realm, err := samlrealm.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.realm = realm
	return s, idp, parts.StartBrowser(t, authority, gatewayHost, identityHost)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/acs":
		message, err := base64.StdEncoding.DecodeString(r.PostFormValue("SAMLResponse"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.messages <- message
		fmt.Fprint(w, "<p>thank you</p>")
	case r.URL.Path == "/slo" && r.URL.Query().Has("SAMLRequest"):
		s.queries <- r.URL.RawQuery
		request, err := s.realm.ReadLogoutRequest(time.Now(), r.URL.RawQuery)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		redirect, err := s.realm.LogoutResponse(time.Now(), request.ID, request.RelayState)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, redirect, http.StatusSeeOther)
	case r.URL.Path == "/slo":
		s.queries <- r.URL.RawQuery
		fmt.Fprint(w, "<p>bye</p>")
	default:
		fmt.Fprint(w, "<p>home</p>")
	}
}

// signIn goes through the identity provider as a person and gives the response that
// came back and the id of the request that it answers.
func (s *service) signIn(t *testing.T, tab *parts.Tab, user string) (message []byte, id string) {
	t.Helper()
	id, redirect, err := s.realm.Prepare(time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	tab.Goto(redirect)
	fillIn(tab, user)
	tab.WaitURL(s.origin + "/acs")
	return next(t, s.messages), id
}

// fillIn is what a person does at SimpleSAMLphp's login page.
func fillIn(tab *parts.Tab, user string) {
	tab.Fill("input[name=username]", user)
	tab.Fill("input[name=password]", user+"pw")
	tab.Click("[type=submit]")
}

func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(parts.Patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// TestStandInJudgesARealIdentityProvider: the SAML realm of the stand-in, in front of
// messages that we have not made ourselves, with crewjam/saml as the second opinion.
func TestStandInJudgesARealIdentityProvider(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		signed, encrypted bool
	}{
		{name: "requests unsigned"},
		{name: "requests signed", signed: true},
		{name: "assertion encrypted", signed: true, encrypted: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, idp, browser := newService(t, tt.signed, tt.encrypted)
			message, id := s.signIn(t, browser.Person(t).Tab(t), "bob")
			if got := strings.Contains(string(message), "EncryptedAssertion"); got != tt.encrypted {
				t.Errorf("assertion encrypted: %v, want %v", got, tt.encrypted)
			}

			user, err := s.realm.Authenticate(time.Now(), message, []string{"_other", id})
			if err != nil {
				t.Fatalf("refused: %v\n%s", err, message)
			}
			if user.Principal != "bob" || user.FullName == nil || *user.FullName != "Böb Ünïcode" ||
				user.Email == nil || *user.Email != "bob@example.test" || fmt.Sprint(user.Groups) != "[users]" || user.InResponseTo != id {
				t.Errorf("user: %+v", user)
			}
			secondOpinion(t, s, idp, message, id, tt.encrypted)

			for _, bad := range []struct {
				name, want string
				message    []byte
				ids        []string
				now        time.Time
			}{
				{name: "another request's", want: "in-response-to", message: message, ids: []string{"_other"}, now: time.Now()},
				{name: "an hour later", want: "on/after", message: message, ids: []string{id}, now: time.Now().Add(time.Hour)},
				{name: "another user", want: "SAML", message: forge(message), ids: []string{id}, now: time.Now()},
			} {
				if _, err := s.realm.Authenticate(bad.now, bad.message, bad.ids); err == nil || !strings.Contains(err.Error(), bad.want) {
					t.Errorf("%s: got %v, want a refusal with %q", bad.name, err, bad.want)
				}
			}
		})
	}
}

// forge changes a character of what is signed.
func forge(message []byte) []byte {
	forged := strings.Replace(string(message), ">bob<", ">bab<", 1)
	if forged == string(message) { // encrypted: what is signed in the open is the response around it
		forged = strings.Replace(forged, "status:Success", "status:Requester", 1)
	}
	return []byte(forged)
}

// secondOpinion asks another implementation about the message.
func secondOpinion(t *testing.T, s *service, idp *parts.SimpleSAMLphp, message []byte, id string, encrypted bool) {
	t.Helper()
	if encrypted {
		return // needs our private key; the first opinion has opened it
	}
	var metadata saml.EntityDescriptor
	if err := xml.Unmarshal(idp.Metadata, &metadata); err != nil {
		t.Fatal(err)
	}
	acs, err := url.Parse(s.origin + "/acs")
	if err != nil {
		t.Fatal(err)
	}
	judge := saml.ServiceProvider{EntityID: entityID, AcsURL: *acs, IDPMetadata: &metadata}
	assertion, err := judge.ParseXMLResponse(message, []string{id}, *acs)
	if err != nil {
		t.Errorf("crewjam/saml refuses what the stand-in accepts: %v", err)
	} else if assertion.Subject.NameID.Value != "bob" {
		t.Errorf("crewjam/saml sees %q", assertion.Subject.NameID.Value)
	}
	if _, err := judge.ParseXMLResponse(forge(message), []string{id}, *acs); err == nil {
		t.Error("crewjam/saml accepts a forged message")
	}
}

// TestStandInLogsOutAtARealIdentityProvider follows single logout both ways.
func TestStandInLogsOutAtARealIdentityProvider(t *testing.T) {
	t.Parallel()
	s, idp, browser := newService(t, true, false)
	tab := browser.Person(t).Tab(t)
	authenticate := func() *samlrealm.User {
		message, id := s.signIn(t, tab, "alice")
		user, err := s.realm.Authenticate(time.Now(), message, []string{id})
		if err != nil {
			t.Fatal(err)
		}
		return user
	}

	user := authenticate()
	id, redirect, ok, err := s.realm.LogoutRequest(time.Now(), user.TokenMetadata)
	if err != nil || !ok {
		t.Fatalf("no logout request: %v, %v", ok, err)
	}
	tab.Goto(redirect)
	tab.WaitURLPrefix(s.origin + "/slo?SAMLResponse=")
	query := next(t, s.queries)
	if err := s.realm.CompleteLogout(time.Now(), &query, nil, []string{id}); err != nil {
		t.Errorf("the identity provider's answer is refused: %v", err)
	}
	if err := s.realm.CompleteLogout(time.Now(), &query, nil, []string{"_other"}); err == nil {
		t.Error("an answer to another request is accepted")
	}

	// Signed out at the identity provider: it asks again, then starts the logout itself.
	user = authenticate()
	tab.Goto(idp.SLO + "?ReturnTo=" + url.QueryEscape(s.origin+"/home"))
	tab.WaitURL(s.origin + "/home")
	request, err := s.realm.ReadLogoutRequest(time.Now(), next(t, s.queries))
	if err != nil {
		t.Fatalf("the identity provider's request is refused: %v", err)
	}
	for key, want := range user.TokenMetadata {
		if got := request.Values[key]; (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%s: the request means %v, the token has %v", key, show(got), show(want))
		}
	}
}

func show(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}
