package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// HolderConfig says whose certificates are known: by their fingerprints, or by names that
// an authority vouches for.
type HolderConfig struct {
	// Fingerprints are SHA-256 of whole certificates, in hexadecimal with or without
	// colons, as openssl x509 -fingerprint -sha256 prints them.
	Fingerprints []string `yaml:"fingerprints"`
	// Names are DNS names, URIs (spiffe://...) or addresses in the subject alternative
	// names of certificates that ca vouches for, exactly.
	Names []string `yaml:"names"`
	// CA is a PEM file with the authorities that vouch for names. It is read again when
	// it changes.
	CA string `yaml:"ca"`
}

// None reports whether nobody is named.
func (c HolderConfig) None() bool { return len(c.Fingerprints)+len(c.Names) == 0 && c.CA == "" }

// Check returns what is wrong, by yaml key.
func (c HolderConfig) Check() map[string]error {
	bad := map[string]error{}
	for _, text := range c.Fingerprints {
		if _, err := readFingerprint(text); err != nil {
			bad["fingerprints"] = err
		}
	}
	switch {
	case len(c.Names) > 0 && c.CA == "":
		bad["ca"] = errors.New("is missing: names count only if an authority vouches for them")
	case len(c.Names) == 0 && c.CA != "":
		bad["names"] = errors.New("are missing: else everybody with a certificate of this authority would count")
	case slices.Contains(c.Names, ""):
		bad["names"] = errors.New("hold an empty one")
	}
	return bad
}

type fingerprint = [sha256.Size]byte

func readFingerprint(text string) (fingerprint, error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	if err != nil || len(raw) != sha256.Size {
		return fingerprint{}, fmt.Errorf("%q is no SHA-256 fingerprint: 64 hexadecimal digits, with or without colons", text)
	}
	return fingerprint(raw), nil
}

// Holders knows whose certificates count. It is safe for concurrent use.
type Holders struct {
	fingerprints map[fingerprint]bool
	names        []string
	judge        *Judge // nil: there are no names
	now          func() time.Time
}

// NewHolders opens the authorities' file; wrong is that of NewJudge.
func NewHolders(now func() time.Time, c HolderConfig, wrong func(error)) (*Holders, error) {
	h := &Holders{fingerprints: map[fingerprint]bool{}, names: c.Names, now: now}
	for _, text := range c.Fingerprints {
		one, err := readFingerprint(text)
		if err != nil {
			return nil, err
		}
		h.fingerprints[one] = true
	}
	if c.CA == "" {
		return h, nil
	}
	var err error
	h.judge, err = NewJudge(now, Files{CA: c.CA}, wrong)
	return h, err
}

// Authorities are those whose certificates can count; ok is false if others can as well.
func (h *Holders) Authorities() (all []*x509.Certificate, ok bool) {
	if len(h.fingerprints) > 0 || h.judge == nil {
		return nil, false
	}
	h.judge.Look()
	return h.judge.Authorities(), true
}

// Include reports whether a chain that a peer has shown is one of theirs. That the peer has
// the key is the handshake's proof.
func (h *Holders) Include(shown []*x509.Certificate) bool {
	if len(shown) == 0 {
		return false
	}
	own, now := shown[0], h.now()
	if h.fingerprints[sha256.Sum256(own.Raw)] {
		return !now.Before(own.NotBefore) && !now.After(own.NotAfter)
	}
	if h.judge == nil || !slices.ContainsFunc(h.names, func(name string) bool { return names(own, name) }) {
		return false
	}
	_, err := h.judge.Verify(shown)
	return err == nil
}

// names reports whether a certificate is for that name. Its subject does not count, and a
// wildcard stands for itself alone.
func names(c *x509.Certificate, name string) bool {
	for _, uri := range c.URIs {
		if uri.String() == name {
			return true
		}
	}
	for _, address := range c.IPAddresses {
		if address.String() == name {
			return true
		}
	}
	return slices.ContainsFunc(c.DNSNames, func(own string) bool { return strings.EqualFold(own, name) })
}
