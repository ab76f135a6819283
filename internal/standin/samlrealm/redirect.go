package samlrealm

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/beevik/etree"
)

const rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

// newID is an id as Elasticsearch makes them: 20 random bytes, not starting
// with a digit, which xs:ID forbids.
func newID() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return "_" + hex.EncodeToString(raw)
}

// redirect is the address that carries a message by the redirect binding. The
// signature covers the octets before it exactly as they are sent.
func (r *Realm) redirect(location, parameter string, message *etree.Element, relayState *string) (string, error) {
	text, err := deflated(message)
	if err != nil {
		return "", &Rejection{Reason: "Cannot construct SAML redirect", Cause: err, NotSAML: true}
	}
	query := parameter + "=" + formEncoded(text)
	if relayState != nil {
		query += "&RelayState=" + formEncoded(*relayState)
	}
	if r.config.SigningKey != nil {
		if query, err = signed(r.config.SigningKey, query+"&SigAlg="+formEncoded(rsaSHA256)); err != nil {
			return "", &Rejection{Reason: "Cannot construct SAML redirect", Cause: err, NotSAML: true}
		}
	}
	if strings.Contains(location, "?") {
		return location + "&" + query, nil
	}
	return location + "?" + query, nil
}

func signed(key *rsa.PrivateKey, query string) (string, error) {
	digest := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	return query + "&Signature=" + formEncoded(base64.StdEncoding.EncodeToString(signature)), nil
}

// deflated is a message as raw deflate in base64.
func deflated(message *etree.Element) (string, error) {
	doc := etree.NewDocumentWithRoot(message)
	doc.WriteSettings.CanonicalAttrVal = true
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?>`)); err != nil {
		return "", err
	}
	if _, err := doc.WriteTo(w); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// formEncoded is java.net.URLEncoder with US-ASCII: a blank is a plus, the
// asterisk stays, the tilde does not, and what is not ASCII is lost.
func formEncoded(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range s {
		switch {
		case c > 0x7f:
			b.WriteString("%3F")
		case c == ' ':
			b.WriteByte('+')
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.ContainsRune(".-*_", c):
			b.WriteRune(c)
		default:
			b.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
		}
	}
	return b.String()
}
