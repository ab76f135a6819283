package pki

import (
	"crypto/x509"
	"net/http"
)

// haproxy reads %[ssl_c_der,base64], and %[ssl_c_chain_der,base64], the issuers that
// the client has sent, one behind the other, without its own certificate. HAProxy's
// own ssl_c_verify is 0 without a certificate too, so that the flag has nginx's words,
// which deploy/examples/haproxy writes.
func haproxy(n Names) Format {
	issuers := func(h http.Header, own []*x509.Certificate) ([]*x509.Certificate, error) {
		all, err := readDERs(h, n.Chain)
		if len(all) > 0 && len(own) == 0 {
			return nil, field{name: n.Chain}.refuse(Contradiction, "it counts together with "+n.Cert+" alone")
		}
		return all, err
	}
	return Format{Headers: []string{n.Cert, n.Chain, n.Verify}, Verdict: true, Read: n.flagged(readDER, issuers)}
}

// readDER reads a header with one certificate in base64 DER, or nothing.
func readDER(h http.Header, name string) (field, []*x509.Certificate, error) {
	f, err := given(h, name)
	if err != nil || f.value == "" {
		return f, nil, err
	}
	certificate, err := f.one(f.value)
	if err != nil {
		return f, nil, err
	}
	return f, []*x509.Certificate{certificate}, nil
}

// readDERs reads a header with certificates in DER, one behind the other in one base64.
func readDERs(h http.Header, name string) ([]*x509.Certificate, error) {
	f, err := given(h, name)
	if err != nil || f.value == "" {
		return nil, err
	}
	der, ok := octets(f.value)
	if !ok {
		return nil, f.refuse(Broken, "base64 was expected")
	}
	chain, err := x509.ParseCertificates(der)
	if err != nil {
		return nil, f.refuse(Broken, "certificates in DER were expected")
	}
	if len(chain) >= maxChain {
		return nil, f.refuse(TooLong, "there are too many certificates")
	}
	return chain, nil
}
