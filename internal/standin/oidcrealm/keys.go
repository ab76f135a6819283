package oidcrealm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// keys are the provider's, as Elasticsearch keeps them: a file is read each time, an
// address is asked once and again only after a validation that failed.
type keys struct {
	source OP
	client *http.Client

	mu      sync.Mutex // held while fetching: those who come meanwhile share the answer
	fetched int
	set     jose.JSONWebKeySet
}

// current are the keys and how often they were fetched.
func (k *keys) current(ctx context.Context) (jose.JSONWebKeySet, int, error) {
	if k.source.JWKSet != nil {
		text, err := k.source.JWKSet()
		if err != nil {
			return jose.JSONWebKeySet{}, 0, err
		}
		set, err := parseKeys(text)
		return set, 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fetched == 0 {
		_ = k.fetch(ctx) // as at the start of a realm: only traced, and tried again below
	}
	return k.set, k.fetched, nil
}

// renewed fetches again unless somebody else has meanwhile. Files are never older
// than the validation that failed.
func (k *keys) renewed(ctx context.Context, seen int) (again bool, err error) {
	if k.source.JWKSet != nil {
		return false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fetched == seen {
		err = k.fetch(ctx)
	}
	return true, err
}

// fetch asks the provider. The caller holds mu.
func (k *keys) fetch(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.source.JWKSetPath, http.NoBody)
	if err != nil {
		return err
	}
	status, _, text, err := ask(k.client, request)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("the key set is answered with %d", status)
	}
	set, err := parseKeys(text)
	if err != nil {
		return err
	}
	k.set = set
	k.fetched++
	return nil
}

func parseKeys(text []byte) (jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	err := json.Unmarshal(text, &set)
	return set, err
}

// A fixedKeys is a reading of the keys, for one validation (oidc.KeySet). The client
// secret is the only key of the HS algorithms.
type fixedKeys struct {
	algorithm jose.SignatureAlgorithm
	set       jose.JSONWebKeySet
	secret    []byte // nil: the set is used
}

// VerifySignature tries the key that the token names, or all if it names none.
func (f fixedKeys) VerifySignature(_ context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{f.algorithm})
	if err != nil {
		return nil, err
	}
	if f.secret != nil {
		return signed.Verify(f.secret)
	}
	id := signed.Signatures[0].Header.KeyID
	for _, key := range f.set.Keys {
		if id != "" && key.KeyID != id || !key.IsPublic() {
			continue
		}
		if payload, err := signed.Verify(&key); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("Signed JWT rejected: Another algorithm expected, or no matching key(s) found")
}
