package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	_ "crypto/sha1" // rsa-oaep-mgf1p is defined with it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"
)

// encrypted is an EncryptedAssertion or EncryptedID: the data, and its key inside
// of it or beside it.
type encrypted struct {
	Data encryptedData  `xml:"http://www.w3.org/2001/04/xmlenc# EncryptedData"`
	Keys []encryptedKey `xml:"http://www.w3.org/2001/04/xmlenc# EncryptedKey"`
}

type encryptedData struct {
	Method method `xml:"http://www.w3.org/2001/04/xmlenc# EncryptionMethod"`
	Info   struct {
		Keys []encryptedKey `xml:"http://www.w3.org/2001/04/xmlenc# EncryptedKey"`
	} `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo"`
	Value string `xml:"http://www.w3.org/2001/04/xmlenc# CipherData>CipherValue"`
}

type encryptedKey struct {
	Method method `xml:"http://www.w3.org/2001/04/xmlenc# EncryptionMethod"`
	Value  string `xml:"http://www.w3.org/2001/04/xmlenc# CipherData>CipherValue"`
}

// method is an algorithm and what bends it.
type method struct {
	Algorithm string `xml:"Algorithm,attr"`
	Digest    struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"http://www.w3.org/2000/09/xmldsig# DigestMethod"`
	MGF struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"http://www.w3.org/2009/xmlenc11# MGF"`
}

// The algorithms (XML Encryption 1.1, section 5).
const (
	xmlenc   = "http://www.w3.org/2001/04/xmlenc#"
	xmlenc11 = "http://www.w3.org/2009/xmlenc11#"
)

// hashes are the digests of OAEP, hashesOfMGF those of its mask.
func hashes(algorithm string) crypto.Hash {
	switch algorithm {
	case "", signatureNS + "sha1":
		return crypto.SHA1
	case xmlenc + "sha256":
		return crypto.SHA256
	case "http://www.w3.org/2001/04/xmldsig-more#sha384":
		return crypto.SHA384
	case xmlenc + "sha512":
		return crypto.SHA512
	}
	return 0
}

func hashesOfMGF(algorithm string) crypto.Hash {
	switch algorithm {
	case "", xmlenc11 + "mgf1sha1":
		return crypto.SHA1
	case xmlenc11 + "mgf1sha256":
		return crypto.SHA256
	case xmlenc11 + "mgf1sha384":
		return crypto.SHA384
	case xmlenc11 + "mgf1sha512":
		return crypto.SHA512
	}
	return 0
}

// maxKeys bounds for how many recipients something may be encrypted: each costs an
// operation with our key.
const maxKeys = 8

// decrypt opens what was encrypted for the key.
//
// Threat: an oracle. It is asked only of messages that ES has accepted, and what it
// answers shows to nobody: a person sees the same, whether it opens or not.
func (e *encrypted) decrypt(key *rsa.PrivateKey) ([]byte, error) {
	sealed, err := decode(e.Data.Value)
	if err != nil {
		return nil, err
	}
	err = errors.New("no EncryptedKey")
	keys := append(e.Data.Info.Keys, e.Keys...)
	if len(keys) > maxKeys {
		return nil, errors.New("decrypt: too many keys")
	}
	for _, k := range keys {
		var secret, plain []byte
		if secret, err = k.unwrap(key); err != nil {
			continue
		}
		if plain, err = open(e.Data.Method.Algorithm, secret, sealed); err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("decrypt: %w", err)
}

// unwrap opens the key of the data. RSA with PKCS 1.5 is left closed: its padding
// makes an oracle of everything.
func (k *encryptedKey) unwrap(key *rsa.PrivateKey) ([]byte, error) {
	sealed, err := decode(k.Value)
	if err != nil {
		return nil, err
	}
	switch k.Method.Algorithm {
	case xmlenc + "rsa-oaep-mgf1p", xmlenc11 + "rsa-oaep":
		o := &rsa.OAEPOptions{Hash: hashes(k.Method.Digest.Algorithm), MGFHash: hashesOfMGF(k.Method.MGF.Algorithm)}
		if o.Hash == 0 || o.MGFHash == 0 {
			return nil, errors.New("an unknown digest")
		}
		return key.Decrypt(nil, sealed, o)
	}
	return nil, fmt.Errorf("keys are not opened by %q", k.Method.Algorithm)
}

// keySize is how long the key of a cipher is, in bytes; 0: an unknown cipher.
func keySize(algorithm string) int {
	switch algorithm {
	case xmlenc + "aes128-cbc", xmlenc11 + "aes128-gcm":
		return 16
	case xmlenc + "aes192-cbc", xmlenc11 + "aes192-gcm":
		return 24
	case xmlenc + "aes256-cbc", xmlenc11 + "aes256-gcm":
		return 32
	}
	return 0
}

// open opens the data with its key.
func open(algorithm string, secret, sealed []byte) ([]byte, error) {
	if len(secret) == 0 || len(secret) != keySize(algorithm) {
		return nil, fmt.Errorf("data is not opened by %q", algorithm)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	if algorithm[len(algorithm)-4:] == "-gcm" {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		if len(sealed) < gcm.NonceSize() {
			return nil, errors.New("too short")
		}
		return gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
	}
	return openCBC(block, sealed)
}

// openCBC opens blocks in a chain; the last byte says how many are filling.
func openCBC(block cipher.Block, sealed []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(sealed) < 2*size || len(sealed)%size != 0 {
		return nil, errors.New("not whole blocks")
	}
	plain := make([]byte, len(sealed)-size)
	cipher.NewCBCDecrypter(block, sealed[:size]).CryptBlocks(plain, sealed[size:])
	filling := int(plain[len(plain)-1])
	if filling < 1 || filling > size {
		return nil, errors.New("no filling")
	}
	return plain[:len(plain)-filling], nil
}
