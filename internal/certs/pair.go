package certs

import (
	"crypto/tls"
	"fmt"
	"time"
)

// OpenPair reads a certificate with its chain and its key, in PEM. They change
// together: as long as the key does not fit the certificate, the last pair stays.
func OpenPair(now func() time.Time, certificate, key string) (*Source[*tls.Certificate], error) {
	return open(now, []string{certificate, key}, func(files []file) (*tls.Certificate, error) {
		pair, err := tls.X509KeyPair(files[0].text, files[1].text)
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", files[0].name, files[1].name, err)
		}
		return &pair, nil
	})
}
