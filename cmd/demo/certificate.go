package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"time"
)

// certificate is the stand-in's, made anew at each start.
type certificate struct {
	pair tls.Certificate
	pem  []byte
	pool *x509.CertPool
}

func newCertificate(now time.Time) (certificate, error) {
	leaf, key, err := selfSigned(&x509.Certificate{
		SerialNumber: big.NewInt(now.Unix()), Subject: pkix.Name{CommonName: "demo stand-in for Elasticsearch"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return certificate{}, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return certificate{
		pair: tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key},
		pem:  inPEM("CERTIFICATE", leaf.Raw), pool: pool,
	}, nil
}

// selfSigned makes a certificate, and its key, with which it is signed.
func selfSigned(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	made, err := x509.ParseCertificate(der)
	return made, key, err
}

func inPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// client speaks to whoever has the certificate.
func (c certificate) client() *http.Client {
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.pool}},
	}
}
