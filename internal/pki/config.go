package pki

import (
	"errors"
	"fmt"
	"strings"

	"github.com/esgateway/esgateway/internal/login"
)

// Config is the section of a method of type pki.
type Config struct {
	// From says where certificates come from: tls (the gateway's own listener, with
	// listen.client_certificates) or header (a load balancer of listen.trusted_proxies
	// that has ended TLS).
	From string `yaml:"from"`
	// Format is how the load balancer hands certificates on: rfc9440, envoy, nginx,
	// haproxy, apache, traefik, alb or caddy. From header alone.
	Format string `yaml:"format"`
	// CertHeader is the header with the certificate, in the place of the format's own.
	CertHeader string `yaml:"cert_header"`
	// ChainHeader is the header with its issuers; for apache the beginning of the names.
	ChainHeader string `yaml:"chain_header"`
	// VerifyHeader is the header with the front's verdict.
	VerifyHeader string `yaml:"verify_header"`
	// CA is a PEM file with the authorities that sign clients' certificates. It is read
	// again when it changes, as are all files here.
	CA string `yaml:"ca" file:"true"`
	// Intermediates is a PEM file with certificates between clients and authorities that
	// clients need not send.
	Intermediates string `yaml:"intermediates" file:"true"`
	// CRL is a file with the authorities' revocation lists, in PEM or DER. Elasticsearch
	// looks at none.
	CRL string `yaml:"crl" file:"true"`
	// StaleCRL says what a list is worth whose next one is overdue: refuse everybody whom
	// it should speak of, or accept them.
	StaleCRL string `yaml:"stale_crl"`
	// VerifiedBy is gateway, or front where the load balancer's own verification is
	// enough; then there is no ca. Formats without a word for it need gateway.
	VerifiedBy string `yaml:"verified_by"`
	// Realm is the PKI realm of Elasticsearch that must answer. Elasticsearch cannot be
	// told which realm to ask; an answer of another one is refused. Empty: any.
	Realm string `yaml:"realm"`
	// Browsers may begin a session with a certificate, which stays bound to it. With
	// false the method is for programs alone.
	Browsers bool `yaml:"browsers"`
}

// The words of Config.
const (
	fromTLS    = "tls"
	fromHeader = "header"
	byGateway  = "gateway"
	byFront    = "front"
	refuse     = "refuse"
	accept     = "accept"
)

// Default returns the section's defaults.
func Default() Config {
	return Config{From: fromTLS, StaleCRL: refuse, VerifiedBy: byGateway, Browsers: true}
}

func check(c Config) login.Problems {
	var all login.Problems
	wrong := func(key, format string, args ...any) {
		all = append(all, login.Problem{Key: key, Text: fmt.Sprintf(format, args...)})
	}
	switch c.From {
	case fromTLS:
		if c.Format+c.CertHeader+c.ChainHeader+c.VerifyHeader != "" {
			wrong("format", "and header names are for from: header")
		}
		if c.VerifiedBy == byFront {
			wrong("verified_by", "is front, and there is none: with from: tls the gateway verifies")
		}
	case fromHeader:
		format, err := c.format()
		switch {
		case err != nil:
			wrong("format", "%s", err)
		case c.VerifiedBy == byFront && !format.Verdict:
			wrong("verified_by", "is front, and format %s does not say whether a certificate was verified; leave it out and name ca", c.Format)
		}
	default:
		wrong("from", "%q is none of tls and header", c.From)
	}
	if c.VerifiedBy != byGateway && c.VerifiedBy != byFront {
		wrong("verified_by", "%q is none of gateway and front", c.VerifiedBy)
	}
	if c.CA == "" && c.VerifiedBy == byGateway {
		wrong("ca", "is missing: a PEM file with the authorities that sign clients' certificates")
	}
	if c.CA != "" && c.VerifiedBy == byFront {
		wrong("ca", "does nothing with verified_by: front; leave one of them out")
	}
	if c.StaleCRL != refuse && c.StaleCRL != accept {
		wrong("stale_crl", "%q is none of refuse and accept", c.StaleCRL)
	}
	if c.CA == "" && (c.CRL != "" || c.Intermediates != "") {
		wrong("crl", "and intermediates need ca: without it no chain is verified here")
	}
	return all
}

// format is the reader of the front's headers.
func (c Config) format() (Format, error) {
	if c.Format == "" {
		return Format{}, errors.New("is missing; there are " + strings.Join(Formats(), ", "))
	}
	return New(c.Format, Names{Cert: c.CertHeader, Chain: c.ChainHeader, Verify: c.VerifyHeader})
}

// Kind is the type "pki" of the configuration.
func Kind() login.Kind {
	return login.KindOf("pki", Default, check, func(c Config) string { return c.Realm }, NewMethod).Needs("delegate_pki", "manage_token").Proving()
}
