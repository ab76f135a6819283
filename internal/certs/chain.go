package certs

import (
	"crypto/rsa"
	"crypto/x509"
)

const (
	// MaxChain bounds a chain. Real ones have two to four certificates.
	MaxChain = 10
	// maxRSA bounds what a stranger's key may cost us: crypto/tls draws the same line.
	maxRSA = 8192
)

func affordable(c *x509.Certificate) bool {
	key, is := c.PublicKey.(*rsa.PublicKey)
	return !is || key.N.BitLen() <= maxRSA
}
