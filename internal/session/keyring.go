package session

import (
	"bufio"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// keySize is the size of a master key in bytes: 256 bits, as AES-256 needs.
const keySize = 32

// maxKeys bounds a key ring: each costs a try at every foreign cookie.
const maxKeys = 16

// MasterKey is one key of the ring, from which a key for each purpose is derived.
type MasterKey struct {
	id     [4]byte
	secret [keySize]byte
}

// Keyring holds the keys that seal records and cookies. The first key writes,
// all keys read, so that a key is rotated by putting a new one in front.
type Keyring struct {
	keys []MasterKey
}

// NewKey makes a fresh key in the form of a line of a key file.
func NewKey() string {
	var b [keySize]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return base64.StdEncoding.EncodeToString(b[:])
}

// ParseKeyring reads a key file: one base64 key of 32 bytes a line, the writing
// key first; empty lines and lines that start with # are skipped.
func ParseKeyring(r io.Reader) (*Keyring, error) {
	ring := &Keyring{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, fmt.Errorf("line %d is not base64; a key is made by `gateway keys new`", n)
		}
		if len(raw) != keySize {
			return nil, fmt.Errorf("line %d holds a key of %d bytes, needed are %d; a key is made by `gateway keys new`", n, len(raw), keySize)
		}
		if err := ring.add(raw); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(ring.keys) == 0 {
		return nil, errors.New("there is no key; make one by `gateway keys new`")
	}
	return ring, nil
}

func (k *Keyring) add(raw []byte) error {
	if len(k.keys) == maxKeys {
		return fmt.Errorf("more than %d keys", maxKeys)
	}
	key := MasterKey{secret: [keySize]byte(raw)}
	key.id = [4]byte(key.derive("key id", 4))
	for _, other := range k.keys {
		if other.id == key.id {
			return errors.New("the same key stands there twice")
		}
	}
	k.keys = append(k.keys, key)
	return nil
}

// derive makes the key for one purpose, so that no two uses share a key.
func (m *MasterKey) derive(purpose string, size int) []byte {
	b, err := hkdf.Key(sha256.New, m.secret[:], nil, "esgateway "+purpose, size)
	if err != nil {
		//nolint:forbidigo // only a size that no caller has is refused
		panic("session: hkdf refuses a constant size: " + err.Error())
	}
	return b
}

// writer is the key that seals.
func (k *Keyring) writer() *MasterKey { return &k.keys[0] }

// find returns the key with that id, or nil.
func (k *Keyring) find(id [4]byte) *MasterKey {
	for i := range k.keys {
		if k.keys[i].id == id {
			return &k.keys[i]
		}
	}
	return nil
}

// Check names the ring without giving anything away: two nodes with the same
// ring have the same check value.
func (k *Keyring) Check() string {
	sum := sha256.New()
	for i := range k.keys {
		_, _ = sum.Write(k.keys[i].derive("check", 16)) // a hash never fails
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:6])
}
