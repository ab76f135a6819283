package samlrealm

import (
	"bytes"
	"compress/flate"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// A parsedQuery is a query string of the redirect binding.
type parsedQuery struct {
	message    []byte // still deflated and in base64
	signed     bool
	relayState *string
}

// query reads a raw query string and verifies its signature if it has both
// parts of one. The signature covers the octets before the first "&Signature=";
// what follows is parsed nevertheless and, as the last value of its name, wins.
// That hole is Elasticsearch's: its callers have to close it.
func (j *judge) query(raw, parameter string) (*parsedQuery, error) {
	values, err := decodeQuery(raw)
	if err != nil {
		return nil, err
	}
	message, ok := values[parameter]
	if !ok {
		return nil, refuse("Could not parse %s from query string: [%s]", parameter, raw)
	}
	q := &parsedQuery{message: []byte(message)}
	if state, ok := values["RelayState"]; ok {
		q.relayState = &state
	}
	signature, signed := values["Signature"]
	algorithm, named := values["SigAlg"]
	if !signed || !named {
		return q, nil
	}
	q.signed = true
	octets, _, _ := strings.Cut(raw, "&Signature=")
	return q, j.verifyQuery(octets, algorithm, signature)
}

func (j *judge) verifyQuery(octets, algorithm, signature string) error {
	raw, err := unbase64(signature)
	if err != nil {
		return err
	}
	for _, c := range j.idp.certificates {
		if c.CheckSignature(signatureAlgorithm(algorithm), []byte(octets), raw) == nil {
			return nil
		}
	}
	runes := []rune(signature)
	return j.idp.unverified(string(runes[:min(32, len(runes))]))
}

// signatureAlgorithm is Go's name for a SigAlg. Elasticsearch has no list of
// those that it allows, so SHA-1 is among them; the sender names it.
func signatureAlgorithm(uri string) x509.SignatureAlgorithm {
	switch uri {
	case "http://www.w3.org/2000/09/xmldsig#rsa-sha1":
		return x509.SHA1WithRSA
	case rsaSHA256:
		return x509.SHA256WithRSA
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":
		return x509.SHA384WithRSA
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":
		return x509.SHA512WithRSA
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":
		return x509.ECDSAWithSHA256
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":
		return x509.ECDSAWithSHA384
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":
		return x509.ECDSAWithSHA512
	}
	return x509.UnknownSignatureAlgorithm
}

// maxMessage bounds an inflated message: a few hundred bytes can grow to
// megabytes.
const maxMessage = 1 << 20

// xml is the query's message, inflated.
func (q *parsedQuery) xml() ([]byte, error) {
	raw, err := unbase64(string(q.message))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), maxMessage))
	if err != nil {
		return nil, &Rejection{Reason: "SAML message cannot be inflated", Cause: &Fault{"z_i_p_exception", err.Error()}}
	}
	return plain, nil
}

// unbase64 is Java's decoder after white space is taken out: padding may be
// missing but not wrong.
func unbase64(text string) ([]byte, error) {
	text = strings.Join(strings.Fields(text), "")
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(text, "=") {
		encoding = base64.StdEncoding
	}
	raw, err := encoding.DecodeString(text)
	if err != nil {
		return nil, &Rejection{
			Reason: "SAML message cannot be Base64 decoded",
			Cause:  &Fault{"illegal_argument_exception", javaBase64Error(text)},
		}
	}
	return raw, nil
}

// javaBase64Error is the text of Java's decoder.
func javaBase64Error(text string) string {
	for _, c := range []byte(strings.TrimRight(text, "=")) {
		if !strings.ContainsRune("+/", rune(c)) && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return fmt.Sprintf("Illegal base64 character %x", c)
		}
	}
	if strings.HasSuffix(text, "=") {
		return "Input byte array has wrong 4-byte ending unit"
	}
	return "Last unit does not have enough valid bits"
}

// decodeQuery is Elasticsearch's RestUtils: & and ; separate, # ends, a plus is
// a blank, the last value of a name counts.
func decodeQuery(raw string) (map[string]string, error) {
	raw, _, _ = strings.Cut(raw, "#")
	values := map[string]string{}
	for _, pair := range strings.FieldsFunc(raw, func(c rune) bool { return c == '&' || c == ';' }) {
		name, text, _ := strings.Cut(pair, "=")
		if name == "" {
			name, text = text, ""
		}
		key, err := unescape(name)
		if err != nil {
			return nil, err
		}
		if values[key], err = unescape(text); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] != '%':
			b.WriteByte(s[i])
		case i == len(s)-1:
			return "", illegal("unterminated escape sequence at end of string: %s", s)
		case s[i+1] == '%':
			b.WriteByte('%')
			i++
		case i == len(s)-2:
			return "", illegal("partial escape sequence at end of string: %s", s)
		default:
			c, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return "", illegal("invalid escape sequence `%s' at index %d of: %s", s[i:i+3], i, s)
			}
			b.Write(c)
			i += 2
		}
	}
	return b.String(), nil
}

// illegal is Java's IllegalArgumentException, not a SAML exception: 400.
func illegal(format string, args ...any) *Fault {
	return &Fault{"illegal_argument_exception", fmt.Sprintf(format, args...)}
}
