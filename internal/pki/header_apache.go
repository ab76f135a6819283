package pki

import (
	"crypto/x509"
	"net/http"
	"strconv"
)

// apacheChain bounds the issuers, each of which has a header that the front must remove
// of what clients send.
const apacheChain = 4

// apache reads %{SSL_CLIENT_CERT}s, PEM with blanks for line breaks, the issuers that
// the client has sent in a header each (%{SSL_CLIENT_CERT_CHAIN_0}s and so on), and
// %{SSL_CLIENT_VERIFY}s. A variable that is not set is "(null)" there, which is
// refused: the front must set a header only if there is something to say.
func apache(n Names) Format {
	headers, issuers := []string{n.Cert, n.Verify}, []string{}
	for i := range apacheChain + 1 {
		issuers = append(issuers, n.Chain+strconv.Itoa(i))
	}
	return Format{Headers: append(headers, issuers...), Read: func(h http.Header) (Presented, error) {
		verify, err := readFlag(h, n.Verify)
		if err != nil {
			return Presented{}, err
		}
		cert, chain, err := readPEM(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		for i, name := range issuers {
			f, issuer, err := readPEM(h, name)
			if err != nil {
				return Presented{}, err
			}
			if len(issuer) == 0 {
				continue
			}
			if i == apacheChain {
				return Presented{}, f.refuse(TooLong, "there are too many certificates")
			}
			if len(chain) != i+1 {
				return Presented{}, f.refuse(Contradiction, "the one before it is missing")
			}
			chain = append(chain, issuer...)
		}
		return verify.judge(cert, chain)
	}}
}

// readPEM reads a header with one certificate in PEM, or nothing.
func readPEM(h http.Header, name string) (field, []*x509.Certificate, error) {
	f, err := given(h, name)
	if err != nil {
		return f, nil, err
	}
	chain, err := f.pem(1)
	return f, chain, err
}
