package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/config"
	"github.com/esgateway/esgateway/internal/login"
)

// clientAuth is what clients are asked for, the same whatever name they ask for. Whose
// certificates count is judged by methods, at every request: files may have changed
// since the handshake, and a resumed session has none.
func clientAuth(c *config.Ready) tls.ClientAuthType {
	switch c.Listen.ClientCertificates {
	case config.RequestCertificates:
		return tls.RequestClientCert
	case config.RequireCertificates:
		return tls.RequireAnyClientCert
	}
	return tls.NoClientCert
}

// knownProxies are the certificates by which trusted proxies are known; nil: an address
// is enough.
func knownProxies(c *config.Ready, l Lasting) (*certs.Holders, error) {
	if c.Listen.TrustedCertificates.None() {
		return nil, nil
	}
	holders, err := certs.NewHolders(l.Now, c.Listen.TrustedCertificates, func(err error) {
		l.Log.Warn("the authorities of trusted proxies have changed and cannot be used; the last good ones stay", "error.message", err.Error())
	})
	if err != nil {
		return nil, fmt.Errorf("listen.trusted_certificates: %w", err)
	}
	return holders, nil
}

// wanted are the authorities whose certificates a client may show. None are named where
// somebody else's may be right.
func wanted(methods []login.Configured, proxies *certs.Holders) []*x509.Certificate {
	var all []*x509.Certificate
	for _, m := range methods {
		if prover, ok := m.Method.(login.Prover); ok {
			all = append(all, prover.Authorities()...)
		}
	}
	if proxies != nil {
		theirs, ok := proxies.Authorities()
		if !ok {
			return nil
		}
		all = append(all, theirs...)
	}
	return all
}

// naming lets handshakes name the authorities of certificates that are wanted, as they are
// by then: a browser then offers a person the right ones alone. It decides nothing.
func naming(base *tls.Config, wanted func() []*x509.Certificate) *tls.Config {
	var mu sync.Mutex
	var named []*x509.Certificate // guarded by mu, as is current
	current := base
	asking := base.Clone()
	asking.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := wanted()
		mu.Lock()
		defer mu.Unlock()
		if slices.Equal(now, named) {
			return current, nil
		}
		named, current = now, base.Clone() // sessions are resumed all the same: tickets are asking's
		if len(now) > 0 {
			current.ClientCAs = certs.NewBundle(now...).Pool()
		}
		return current, nil
	}
	return asking
}
