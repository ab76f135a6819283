package saml

import "github.com/esgateway/esgateway/internal/login"

// Config is the section of a method of type saml.
type Config struct {
	// Realm is the name of the SAML realm in Elasticsearch
	// (xpack.security.authc.realms.saml.<name>).
	Realm string `yaml:"realm"`
}

// Default returns the section's defaults.
func Default() Config { return Config{} }

func check(c Config) login.Problems {
	if c.Realm == "" {
		return login.Problems{{Key: "realm", Text: "is missing; it is the name of the SAML realm in elasticsearch.yml: xpack.security.authc.realms.saml.<name>"}}
	}
	return nil
}

// Kind is the type "saml" of the configuration.
func Kind() login.Kind {
	return login.KindOf("saml", Default, check, func(c Config) string { return c.Realm }, New).Needs("manage_saml").With(realmCommand())
}
