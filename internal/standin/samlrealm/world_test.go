package samlrealm_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

const (
	acs      = "https://gateway.example/saml/acs"
	spLogout = "https://gateway.example/saml/logout"
	spID     = "https://gateway.example"
	idpBase  = "https://idp.example"
	idpID    = "https://idp.example/metadata"
)

// noon is the time of every test.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// A pair is a key and its certificate.
type pair struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

// Keys are slow to make: one for the IdP, one for the realm, one of a stranger.
var (
	idpPair      = sync.OnceValue(mustPair)
	realmPair    = sync.OnceValue(mustPair)
	strangerPair = sync.OnceValue(mustPair)
)

func mustPair() pair {
	key, certificate, err := idp.NewKey()
	if err != nil {
		panic(err)
	}
	return pair{key, certificate}
}

var jane = idp.Person{
	Username: "jane", Password: "secret", FullName: "Jane Doe", Email: "jane@example.org", Groups: []string{"staff", "ops"},
}

// A world is a realm and the IdP that it trusts.
type world struct {
	realm *samlrealm.Realm
	idp   *idp.IdP
}

// newWorld makes one; change may alter the realm's configuration.
func newWorld(t testing.TB, change func(*samlrealm.Config)) world {
	t.Helper()
	p, err := idp.New(idp.Config{
		BaseURL: idpBase, Key: idpPair().key, Certificate: idpPair().certificate,
		People:           []idp.Person{jane},
		ServiceProviders: []idp.ServiceProvider{{EntityID: spID, ACS: acs, Logout: spLogout}},
		Now:              func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	config := samlrealm.Config{
		Name:        "saml1",
		IDPMetadata: func() ([]byte, error) { return p.Metadata(), nil },
		IDPEntityID: idpID, SPEntityID: spID, ACS: acs, Logout: spLogout,
		Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
	}
	if change != nil {
		change(&config)
	}
	realm, err := samlrealm.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return world{realm, p}
}

// prepare gives the id and the address of a fresh AuthnRequest.
func (w world) prepare(t testing.TB) (id, address string) {
	t.Helper()
	id, address, err := w.realm.Prepare(noon, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id, address
}

// answer gives the XML of the IdP's answer to a fresh request, and its id.
func (w world) answer(t testing.TB, a idp.Answer) (id string, message []byte) {
	t.Helper()
	id, address := w.prepare(t)
	return id, w.answerTo(t, address, a)
}

func (w world) answerTo(t testing.TB, address string, a idp.Answer) []byte {
	t.Helper()
	text, _, err := w.idp.Respond(address, jane, a)
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// rejection is the refusal in err.
func rejection(t testing.TB, err error) *samlrealm.Rejection {
	t.Helper()
	r, ok := errors.AsType[*samlrealm.Rejection](err)
	if !ok {
		t.Fatalf("got %v, want a rejection", err)
	}
	return r
}

// certificateText is how a reason names a certificate.
func certificateText(c *x509.Certificate) string {
	return base64.StdEncoding.EncodeToString(c.Raw)[:64] + "..."
}

func certificateBase64(p pair) string { return base64.StdEncoding.EncodeToString(p.certificate.Raw) }
