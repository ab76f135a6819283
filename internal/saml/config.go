package saml

import (
	"fmt"

	"github.com/esgateway/esgateway/internal/login"
)

// Config is the section of a method of type saml.
type Config struct {
	// Realm is the name of the SAML realm in Elasticsearch
	// (xpack.security.authc.realms.saml.<name>).
	Realm string `yaml:"realm"`
	// Issuer is the identity provider's entity id. With it an answer of any other is
	// refused before Elasticsearch is asked.
	Issuer string `yaml:"issuer"`
	// IdPInitiated says what becomes of an answer that nobody here asked for, as from
	// a tile in the identity provider's portal: bounce drops it and starts an ordinary
	// sign-in at the same provider, which people do not notice; accept takes it, once;
	// reject refuses it.
	IdPInitiated string `yaml:"idp_initiated"`
	// RelayState takes the RelayState of such an answer as the address to go on to,
	// if it is one of ours. Without it people land on the landing page.
	RelayState bool `yaml:"relay_state"`
	// DecryptionKey is a PEM file with the RSA keys that the realm's encryption.key
	// has too, where assertions come encrypted. Without it the identity provider's
	// own session, and its end, are unknown for such assertions, and idp_initiated:
	// accept takes none of them.
	DecryptionKey string `yaml:"decryption_key" file:"true"`
	// PrincipalAttribute is the realm's attributes.principal, if you want the
	// gateway to say that it did not come. It decides nothing.
	PrincipalAttribute string `yaml:"principal_attribute"`
}

// What becomes of an answer that nobody asked for.
const (
	bounce = "bounce"
	accept = "accept"
	reject = "reject"
)

// Default returns the section's defaults.
func Default() Config { return Config{IdPInitiated: bounce} }

func check(c Config) login.Problems {
	var problems login.Problems
	if c.Realm == "" {
		problems = append(problems, login.Problem{Key: "realm", Text: "is missing; it is the name of the SAML realm in elasticsearch.yml: xpack.security.authc.realms.saml.<name>"})
	}
	switch c.IdPInitiated {
	case bounce, accept, reject:
	default:
		problems = append(problems, login.Problem{Key: "idp_initiated", Text: fmt.Sprintf("%q is none of bounce, accept and reject", c.IdPInitiated)})
	}
	if c.RelayState && c.IdPInitiated == reject {
		problems = append(problems, login.Problem{Key: "relay_state", Text: "does nothing where idp_initiated is reject; leave it out"})
	}
	return problems
}

// Kind is the type "saml" of the configuration.
func Kind() login.Kind {
	return login.KindOf("saml", Default, check, func(c Config) string { return c.Realm }, New).Needs("manage_saml").With(realmCommand()).With(explainCommand())
}
