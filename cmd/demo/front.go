package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// robots are services that have a client certificate: the authority that signs them, and
// one of them.
type robots struct {
	authority *x509.Certificate
	// cert, key and ca are PEM, for curl and for the gateway.
	cert, key, ca []byte
}

// robotName is the service's name at Elasticsearch; robotLife is how long its certificate
// holds, and authorityLife its authority: in the last month gateway check would warn.
const (
	robotName     = "robot"
	robotLife     = 30 * 24 * time.Hour
	authorityLife = 12 * robotLife
)

// newRobots makes an authority for the demo, and a certificate of it.
func newRobots(now time.Time) (robots, error) {
	authority, authorityKey, err := selfSigned(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Demo services"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	if err != nil {
		return robots{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return robots{}, err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: robotName}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(robotLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, authority, &key.PublicKey, authorityKey)
	if err != nil {
		return robots{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return robots{}, err
	}
	return robots{
		authority: authority, ca: inPEM("CERTIFICATE", authority.Raw), cert: inPEM("CERTIFICATE", leaf), key: inPEM("PRIVATE KEY", private),
	}, nil
}

// front is a load balancer as nginx would be one (deploy/examples/nginx): it ends TLS,
// asks clients for a certificate, and tells the gateway, in the place of whatever the
// client has said of one.
func (h *house) front() *http.Server {
	to := &url.URL{Scheme: "http", Host: strings.TrimPrefix(h.url(h.gateway), "http://")}
	clients := x509.NewCertPool()
	clients.AddCert(h.robots.authority)
	return &http.Server{
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{h.cert.pair}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients,
		},
		Handler: &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Header.Del("Client-Cert")
			p.Out.Header.Del("Client-Cert-Chain")
			p.Out.Header.Set("X-Ssl-Client-Verify", "NONE")
			p.Out.Header.Del("X-Ssl-Client-Cert")
			if shown := p.In.TLS.PeerCertificates; len(shown) > 0 {
				p.Out.Header.Set("X-Ssl-Client-Verify", "SUCCESS")
				p.Out.Header.Set("X-Ssl-Client-Cert", url.PathEscape(string(inPEM("CERTIFICATE", shown[0].Raw))))
			}
		}},
	}
}

// newKey makes an API key of a user's, as a service would have one.
func (h *house) newKey(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.elasticURL()+"/_security/api_key", strings.NewReader(`{"name":"demo"}`))
	if err != nil {
		return "", err
	}
	r.SetBasicAuth(reporter, reporterPassword)
	r.Header.Set("Content-Type", "application/json")
	resp, err := h.toES.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	var key struct {
		Encoded string `json:"encoded"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&key); err != nil {
		return "", err
	}
	if key.Encoded == "" {
		return "", fmt.Errorf("no API key is made: %s", resp.Status)
	}
	return key.Encoded, nil
}
