package saml

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// sealCBC and sealGCM are what an identity provider does.
func sealCBC(t *testing.T, secret, plain []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	filling := 16 - len(plain)%16
	padded := append(bytes.Clone(plain), make([]byte, filling)...)
	padded[len(padded)-1] = byte(filling) // the others may be anything (XML Encryption 5.2)
	sealed := random(t, 16)
	out := make([]byte, len(padded))
	cipher.NewCBCEncrypter(block, sealed).CryptBlocks(out, padded)
	return append(sealed, out...)
}

func sealGCM(t *testing.T, secret, plain []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := random(t, 12)
	return gcm.Seal(nonce, nonce, plain, nil)
}

func random(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecryptOpensWhatProvidersSend(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const inside = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_inside"/>`
	oaep := func(digest, mgf crypto.Hash) func(secret []byte) ([]byte, error) {
		return func(secret []byte) ([]byte, error) {
			if digest == mgf {
				return rsa.EncryptOAEP(digest.New(), rand.Reader, &key.PublicKey, secret, nil)
			}
			return rsa.EncryptOAEPWithOptions(rand.Reader, &key.PublicKey, secret, &rsa.OAEPOptions{Hash: digest, MGFHash: mgf})
		}
	}
	const oaep1 = `Algorithm="` + xmlenc + `rsa-oaep-mgf1p"/>`
	for _, tc := range []struct {
		name, cipher, transport string
		size                    int
		wrap                    func([]byte) ([]byte, error)
		seal                    func(*testing.T, []byte, []byte) []byte
		beside                  bool // the key stands beside the data
		refused                 string
	}{
		{name: "AES-128-CBC, OAEP", cipher: xmlenc + "aes128-cbc", size: 16, seal: sealCBC, transport: oaep1, wrap: oaep(crypto.SHA1, crypto.SHA1)},
		{name: "AES-256-CBC, OAEP, key beside", cipher: xmlenc + "aes256-cbc", size: 32, seal: sealCBC, transport: oaep1, wrap: oaep(crypto.SHA1, crypto.SHA1), beside: true},
		{name: "AES-192-CBC", cipher: xmlenc + "aes192-cbc", size: 24, seal: sealCBC, transport: oaep1, wrap: oaep(crypto.SHA1, crypto.SHA1)},
		{name: "AES-256-GCM, OAEP with SHA-256 and MGF1-SHA-1", cipher: xmlenc11 + "aes256-gcm", size: 32, seal: sealGCM, transport: `Algorithm="` + xmlenc + `rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="` + xmlenc + `sha256"/></xenc:EncryptionMethod>`, wrap: oaep(crypto.SHA256, crypto.SHA1)},
		{name: "AES-128-GCM, OAEP 1.1 with SHA-512 twice", cipher: xmlenc11 + "aes128-gcm", size: 16, seal: sealGCM, transport: `Algorithm="` + xmlenc11 + `rsa-oaep"><ds:DigestMethod Algorithm="` + xmlenc + `sha512"/><x11:MGF Algorithm="` + xmlenc11 + `mgf1sha512"/></xenc:EncryptionMethod>`, wrap: oaep(crypto.SHA512, crypto.SHA512)},
		{name: "a cipher that nobody should use", cipher: xmlenc + "tripledes-cbc", size: 24, seal: sealCBC, transport: oaep1, wrap: oaep(crypto.SHA1, crypto.SHA1), refused: "decrypt"},
		{name: "an unknown digest", cipher: xmlenc + "aes128-cbc", size: 16, seal: sealCBC, transport: `Algorithm="` + xmlenc + `rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="urn:x"/></xenc:EncryptionMethod>`, wrap: oaep(crypto.SHA1, crypto.SHA1), refused: "digest"},
		{name: "a transport that nobody should use", cipher: xmlenc + "aes128-cbc", size: 16, seal: sealCBC, transport: `Algorithm="` + xmlenc + `rsa-1_5"/>`, wrap: oaep(crypto.SHA1, crypto.SHA1), refused: "not opened by"},
		{name: "half a block", cipher: xmlenc + "aes128-cbc", size: 16, seal: func(t *testing.T, _, _ []byte) []byte { t.Helper(); return random(t, 24) }, transport: oaep1, wrap: oaep(crypto.SHA1, crypto.SHA1), refused: "blocks"},
		{name: "less than a nonce", cipher: xmlenc11 + "aes128-gcm", size: 16, seal: func(t *testing.T, _, _ []byte) []byte { t.Helper(); return random(t, 3) }, transport: oaep1, wrap: oaep(crypto.SHA1, crypto.SHA1), refused: "short"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			secret := random(t, tc.size)
			wrapped, err := tc.wrap(secret)
			if err != nil {
				t.Fatal(err)
			}
			encode := base64.StdEncoding.EncodeToString
			keyElement := fmt.Sprintf(`<xenc:EncryptedKey><xenc:EncryptionMethod %s<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`, tc.transport, encode(wrapped))
			within, beside := "<ds:KeyInfo>"+keyElement+"</ds:KeyInfo>", ""
			if tc.beside {
				within, beside = "", keyElement
			}
			message := xmlResponse(`xmlns:xenc="`+xmlenc+`" xmlns:x11="`+xmlenc11+`" xmlns:ds="`+signatureNS+`"`, fmt.Sprintf(
				`<saml:EncryptedAssertion><xenc:EncryptedData><xenc:EncryptionMethod Algorithm="%s"/>%s<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>%s</saml:EncryptedAssertion>`,
				tc.cipher, within, encode(tc.seal(t, secret, []byte(inside))), beside))
			answer, err := readResponse([]byte(message))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := answer.Encrypted[0].decrypt(key)
			switch {
			case tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)):
				t.Errorf("got %q, %v; want a refusal with %q", plain, err, tc.refused)
			case tc.refused == "" && string(plain) != inside:
				t.Errorf("got %q, %v", plain, err)
			}
			one := (&Method{decryption: []*rsa.PrivateKey{key}}).opened(answer)
			if (one != nil) != (tc.refused == "") {
				t.Errorf("opened: %+v", one)
			}
		})
	}
}

func TestDecryptWithAnotherKeyOpensNothing(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	secret := random(t, 16)
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &key.PublicKey, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := encrypted{Data: encryptedData{Method: method{Algorithm: xmlenc + "aes128-cbc"}, Value: base64.StdEncoding.EncodeToString(sealCBC(t, secret, []byte("<a/>")))}}
	e.Keys = []encryptedKey{{Method: method{Algorithm: xmlenc + "rsa-oaep-mgf1p"}, Value: base64.StdEncoding.EncodeToString(wrapped)}}
	if plain, err := e.decrypt(other); err == nil && string(plain) == "<a/>" {
		t.Error("another key opens it")
	}
}
