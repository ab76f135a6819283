package oidcrealm

import (
	"crypto/rand"
	"encoding/base64"
)

// A Realm is one OpenID Connect realm. It is safe for concurrent use.
type Realm struct {
	config Config
	keys   *keys
}

// New makes a realm. It does not speak to the provider yet.
func New(c Config) (*Realm, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	return &Realm{config: c, keys: &keys{source: c.OP, client: c.HTTPClient}}, nil
}

// Name is the realm's name.
func (r *Realm) Name() string { return r.config.Name }

// Issuer is the provider's name, by which callers may select the realm.
func (r *Realm) Issuer() string { return r.config.OP.Issuer }

// AuthorizationRealms are where the user is to be looked up; none: nowhere.
func (r *Realm) AuthorizationRealms() []string { return r.config.AuthorizationRealms }

// random is a state or a nonce as Nimbus makes it: 32 bytes, 43 characters.
func random() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}
