package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
)

// overTLS compares the gateway with the bare reverse proxy where both speak TLS: the
// same certificate of their own, the same version and cipher (both leave them to
// crypto/tls), the same client. The bare one verifies clients' certificates in the
// handshake, once for a connection; the gateway judges them at each request.
func (b *bench) overTLS(ctx context.Context) error {
	at := papersIn(b.dir)
	robot, person, err := at.issue()
	if err != nil {
		return err
	}
	elastic, stop, err := at.elasticsearch()
	if err != nil {
		return err
	}
	defer stop()
	gateway := func(crl string, sessions int, who client) func(context.Context) (*process, client, error) {
		return func(ctx context.Context) (*process, client, error) {
			return b.startGatewayWith(ctx, setting{
				tls:      fmt.Sprintf(`, cert: %q, key: %q, client_certificates: request`, at.cert, at.key),
				method:   fmt.Sprintf("  - {name: services, type: pki, from: tls, ca: %q%s}\n", at.authority, crl),
				sessions: sessions, elastic: elastic, client: who,
			})
		}
	}
	all := []contender{
		{"a bare httputil.ReverseProxy, certificate verified", func(ctx context.Context) (*process, client, error) {
			p, err := b.startBareFor(ctx, robot, "-tls", b.dir)
			return p, robot, err
		}},
		{"the gateway, certificate", gateway("", 0, robot)},
		{"the gateway, certificate and revocation list", gateway(fmt.Sprintf(", crl: %q", at.list), 0, robot)},
		{"the gateway, signed in", gateway("", 10, person)},
	}
	if err := b.compare(ctx, "64 connections over TLS", all); err != nil || b.profile == "" || b.part == "" {
		return err
	}
	p, who, err := all[2].start(ctx) // in a run of its own, since the profile costs, too
	if err != nil {
		return err
	}
	defer p.stop()
	finish := p.record(ctx, b.profile, b.each)
	_, err = b.load(ctx, p, 64, who)
	return errors.Join(err, finish())
}

// papers are the files of everybody who speaks TLS here.
type papers struct{ authority, list, cert, key string }

func papersIn(dir string) papers {
	file := func(name string) string { return filepath.Join(dir, name) }
	return papers{authority: file("authority.pem"), list: file("clients.crl"), cert: file("tls.crt"), key: file("tls.key")}
}

// issue writes the files. robot has a certificate, person has none.
func (p papers) issue() (robot, person client, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return client{}, client{}, err
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return client{}, client{}, err
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return client{}, client{}, err
	}
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: root.NotBefore, NextUpdate: root.NotAfter,
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(99), RevocationTime: root.NotBefore}},
	}, root, key)
	if err != nil {
		return client{}, client{}, err
	}
	own, err := certify(root, key, 2, "localhost", x509.ExtKeyUsageServerAuth)
	if err != nil {
		return client{}, client{}, err
	}
	theirs, err := certify(root, key, 3, "robot", x509.ExtKeyUsageClientAuth)
	if err != nil {
		return client{}, client{}, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		return client{}, client{}, err
	}
	for file, block := range map[string]*pem.Block{
		p.authority: {Type: "CERTIFICATE", Bytes: root.Raw}, p.list: {Type: "X509 CRL", Bytes: list},
		p.cert: {Type: "CERTIFICATE", Bytes: own.Certificate[0]}, p.key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		err = errors.Join(err, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	trust := &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS13}
	shows := trust.Clone()
	shows.Certificates = []tls.Certificate{theirs}
	return client{trust: shows}, client{trust: trust}, err
}

// certify makes a certificate with its key.
func certify(root *x509.Certificate, key *ecdsa.PrivateKey, serial int64, name string, usage x509.ExtKeyUsage) (tls.Certificate, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, root, private.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, err
}

func (p papers) pool() (*x509.CertPool, error) {
	text, err := os.ReadFile(p.authority)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("no certificate in " + p.authority)
	}
	return pool, nil
}

// elasticsearch is the stand-in, which takes the authority's clients. It costs nothing
// while a token lives, which is longer than a part is loaded.
func (p papers) elasticsearch() (address string, stop func(), err error) {
	text, err := os.ReadFile(p.authority)
	if err != nil {
		return "", nil, err
	}
	block, _ := pem.Decode(text)
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", nil, err
	}
	es, err := standin.New(standin.Config{
		Now:          time.Now,
		TokenTimeout: time.Hour,
		Users:        []standin.User{{Name: "bench", Password: accountPassword, Roles: []string{"esgateway"}}},
		Roles:        map[string]standin.Role{"esgateway": {Cluster: []string{"delegate_pki", "manage_token", "cluster:monitor/main"}}},
		PKI:          []pkirealm.Config{{Name: "pki1", CertificateAuthorities: []*x509.Certificate{root}, DelegationEnabled: true}},
		RoleMappings: []standin.RoleMapping{{Realm: "pki1", Roles: []string{"analyst"}}},
	})
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := es.Server()
	go func() { _ = s.Serve(l) }() // ends with stop
	return "http://" + l.Addr().String(), func() { _ = s.Close() }, nil
}
