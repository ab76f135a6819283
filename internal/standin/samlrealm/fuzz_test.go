package samlrealm_test

import (
	"testing"

	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// Whatever is posted, the realm answers; and of what it was not signed it
// believes nothing.
func FuzzAuthenticate(f *testing.F) {
	w := newWorld(f, func(c *samlrealm.Config) { c.EncryptionKeys = append(c.EncryptionKeys, realmPair().key) })
	for _, a := range []idp.Answer{{}, {SignResponse: true}, {EncryptFor: realmPair().certificate}, {UnsignedAssertion: true}} {
		a.InResponseTo = new("") // or it would be refused early
		_, message := w.answer(f, a)
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		user, err := w.realm.Authenticate(noon, message, nil)
		if err == nil && user.Principal != "jane" {
			t.Errorf("believed %+v", user)
		}
	})
}

func FuzzReadLogoutRequest(f *testing.F) {
	w := newWorld(f, nil)
	f.Add(w.asked(f, "_s", new("a b")))
	f.Add("SAMLRequest=%41;a=b#&Signature=")
	f.Fuzz(func(t *testing.T, query string) {
		got, err := w.realm.ReadLogoutRequest(noon, query)
		if err == nil && got.ID == "" {
			t.Errorf("believed %+v", got)
		}
	})
}
