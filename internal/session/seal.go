package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// sealFormat is the first byte of everything sealed, so that a later format can
// be told apart.
const sealFormat = 1

// sealHeader is format, key id and nonce, which stand in front of the ciphertext.
const sealHeader = 1 + 4 + 12

// ErrSealed says that a record cannot be opened: made under a key that is not in the
// ring, damaged, or copied from under another key.
var ErrSealed = errors.New("session: record cannot be opened")

// seal encrypts plain for one record. The record's key and purpose are part of
// what is authenticated, so that a record copied under another key, or used
// for another purpose, does not open. Each record has an AES key of its own
// (HKDF over its key), so that the random nonces cannot meet.
func (k *Keyring) seal(purpose string, key Key, plain []byte) ([]byte, error) {
	master := k.writer()
	aead, err := recordCipher(master, purpose, key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, sealHeader, sealHeader+len(plain)+aead.Overhead())
	out[0] = sealFormat
	copy(out[1:], master.id[:])
	nonce := out[5:sealHeader]
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the process instead
	return aead.Seal(out, nonce, plain, sealContext(out[:5], purpose, key)), nil
}

// open is the reverse of seal. It returns ErrSealed for anything that seal has
// not made with this ring for this purpose and key.
func (k *Keyring) open(purpose string, key Key, sealed []byte) ([]byte, error) {
	if len(sealed) < sealHeader || sealed[0] != sealFormat {
		return nil, fmt.Errorf("%w: unknown format", ErrSealed)
	}
	master := k.find([4]byte(sealed[1:5]))
	if master == nil {
		return nil, fmt.Errorf("%w: its key is not in the ring", ErrSealed)
	}
	aead, err := recordCipher(master, purpose, key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, sealed[5:sealHeader], sealed[sealHeader:], sealContext(sealed[:5], purpose, key))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return plain, nil
}

func recordCipher(master *MasterKey, purpose string, key Key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(master.derive("record "+purpose+" "+string(key[:]), keySize))
	if err != nil {
		return nil, fmt.Errorf("make record cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// sealContext is the associated data: format, key id, purpose, record key.
func sealContext(head []byte, purpose string, key Key) []byte {
	ad := make([]byte, 0, len(head)+len(purpose)+len(key))
	ad = append(ad, head...)
	ad = append(ad, purpose...)
	return append(ad, key[:]...)
}
