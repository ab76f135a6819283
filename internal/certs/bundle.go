package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"
)

// Bundle is a set of certificates. It is immutable.
type Bundle struct {
	list []*x509.Certificate
	pool *x509.CertPool
}

// NewBundle makes a bundle of certificates that are known already.
func NewBundle(list ...*x509.Certificate) *Bundle {
	b := &Bundle{list: slices.Clone(list), pool: x509.NewCertPool()}
	for _, c := range list {
		b.pool.AddCert(c)
	}
	return b
}

// Certificates are those of the bundle.
func (b *Bundle) Certificates() []*x509.Certificate { return slices.Clone(b.list) }

// Pool is the bundle for crypto/tls and crypto/x509. It must not be changed.
func (b *Bundle) Pool() *x509.CertPool { return b.pool }

// OpenBundle reads certificates, in PEM or DER, of authorities or of what stands
// between them and others. A file without any, or with anything else, is an error: a
// bundle of which a part was left out would refuse people for no reason that anybody
// could see.
func OpenBundle(now func() time.Time, names ...string) (*Source[*Bundle], error) {
	return open(now, names, func(files []file) (*Bundle, error) {
		var all []*x509.Certificate
		for _, f := range files {
			blocks, err := f.blocks("CERTIFICATE")
			if err != nil {
				return nil, err
			}
			for i, der := range blocks {
				certificate, err := x509.ParseCertificate(der)
				if err != nil {
					return nil, fmt.Errorf("%s: certificate %d: %w", f.name, i+1, err)
				}
				all = append(all, certificate)
			}
		}
		return NewBundle(all...), nil
	})
}

// blocks are the contents of a file's PEM blocks, or the whole file, which is then
// DER. encoding/pem skips a block that it cannot read; here that is an error.
func (f file) blocks(kind string) ([][]byte, error) {
	begins := bytes.Count(f.text, []byte("-----BEGIN "))
	if begins == 0 {
		return [][]byte{f.text}, nil
	}
	var found [][]byte
	for block, rest := pem.Decode(f.text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != kind {
			return nil, fmt.Errorf("%s: block %d is of another type than %s", f.name, len(found)+1, kind)
		}
		found = append(found, block.Bytes)
	}
	if len(found) != begins {
		return nil, fmt.Errorf("%s: only %d of %d PEM blocks can be read", f.name, len(found), begins)
	}
	return found, nil
}
