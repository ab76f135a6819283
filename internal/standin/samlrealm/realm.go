package samlrealm

import (
	"fmt"
	"time"
)

// A Realm is one SAML realm. It is safe for concurrent use.
type Realm struct {
	config   Config
	metadata *resolver
}

// New makes a realm. It does not ask for the IdP's metadata yet.
func New(c Config) (*Realm, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.AllowedClockSkew == 0 {
		c.AllowedClockSkew = defaultSkew
	}
	return &Realm{config: c, metadata: &resolver{source: c.IDPMetadata, entityID: c.IDPEntityID}}, nil
}

// Name is the realm's name.
func (r *Realm) Name() string { return r.config.Name }

// ACS is the realm's assertion consumer service, by which callers may select it.
func (r *Realm) ACS() string { return r.config.ACS }

// A judge is the realm at one time with one reading of the IdP's metadata: one
// operation sees one set of keys.
type judge struct {
	*Realm
	now time.Time
	idp *idp
}

func (r *Realm) judge(now time.Time) (*judge, error) {
	p := r.metadata.resolve()
	if p == nil {
		return nil, refuse("Cannot get role descriptors [type/name={%s}IDPSSODescriptor] because the metadata [location=%s] for SAML entity [id=%s] could not be resolved",
			metadataNS, r.config.IDPMetadataLocation, r.config.IDPEntityID)
	}
	return &judge{r, now, p}, nil
}

// unresolved is authenticate's own word for it. It is generic, so that the next
// realm of the chain is asked.
func (r *Realm) unresolved() *Rejection {
	return &Rejection{Generic: true, Reason: fmt.Sprintf(
		"SAML realm [saml/%s] cannot authenticate because the metadata could not be resolved", r.config.Name)}
}
