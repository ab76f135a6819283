package pki_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/esgateway/esgateway/internal/pki"
)

// A world is a chain, leaf first, whose base64 has +, / and =.
type world struct {
	leaf, sub, root *x509.Certificate
}

func certificates(t testing.TB) world {
	t.Helper()
	text, err := os.ReadFile("testdata/chain.pem")
	if err != nil {
		t.Fatal(err)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, certificate)
	}
	if len(chain) != 3 {
		t.Fatalf("testdata: %d certificates", len(chain))
	}
	return world{chain[0], chain[1], chain[2]}
}

func b64(list ...*x509.Certificate) string {
	var der []byte
	for _, c := range list {
		der = append(der, c.Raw...)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func armoured(list ...*x509.Certificate) string {
	var text strings.Builder
	for _, c := range list {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return text.String()
}

// The ways in which fronts write PEM.
func escaped(list ...*x509.Certificate) string { // nginx, Envoy: everything
	return strings.ReplaceAll(url.QueryEscape(armoured(list...)), "+", "%20")
}

func escapedByAWS(list ...*x509.Certificate) string { // + = / stay
	return strings.NewReplacer("%2B", "+", "%3D", "=", "%2F", "/").Replace(escaped(list...))
}

func blanks(list ...*x509.Certificate) string { // Apache
	return strings.ReplaceAll(armoured(list...), "\n", " ")
}

// headers makes a header of lines "Name: value", as a front sends them.
func headers(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		h.Add(name, strings.TrimPrefix(value, " "))
	}
	return h
}

func format(t testing.TB, name string) pki.Format {
	t.Helper()
	f, err := pki.New(name, pki.Names{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}
