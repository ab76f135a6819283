package samlrealm

// A Realm is one SAML realm. It is safe for concurrent use.
type Realm struct {
	config Config
}

// New makes a realm. It does not ask for the IdP's metadata yet.
func New(c Config) (*Realm, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.AllowedClockSkew == 0 {
		c.AllowedClockSkew = defaultSkew
	}
	return &Realm{config: c}, nil
}

// Name is the realm's name.
func (r *Realm) Name() string { return r.config.Name }

// ACS is the realm's assertion consumer service, by which callers may select it.
func (r *Realm) ACS() string { return r.config.ACS }
