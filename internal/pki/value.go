package pki

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/esgateway/esgateway/internal/certs"
)

const (
	// maxValue bounds a header: fronts allow 8 to 64 KiB, and a chain of four RSA
	// certificates has 8 KiB.
	maxValue = 64 << 10
	// maxChain bounds a chain.
	maxChain = certs.MaxChain
)

// A field is one header of a request while it is read.
type field struct{ name, value string }

// once takes the only value of a header, without the blanks around it. A header that
// is missing has the value "".
func once(h http.Header, name string) (field, error) {
	f := field{name: name}
	switch lines := h[name]; len(lines) {
	case 0:
		return f, nil
	case 1:
		f.value = strings.Trim(lines[0], " \t")
	default:
		return f, f.refuse(Twice, "the front must remove what clients send, and send it once itself")
	}
	if len(f.value) > maxValue {
		return f, f.refuse(TooLong, "64 KiB are enough")
	}
	return f, nil
}

func (f field) refuse(reason Reason, detail string) error {
	return &Refusal{Header: f.name, Reason: reason, Detail: detail}
}

// real refuses what fronts write when a variable is empty or unknown: none of it is
// in any alphabet of a certificate.
func (f field) real() error {
	words := []string{"-", "null", "nil", "none", "undefined", "unknown"}
	if slices.Contains(words, strings.ToLower(f.value)) || strings.ContainsAny(f.value, "{}$()<>[]") {
		return f.refuse(Placeholder, "the front has no certificate here, and writes it all the same")
	}
	return nil
}

// given is what a front has written into a header: once, and not for nothing.
func given(h http.Header, name string) (field, error) {
	f, err := once(h, name)
	if err != nil {
		return f, err
	}
	return f, f.real()
}

// escaped is the same without its percent signs.
func escaped(h http.Header, name string) (field, error) {
	f, err := given(h, name)
	if err != nil {
		return f, err
	}
	return f.unescape()
}

// octets decodes base64, whose padding may be missing. Nothing else is let pass: two
// spellings of one certificate would be two for whoever compares them.
func octets(text string) ([]byte, bool) {
	body := strings.TrimRight(text, "=")
	if len(text)-len(body) > 2 || strings.ContainsAny(body, "\r\n") {
		return nil, false
	}
	der, err := base64.RawStdEncoding.Strict().DecodeString(body)
	return der, err == nil && len(der) > 0
}

// one reads a single certificate in base64 DER.
func (f field) one(text string) (*x509.Certificate, error) {
	der, ok := octets(text)
	if !ok {
		return nil, f.refuse(Broken, "base64 was expected")
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil { // which might say what stands in it
		return nil, f.refuse(Broken, "a certificate in DER was expected")
	}
	return certificate, nil
}

// unescape takes percent signs out, once. A plus stays what it is: AWS leaves it as it
// stands in base64.
func (f field) unescape() (field, error) {
	text, err := url.PathUnescape(f.value)
	if err != nil || strings.ContainsRune(text, '%') {
		return f, f.refuse(Broken, "percent-encoding, once, was expected")
	}
	f.value = text
	return f, nil
}

// pem reads certificates in PEM, with any white space where PEM has line breaks. There
// is nothing before, between and after them: encoding/pem skips what it does not know.
func (f field) pem(limit int) ([]*x509.Certificate, error) {
	const begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
	var chain []*x509.Certificate
	for rest := strings.TrimSpace(f.value); rest != ""; rest = strings.TrimSpace(rest) {
		body, opened := strings.CutPrefix(rest, begin)
		body, after, closed := strings.Cut(body, end)
		if !opened || !closed {
			return nil, f.refuse(Broken, "a certificate in PEM was expected")
		}
		if len(chain) == limit {
			return nil, f.refuse(TooLong, "there are too many certificates")
		}
		certificate, err := f.one(strings.Join(strings.Fields(body), ""))
		if err != nil {
			return nil, err
		}
		chain, rest = append(chain, certificate), after
	}
	return chain, nil
}

// A flag is what a front says of its verification, in nginx's and Apache's words.
type flag struct {
	field
	state State
}

func readFlag(h http.Header, name string) (flag, error) {
	f, err := once(h, name)
	if err != nil {
		return flag{}, err
	}
	switch {
	case f.value == "":
		return flag{f, Unknown}, nil
	case f.value == "SUCCESS":
		return flag{f, Verified}, nil
	case f.value == "NONE":
		return flag{f, None}, nil
	case f.value == "FAILED" || strings.HasPrefix(f.value, "FAILED:"):
		return flag{}, f.refuse(NotVerified, "the front could not verify the certificate")
	}
	return flag{}, f.refuse(Broken, "NONE, SUCCESS or FAILED was expected")
}

// flagged reads a certificate and, where there are any, its issuers beside the flag.
func (n Names) flagged(
	read func(http.Header, string) (field, []*x509.Certificate, error), issuers func(h http.Header, own []*x509.Certificate) ([]*x509.Certificate, error),
) func(http.Header) (Presented, error) {
	return func(h http.Header) (Presented, error) {
		verify, err := readFlag(h, n.Verify)
		if err != nil {
			return Presented{}, err
		}
		cert, chain, err := read(h, n.Cert)
		if err != nil {
			return Presented{}, err
		}
		if issuers != nil {
			above, err := issuers(h, chain)
			if err != nil {
				return Presented{}, err
			}
			chain = append(chain, above...)
		}
		return verify.judge(cert, chain)
	}
}

// judge puts a chain beside the flag: one without the other is a front that is set up
// wrongly, or a header that it does not remove.
func (g flag) judge(cert field, chain []*x509.Certificate) (Presented, error) {
	switch {
	case len(chain) > 0 && g.state == Unknown:
		return Presented{}, g.refuse(Contradiction, "it must say how the certificate was verified")
	case len(chain) > 0 && g.state == None:
		return Presented{}, cert.refuse(Contradiction, "there is a certificate, and "+g.name+" says that there is none")
	case len(chain) == 0 && g.state == Verified:
		return Presented{}, cert.refuse(Contradiction, "there is no certificate, and "+g.name+" says that it was verified")
	}
	return Presented{Chain: chain, State: g.state}, nil
}
