package idp

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const rsaSHA256 = dsig.RSASHA256SignatureMethod

// newID is a fresh ID; xs:ID does not let it start with a digit.
func newID() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return "_" + hex.EncodeToString(raw)
}

// sign puts an enveloped signature into e, behind the issuer, where the schema
// wants it.
func (i *IdP) sign(e *etree.Element, a Answer) error {
	key, certificate := i.config.Key, i.config.Certificate
	if a.Key != nil && a.Certificate != nil {
		key, certificate = a.Key, a.Certificate
	}
	signer, err := dsig.NewSigningContext(key, [][]byte{certificate.Raw})
	if err != nil {
		return err
	}
	signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if a.SHA1 {
		if err := signer.SetSignatureMethod(dsig.RSASHA1SignatureMethod); err != nil {
			return err
		}
	}
	signature, err := signer.ConstructSignature(e, true)
	if err != nil {
		return err
	}
	place := 0
	if issuer := e.SelectElement("Issuer"); issuer != nil {
		place = issuer.Index() + 1
	}
	e.InsertChildAt(place, signature)
	return nil
}

// redirect is the address that carries a message by the redirect binding. The
// signature covers the octets before it exactly as they are sent.
func (i *IdP) redirect(location, parameter string, message *etree.Element, relayState *string) (string, error) {
	text, err := deflated(document(message))
	if err != nil {
		return "", err
	}
	query := parameter + "=" + url.QueryEscape(text)
	if relayState != nil {
		query += "&RelayState=" + url.QueryEscape(*relayState)
	}
	query += "&SigAlg=" + url.QueryEscape(rsaSHA256)
	digest := sha256.Sum256([]byte(query))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.config.Key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	return location + separator(location) + query, nil
}

func separator(location string) string {
	if u, err := url.Parse(location); err == nil && u.RawQuery != "" {
		return "&"
	}
	return "?"
}

// deflated is a message as raw deflate in base64.
func deflated(message []byte) (string, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(message); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
