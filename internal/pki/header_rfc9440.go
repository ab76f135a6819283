package pki

import (
	"crypto/x509"
	"net/http"
	"strings"
)

// rfc9440 reads Client-Cert, a byte sequence, and Client-Cert-Chain, a list of them
// without the client's own (RFC 9440 section 2; structured fields, RFC 8941 section
// 3.3.5). Parameters are refused: none is defined, and what nobody has defined could
// only be misread. An empty sequence is what Caddy writes without a certificate; the
// RFC has no word for that, so that it is no proof of none.
func rfc9440(n Names) Format {
	return Format{Headers: []string{n.Cert, n.Chain}, Read: func(h http.Header) (Presented, error) {
		cert, err := once(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		issuers, err := sequences(h, n.Chain)
		if err != nil {
			return Presented{}, err
		}
		if cert.value == "" || cert.value == "::" {
			if len(issuers) > 0 {
				return Presented{}, field{name: n.Chain}.refuse(Contradiction, "it counts together with "+n.Cert+" alone")
			}
			return Presented{State: Unknown}, nil
		}
		leaf, err := cert.sequence(cert.value)
		if err != nil {
			return Presented{}, err
		}
		return Presented{Chain: append([]*x509.Certificate{leaf}, issuers...), State: Unknown}, nil
	}}
}

// sequences reads a list; several lines are one list (RFC 8941 section 4.2).
func sequences(h http.Header, name string) ([]*x509.Certificate, error) {
	f := field{name: name, value: strings.Join(h[name], ",")}
	if len(f.value) > maxValue {
		return nil, f.refuse(TooLong, "64 KiB are enough")
	}
	if strings.Trim(f.value, " \t") == "" {
		return nil, nil
	}
	var chain []*x509.Certificate
	for element := range strings.SplitSeq(f.value, ",") {
		if len(chain) == maxChain-1 {
			return nil, f.refuse(TooLong, "there are too many certificates")
		}
		certificate, err := f.sequence(strings.Trim(element, " \t"))
		if err != nil {
			return nil, err
		}
		chain = append(chain, certificate)
	}
	return chain, nil
}

// sequence reads one certificate between colons.
func (f field) sequence(text string) (*x509.Certificate, error) {
	inner := f
	inner.value = text
	if err := inner.real(); err != nil {
		return nil, err
	}
	if len(text) < 2 || text[0] != ':' || text[len(text)-1] != ':' {
		return nil, f.refuse(Broken, "base64 between two colons was expected")
	}
	return f.one(text[1 : len(text)-1])
}
