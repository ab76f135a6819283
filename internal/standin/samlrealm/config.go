package samlrealm

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"time"
)

// A Config is the settings of one realm, named as Elasticsearch names them.
type Config struct {
	// Name is the realm's name; it is also part of the token metadata.
	Name string
	// IDPMetadata gives the bytes of the identity provider's metadata
	// (idp.metadata.path). It is called whenever the realm needs them, so that
	// a provider may start later or change its keys. While it fails, the last
	// good descriptor stays in use.
	IDPMetadata func() ([]byte, error)
	// IDPMetadataLocation is only printed, where the metadata is missing.
	IDPMetadataLocation string
	// IDPEntityID is the only issuer that is believed.
	IDPEntityID string
	// SPEntityID, ACS and Logout are sp.entity_id, sp.acs and sp.logout. All
	// comparisons with them are exact. An empty Logout means "not set".
	SPEntityID, ACS, Logout string
	// NoSingleLogout is idp.use_single_logout: false.
	NoSingleLogout bool
	// NameIDFormat is asked for in each AuthnRequest; empty: no Format is sent.
	NameIDFormat string
	// Attributes maps attributes of the assertion to the user.
	Attributes Attributes
	// HideUserMetadata is populate_user_metadata: false.
	HideUserMetadata bool
	// AllowedClockSkew applies in both directions; 0 means 3 minutes.
	AllowedClockSkew time.Duration
	// ReqAuthnContextClassRef is sent, and enforced on the assertion.
	ReqAuthnContextClassRef []string
	// ForceAuthn is sent only when it is set.
	ForceAuthn *bool
	// SigningKey signs every message that the realm sends; nil: none is signed.
	SigningKey *rsa.PrivateKey
	// SigningCertificate is the key's certificate for the realm's metadata.
	SigningCertificate *x509.Certificate
	// EncryptionKeys open EncryptedAssertion, EncryptedAttribute, EncryptedID.
	EncryptionKeys []*rsa.PrivateKey
	// EncryptionCertificates are published in the realm's metadata.
	EncryptionCertificates []*x509.Certificate
}

// Attributes names the attribute behind each property of a user: its Name or
// its FriendlyName, or nameid, or nameid:persistent. Only Principal is required.
type Attributes struct{ Principal, Groups, Name, Mail, DN string }

// defaultSkew is Elasticsearch's default for allowed_clock_skew.
const defaultSkew = 3 * time.Minute

// check says what a node would refuse to start with.
func (c Config) check() error {
	switch {
	case c.Name == "":
		return errors.New("saml realm: no name")
	case c.IDPMetadata == nil || c.IDPEntityID == "":
		return errors.New("saml realm: idp metadata and entity id are required")
	case c.SPEntityID == "" || c.ACS == "":
		return errors.New("saml realm: sp.entity_id and sp.acs are required")
	case c.Attributes.Principal == "":
		return errors.New("saml realm: attributes.principal is required")
	}
	return nil
}
