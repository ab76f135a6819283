package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
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

	// known are the keys that were read last, and when that was tried last. Whoever has a
	// token of one of them waits for nobody.
	known atomic.Pointer[readKeys]
	turn  chan struct{} // held by who reads them
}

// readKeys are keys, when they were last read or tried to be, and why that failed.
type readKeys struct {
	keys   []jose.JSONWebKey
	at     time.Time
	failed error
	// asked is when they were last read because of a key that nobody knew.
	asked time.Time
}

func newKeySet(p *provider, algorithm string) *keySet {
	s := &keySet{provider: p, algorithm: jose.SignatureAlgorithm(algorithm), turn: make(chan struct{}, 1)}
	s.known.Store(&readKeys{})
	return s
}

// VerifySignature returns the payload of a token that one of the provider's keys has
// signed. Errors: errUnreachable, errOther, errNoKey, errSignature, or a token that is
// none.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{s.algorithm})
	if err != nil {
		return nil, fmt.Errorf("not a token of %s: %w", s.algorithm, err)
	}
	if len(jws.Signatures) != 1 {
		return nil, errors.New("not exactly one signature")
	}
	known := s.known.Load()
	good := known.failed == nil && s.provider.now().Sub(known.at) < keysLife
	if good {
		if payload, err := s.verify(jws, known.keys); err == nil {
			return payload, nil
		}
	}
	fresh, err := s.read(ctx, known, good)
	if err != nil {
		return nil, err
	}
	payload, err := s.verify(jws, fresh.keys)
	if errors.Is(err, errNoKey) && fresh.failed != nil {
		return nil, fresh.failed // it may be one that nobody could read
	}
	return payload, err
}

// verify tries the keys that may have signed: that of the id, or all without one.
func (s *keySet) verify(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, error) {
	id, known := jws.Signatures[0].Header.KeyID, false
	for i := range keys {
		key := &keys[i]
		if !signs(key, string(s.algorithm)) || id != "" && key.KeyID != id {
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

// signs reports whether a key can have signed by that algorithm.
func signs(key *jose.JSONWebKey, algorithm string) bool {
	if key.Use != "" && key.Use != "sig" || !key.IsPublic() || key.Algorithm != "" && key.Algorithm != algorithm {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return !strings.HasPrefix(algorithm, "ES")
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[algorithm] == public.Curve.Params().BitSize
	}
	return false
}

// read reads the provider's keys, once for all who want them. Old ones stay while they
// cannot be read. unknown: only because of a key that is not among good ones, for which
// they are read again once in a while, but at once if they were last read for another
// reason: the provider may have a new key a second after that. The error is that of the
// context, while others read; what is begun here is for all who come, so that a client who
// leaves does not break it off (threat: whoever can post here could have the keys count as
// unreadable, again and again).
func (s *keySet) read(ctx context.Context, before *readKeys, unknown bool) (*readKeys, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	known, now := s.known.Load(), s.provider.now()
	switch {
	case known != before,
		unknown && now.Sub(known.asked) < keysRest,
		!unknown && known.failed != nil && now.Sub(known.at) < keysRest:
		return known, nil
	}
	next := &readKeys{at: now, keys: known.keys, asked: known.asked} // a try counts as one
	if unknown {
		next.asked = now
	}
	if keys, err := s.fetch(context.WithoutCancel(ctx)); err != nil {
		next.failed = err
	} else {
		next.keys = keys
	}
	s.known.Store(next)
	return next, nil
}

func (s *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	doc, err := s.provider.describe(ctx)
	if err != nil {
		return nil, err
	}
	return s.provider.keysAt(ctx, doc.Keys)
}

// keysAt reads the keys that are published at an address. One that is not understood is
// left out (RFC 7517, section 5): providers have new kinds of keys before everybody knows
// them, and the others are as good as before.
func (p *provider) keysAt(ctx context.Context, address string) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := p.get(ctx, address, &set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// heard remembers why a signature was not verified, which go-oidc only prints.
type heard struct {
	*keySet
	err error
	// read: there were keys to verify it with, whatever came of that.
	read bool
}

// VerifySignature implements go-oidc's KeySet.
func (h *heard) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := h.keySet.VerifySignature(ctx, token)
	h.err, h.read = err, err == nil || errors.Is(err, errNoKey) || errors.Is(err, errSignature)
	return payload, err
}
