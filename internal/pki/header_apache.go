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
	var names []string
	for i := range apacheChain + 1 {
		names = append(names, n.Chain+strconv.Itoa(i))
	}
	issuers := func(h http.Header, own []*x509.Certificate) ([]*x509.Certificate, error) {
		var all []*x509.Certificate
		for i, name := range names {
			f, issuer, err := readPEM(h, name)
			switch {
			case err != nil:
				return nil, err
			case len(issuer) == 0:
				continue
			case i == apacheChain:
				return nil, f.refuse(TooLong, "there are too many certificates")
			case len(own) == 0 || len(all) != i:
				return nil, f.refuse(Contradiction, "the one before it is missing")
			}
			all = append(all, issuer...)
		}
		return all, nil
	}
	return Format{Headers: append([]string{n.Cert, n.Verify}, names...), Verdict: true, Read: n.flagged(readPEM, issuers)}
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
