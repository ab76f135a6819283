package oidc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// keysLife is how long the provider's keys are good for without another look, so that
	// one that was withdrawn is gone.
	keysLife = time.Hour
	// keysRest is how soon keys may be read again because of a key id that nobody knows:
	// whoever can post here could otherwise make us hammer the provider.
	keysRest = 15 * time.Second
)

var (
	// errNoKey says that the provider has no key of that id.
	errNoKey = errors.New("the provider has no such key")
	// errSignature says that none of the provider's keys has signed it.
	errSignature = errors.New("none of the provider's keys has signed it")
)

// keySet are the provider's keys. It implements go-oidc's KeySet. Keys belong to their
// provider: a key id of one says nothing of another's.
type keySet struct {
	provider  *provider
	algorithm jose.SignatureAlgorithm

	turn chan struct{} // held by who reads or writes what follows
	keys []jose.JSONWebKey
	at   time.Time // when keys were read, or tried to be
	err  error     // of that
	// asked is when they were last read because of a key that nobody knew. Other reads do
	// not count: the provider may have a new key a second after one.
	asked time.Time
}

func newKeySet(p *provider, algorithm string) *keySet {
	return &keySet{provider: p, algorithm: jose.SignatureAlgorithm(algorithm), turn: make(chan struct{}, 1)}
}

// VerifySignature returns the payload of a token that one of the provider's keys has
// signed. Errors: errUnreachable, errNoKey, errSignature, or a token that is none.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{s.algorithm})
	if err != nil {
		return nil, fmt.Errorf("not a token of %s: %w", s.algorithm, err)
	}
	if len(jws.Signatures) != 1 {
		return nil, errors.New("not exactly one signature")
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := s.freshen(ctx); err != nil {
		return nil, err
	}
	id, now := jws.Signatures[0].Header.KeyID, s.provider.now()
	payload, err := s.verify(jws, id)
	if err == nil || now.Sub(s.asked) < keysRest {
		return payload, err
	}
	s.asked = now
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	return s.verify(jws, id)
}

// freshen reads keys that are old, or that could not be read. Old ones are better than
// none; without any the error is why.
func (s *keySet) freshen(ctx context.Context) error {
	err, age := s.err, s.provider.now().Sub(s.at)
	if age > keysLife || err != nil && age > keysRest {
		err = s.read(ctx)
	}
	if len(s.keys) > 0 {
		return nil
	}
	return err
}

// heard remembers why a signature was not verified, which go-oidc only prints.
type heard struct {
	*keySet
	err error
}

// VerifySignature implements go-oidc's KeySet.
func (h *heard) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := h.keySet.VerifySignature(ctx, token)
	h.err = err
	return payload, err
}

// verify tries the keys that may have signed: that of the id, or all without one.
func (s *keySet) verify(jws *jose.JSONWebSignature, id string) ([]byte, error) {
	known := false
	for i := range s.keys {
		key := &s.keys[i]
		if id != "" && key.KeyID != id || key.Use != "" && key.Use != "sig" || !key.IsPublic() {
			continue
		}
		known = true
		if payload, err := jws.Verify(key); err == nil {
			return payload, nil
		}
	}
	if !known {
		return nil, errNoKey
	}
	return nil, errSignature
}

// read reads the provider's keys. A try counts as one: a provider that is away is not
// asked for each token.
func (s *keySet) read(ctx context.Context) error {
	doc, err := s.provider.describe(ctx)
	if err != nil {
		return err
	}
	var set jose.JSONWebKeySet
	s.at = s.provider.now()
	if s.err = s.provider.get(ctx, doc.Keys, &set); s.err != nil {
		return s.err
	}
	s.keys = set.Keys
	return nil
}
