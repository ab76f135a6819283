package oidc

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/login"
)

// Config is the section of a method of type oidc.
type Config struct {
	// Realm is the name of the OpenID Connect realm in Elasticsearch
	// (xpack.security.authc.realms.oidc.<name>).
	Realm string `yaml:"realm"`
	// Issuer is the provider's issuer, letter by letter as op.issuer of the realm. Its
	// discovery document is read at ISSUER/.well-known/openid-configuration.
	Issuer string `yaml:"issuer"`
	// ClientID is the realm's rp.client_id. Empty: it is read from the requests that
	// Elasticsearch makes.
	ClientID string `yaml:"client_id"`
	// SignatureAlgorithm is rp.signature_algorithm of the realm: how ID tokens and
	// logout tokens are signed. With HS256, HS384 and HS512 the key is Elasticsearch's,
	// so the gateway can verify neither.
	SignatureAlgorithm string `yaml:"signature_algorithm"`
	// IDToken says when the gateway verifies the ID token a second time, since
	// Elasticsearch takes one that ended up to 16 hours ago: auto does so wherever the
	// provider's keys and the token are to be had, and says so where they are not;
	// require refuses the sign-in instead; off never does.
	IDToken string `yaml:"id_token"`
	// ClockSkew is how long after its end an ID token is taken, and how much the
	// provider's clock may differ.
	ClockSkew time.Duration `yaml:"clock_skew"`
	// CA is a PEM file with the authorities that sign the provider's certificate. Empty:
	// those of the system.
	CA string `yaml:"ca" file:"true"`
}

// When the ID token is verified a second time.
const (
	auto    = "auto"
	require = "require"
	off     = "off"
)

// Default returns the section's defaults.
func Default() Config {
	return Config{SignatureAlgorithm: "RS256", IDToken: auto, ClockSkew: time.Minute}
}

// maxSkew is what is left of a check if everybody's clock may be that wrong.
const maxSkew = 10 * time.Minute

func check(c Config) login.Problems {
	var all login.Problems
	wrong := func(key, format string, args ...any) {
		all = append(all, login.Problem{Key: key, Text: fmt.Sprintf(format, args...)})
	}
	if c.Realm == "" {
		wrong("realm", "is missing; it is the name of the OpenID Connect realm in elasticsearch.yml: xpack.security.authc.realms.oidc.<name>")
	}
	if c.Issuer == "" {
		wrong("issuer", "is missing; it is op.issuer of the realm, for example https://idp.example.com")
	} else if err := checkIssuer(c.Issuer); err != "" {
		wrong("issuer", "%s", err)
	}
	switch c.IDToken {
	case auto, require, off:
	default:
		wrong("id_token", "%q is none of auto, require and off", c.IDToken)
	}
	switch c.SignatureAlgorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512":
	case "HS256", "HS384", "HS512":
		if c.IDToken == require {
			wrong("id_token", "cannot be required: with %s the key is the client's secret, which Elasticsearch has and the gateway has not", c.SignatureAlgorithm)
		}
	default:
		wrong("signature_algorithm", "%q is none that Elasticsearch takes, such as RS256, ES256 or HS256", c.SignatureAlgorithm)
	}
	if c.ClockSkew < 0 || c.ClockSkew > maxSkew {
		wrong("clock_skew", "must be from 0 to 10m")
	}
	return all
}

// checkIssuer says what is wrong with an issuer; "" if nothing is.
func checkIssuer(issuer string) string {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Host == "":
		return "is no address, for example https://idp.example.com"
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(issuer, "?#"):
		return "has no query and no fragment"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && loopback(u.Hostname()):
		return "" // a provider on this machine, as in the demo
	}
	return "must be https: its keys decide who somebody is"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// shared reports whether ID tokens are signed with the client's secret.
func (c Config) shared() bool { return strings.HasPrefix(c.SignatureAlgorithm, "HS") }

// Kind is the type "oidc" of the configuration.
func Kind() login.Kind {
	return login.KindOf("oidc", Default, check, func(c Config) string { return c.Realm }, New).Needs("manage_oidc", "manage_token").With(realmCommand())
}
