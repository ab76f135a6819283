package pkirealm

import (
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A Config is the settings of one realm, named as Elasticsearch names them.
type Config struct {
	// Name is the realm's name.
	Name string
	// CertificateAuthorities are the realm's own trust anchors. What the HTTP layer
	// trusts does not count for delegation.
	CertificateAuthorities []*x509.Certificate
	// DelegationEnabled is delegation.enabled; without it the realm takes no chain
	// from a third party.
	DelegationEnabled bool
	// UsernamePattern is username_pattern; empty means CN=(.*?)(?:,|$). It is
	// searched for in the subject as Java prints it, in any case, and its first group
	// is the user name.
	UsernamePattern string
	// CacheTTL is cache.ttl; 0 means 20 minutes.
	CacheTTL time.Duration
}

const (
	defaultPattern = `CN=(.*?)(?:,|$)`
	defaultTTL     = 20 * time.Minute
)

// pattern checks the settings as a node does before it starts.
func (c Config) pattern() (*regexp.Regexp, error) {
	if c.Name == "" {
		return nil, errors.New("pki realm: no name")
	}
	if c.DelegationEnabled && len(c.CertificateAuthorities) == 0 {
		key := "xpack.security.authc.realms.pki." + c.Name
		return nil, fmt.Errorf("PKI realms with delegation enabled require a trust configuration (%s.certificate_authorities or %s.truststore.path)", key, key)
	}
	text := c.UsernamePattern
	if strings.TrimSpace(text) == "" {
		text = defaultPattern
	}
	p, err := regexp.Compile("(?i)" + text)
	if err != nil {
		return nil, fmt.Errorf("pki realm: username_pattern: %w", err)
	}
	if p.NumSubexp() == 0 {
		return nil, errors.New("pki realm: username_pattern has no group")
	}
	return p, nil
}
