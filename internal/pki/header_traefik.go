package pki

import (
	"crypto/x509"
	"net/http"
	"strings"
)

// traefik reads what passTLSClientCert with pem: true writes: the certificates that
// the client has sent, its own first, each as PEM without its first and last line and
// without line breaks, with commas between them; percent-encoded in older versions.
// There is no word for the verification.
func traefik(n Names) Format {
	headers := []string{n.Cert, "X-Forwarded-Tls-Client-Cert-Info"} // the other one is text, and never read
	return Format{Headers: headers, Read: func(h http.Header) (Presented, error) {
		cert, err := escaped(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		if cert.value == "" {
			return Presented{State: Unknown}, nil
		}
		var chain []*x509.Certificate
		for text := range strings.SplitSeq(cert.value, ",") {
			if len(chain) == maxChain {
				return Presented{}, cert.refuse(TooLong, "there are too many certificates")
			}
			certificate, err := cert.one(text)
			if err != nil {
				return Presented{}, err
			}
			chain = append(chain, certificate)
		}
		return Presented{Chain: chain, State: Unknown}, nil
	}}
}
