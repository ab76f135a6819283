package pki

import (
	"crypto/x509"
	"net/http"
)

// nginx reads $ssl_client_escaped_cert, the client's certificate alone in
// percent-encoded PEM, and $ssl_client_verify.
func nginx(n Names) Format {
	return Format{Headers: []string{n.Cert, n.Verify}, Verdict: true, Read: n.flagged(readEscaped, nil)}
}

// readEscaped reads a header with one certificate in percent-encoded PEM, or nothing.
func readEscaped(h http.Header, name string) (field, []*x509.Certificate, error) {
	f, err := escaped(h, name)
	if err != nil {
		return f, nil, err
	}
	chain, err := f.pem(1)
	return f, chain, err
}
