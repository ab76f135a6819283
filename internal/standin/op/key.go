package op

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/go-jose/go-jose/v4"
)

// A Key signs tokens.
type Key struct {
	// ID is the kid of the key set.
	ID string
	// Algorithm is RS256, PS256, ES256 and so on.
	Algorithm string
	Private   crypto.Signer
}

// NewKey makes a key for an algorithm: RS256 or ES256, or one of their relatives of
// the same size.
func NewKey(algorithm string) (Key, error) {
	key := Key{ID: rand.Text()[:8], Algorithm: algorithm}
	var err error
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		key.Private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		key.Private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key.Private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key.Private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	default:
		err = fmt.Errorf("op: no keys for %q are made here", algorithm)
	}
	return key, err
}

func (k Key) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"}
}

// SetKeys changes the keys: the first one signs from now on, and the key set has all.
func (o *OP) SetKeys(signing Key, others ...Key) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keys = append([]Key{signing}, others...)
}

func (o *OP) currentKeys() []Key {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.keys
}

// JWKS is the key set, as it is served.
func (o *OP) JWKS() ([]byte, error) {
	var set jose.JSONWebKeySet
	for _, key := range o.currentKeys() {
		set.Keys = append(set.Keys, key.public())
	}
	return json.Marshal(set)
}

// A Signing bends how a token is signed; the zero value is right.
type Signing struct {
	// Key signs instead of the provider's own.
	Key *Key
	// KeyID is told instead of the key's; empty: none is.
	KeyID *string
	// Algorithm is "none", or HS256, HS384, HS512 with the client's secret.
	Algorithm string
	// Type is the typ of the header instead of the right one; empty: none.
	Type *string
	// Spoil changes what was signed after that.
	Spoil bool
}

// A token is what is to be signed.
type token struct {
	typ    string
	claims map[string]any
	client Client
}

// sign makes a JWT.
func (o *OP) sign(t token, how Signing) (string, error) {
	payload, err := json.Marshal(t.claims)
	if err != nil {
		return "", err
	}
	if how.Type != nil {
		t.typ = *how.Type
	}
	header := map[string]any{}
	if t.typ != "" {
		header["typ"] = t.typ
	}
	if how.Algorithm == "none" {
		header["alg"] = "none"
		text, err := json.Marshal(header)
		return base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(payload) + ".", err
	}
	signed, err := o.signature(t.client, header, payload, how)
	if err != nil || !how.Spoil {
		return signed, err
	}
	return spoil(signed, t.claims)
}

func (o *OP) signature(client Client, header map[string]any, payload []byte, how Signing) (string, error) {
	key := o.currentKeys()[0]
	signing := jose.SigningKey{}
	secret := how.Algorithm
	if secret == "" && how.Key == nil {
		secret = client.Algorithm
	}
	switch {
	case secret != "" && secret[:2] == "HS":
		signing.Algorithm, signing.Key = jose.SignatureAlgorithm(secret), []byte(client.Secret)
		key.ID = ""
	case how.Key != nil:
		key = *how.Key
		fallthrough
	default:
		signing.Algorithm, signing.Key = jose.SignatureAlgorithm(key.Algorithm), key.Private
	}
	if how.KeyID != nil {
		key.ID = *how.KeyID
	}
	if key.ID != "" {
		header["kid"] = key.ID
	}
	options := &jose.SignerOptions{}
	for name, value := range header {
		options = options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(signing, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// spoil puts other claims under an old signature.
func spoil(signed string, claims map[string]any) (string, error) {
	claims = maps.Clone(claims)
	claims["spoilt"] = true
	payload, err := json.Marshal(claims)
	parts := bytes.Split([]byte(signed), []byte("."))
	return string(parts[0]) + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + string(parts[2]), err
}
