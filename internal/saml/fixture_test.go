package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

func decoded(t *testing.T, content string) []byte {
	t.Helper()
	message, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func encode(message []byte) string { return base64.StdEncoding.EncodeToString(message) }

// tamperedXML is a message with its root changed, as an attacker would.
func tamperedXML(t *testing.T, message []byte, edit func(root *etree.Element)) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(message); err != nil {
		t.Fatal(err)
	}
	edit(doc.Root())
	text, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func deflated(t *testing.T, message string) string {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(message)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return encode(packed.Bytes())
}

// logoutBomb is a small message that becomes 20 MB.
func logoutBomb(t *testing.T) string {
	t.Helper()
	return deflated(t, `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">`+strings.Repeat(" ", 20<<20))
}

// requestID is the ID of the message in an address of the redirect binding.
func requestID(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if _, err := doc.ReadFrom(flate.NewReader(bytes.NewReader(decoded(t, u.Query().Get("SAMLRequest"))))); err != nil {
		t.Fatal(err)
	}
	return doc.Root().SelectAttrValue("ID", "")
}

// keyFile is a PEM file with a key.
func keyFile(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "decryption.key")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
