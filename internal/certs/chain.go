package certs

import (
	"crypto/rsa"
	"crypto/x509"
	"slices"
)

const (
	// maxChain bounds a chain. Real ones have two to four certificates.
	maxChain = 10
	// maxRSA bounds what a stranger's key may cost us: crypto/tls draws the same line.
	maxRSA = 8192
)

// Complete puts the issuers behind a client's certificate, each behind what it has
// issued, from what the client has sent and from a bundle, which may be nil. What the
// client has sent and does not belong to its chain is left out. It ends at a root, or
// where no issuer is known. That a chain is complete says nothing of its trust.
func Complete(presented []*x509.Certificate, between *Bundle) []*x509.Certificate {
	if len(presented) == 0 {
		return nil
	}
	candidates := slices.Clone(presented[1:min(len(presented), maxChain)])
	if between != nil {
		candidates = append(candidates, between.list...)
	}
	chain := presented[:1:1]
	for len(chain) < maxChain {
		last := chain[len(chain)-1]
		if string(last.RawIssuer) == string(last.RawSubject) {
			break
		}
		next := slices.IndexFunc(candidates, func(c *x509.Certificate) bool {
			return string(c.RawSubject) == string(last.RawIssuer) && affordable(c) && !slices.ContainsFunc(chain, c.Equal) && last.CheckSignatureFrom(c) == nil
		})
		if next < 0 {
			break
		}
		chain = append(chain, candidates[next])
	}
	return chain
}

func affordable(c *x509.Certificate) bool {
	key, is := c.PublicKey.(*rsa.PublicKey)
	return !is || key.N.BitLen() <= maxRSA
}
