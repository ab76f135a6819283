package pki

import "net/http"

// caddy reads {http.request.tls.client.certificate_der_base64}, the client's
// certificate alone. Caddy has no word for its verification: deploy/examples/caddy
// writes nginx's. Without a certificate some versions write the placeholder itself,
// which is refused, and others nothing.
func caddy(n Names) Format {
	return Format{Headers: []string{n.Cert, n.Verify}, Read: func(h http.Header) (Presented, error) {
		verify, err := readFlag(h, n.Verify)
		if err != nil {
			return Presented{}, err
		}
		cert, chain, err := readDER(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		return verify.judge(cert, chain)
	}}
}
