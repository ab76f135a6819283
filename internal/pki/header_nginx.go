package pki

import "net/http"

// nginx reads $ssl_client_escaped_cert, the client's certificate alone in
// percent-encoded PEM, and $ssl_client_verify.
func nginx(n Names) Format {
	return Format{Headers: []string{n.Cert, n.Verify}, Read: func(h http.Header) (Presented, error) {
		verify, err := readFlag(h, n.Verify)
		if err != nil {
			return Presented{}, err
		}
		cert, err := escaped(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		chain, err := cert.pem(1)
		if err != nil {
			return Presented{}, err
		}
		return verify.judge(cert, chain)
	}}
}
