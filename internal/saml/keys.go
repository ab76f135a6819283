package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// readKeys reads the RSA keys of a PEM file.
func readKeys(path string) ([]*rsa.PrivateKey, error) {
	if path == "" {
		return nil, nil
	}
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("decryption_key: %w", err)
	}
	var keys []*rsa.PrivateKey
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		key, err := readKey(block)
		if err != nil {
			return nil, fmt.Errorf("decryption_key %s: %w", path, err)
		}
		if key != nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("decryption_key %s: there is no private key in PEM form", path)
	}
	return keys, nil
}

// readKey reads one block; nil if it is no key, such as a certificate beside it.
func readKey(block *pem.Block) (*rsa.PrivateKey, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key, nil
		}
		return nil, errors.New("the key is not RSA, and Elasticsearch takes no other")
	case "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("the key has a passphrase; write it without one, readable by the gateway alone")
	}
	return nil, nil //nolint:nilnil // nothing to read, and nothing wrong
}
