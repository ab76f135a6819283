package standin

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// Config describes a cluster. It is read once by New; later changes are made by
// the setters of Elasticsearch.
type Config struct {
	// Version is the release that is imitated; empty means "8.17.0". From 9.3
	// SAML failures speak for themselves, from 9.4 tokens say who manages them.
	Version string
	// Now is the clock of the cluster. Required.
	Now func() time.Time
	// Log receives what the real server would log, never a secret; nil discards.
	Log *slog.Logger
	// TokenTimeout is the life of an access token, 1 s to 1 h; zero means 20 m.
	TokenTimeout time.Duration
	// License is "trial" when empty.
	License string
	// Users are the users of the file realm, which is called default_file.
	Users []User
	// Roles are the known roles besides the builtin "superuser".
	Roles map[string]Role
	// RoleMappings give roles to users of SAML, OpenID Connect and PKI realms.
	RoleMappings []RoleMapping
	// AnonymousRoles, when there are any, let requests without any credential in.
	AnonymousRoles []string
	// SAML lists the SAML realms in realm-chain order.
	SAML []samlrealm.Config
	// OIDC lists the OpenID Connect realms in realm-chain order.
	OIDC []oidcrealm.Config
	// PKI lists the PKI realms in realm-chain order.
	PKI []pkirealm.Config
	// Indices are the indices that exist at the start.
	Indices map[string][]Document
	// ClusterName and NodeName are shown by "GET /".
	ClusterName, NodeName string
}

// A User is a user of the file realm.
type User struct {
	Name     string
	Password string
	Roles    []string
	// FullName and Email are null on the wire when empty.
	FullName, Email string
	// Disabled users fail to sign in exactly as unknown ones do.
	Disabled bool
	Metadata map[string]any
}

// A Role is what its bearers may do. Cluster takes privilege names and bare
// action names, which match as a prefix.
type Role struct {
	Cluster []string
	Indices []IndexPrivileges
	// RunAs lists the users that es-security-runas-user may name; "*" is any.
	RunAs []string
}

// IndexPrivileges are privileges on the indices whose names match.
type IndexPrivileges struct{ Names, Privileges []string }

// A RoleMapping gives Roles to the users of Realm (empty: of any realm) of whom
// one of Users or Groups holds; "*" in either is everybody, and so is a mapping
// that names neither. Whatever Metadata names must be there as well, with that value.
type RoleMapping struct {
	Realm         string
	Users, Groups []string
	Metadata      map[string]string
	Roles         []string
}

// A Document is one document of an index.
type Document struct {
	ID     string
	Source map[string]any
}

const (
	defaultVersion      = "8.17.0"
	defaultTokenTimeout = 20 * time.Minute
	minTokenTimeout     = time.Second
	maxTokenTimeout     = time.Hour
)

// complete fills in defaults and says everything that is wrong.
func (c Config) complete() (Config, error) {
	if c.Version == "" {
		c.Version = defaultVersion
	}
	if c.TokenTimeout == 0 {
		c.TokenTimeout = defaultTokenTimeout
	}
	if c.License == "" {
		c.License = "trial"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.ClusterName == "" {
		c.ClusterName = "docker-cluster"
	}
	if c.NodeName == "" {
		c.NodeName = "node-1"
	}
	return c, c.check()
}

func (c Config) check() error {
	var errs []error
	if c.Now == nil {
		errs = append(errs, errors.New("standin: Config.Now is required"))
	}
	if c.TokenTimeout < minTokenTimeout || c.TokenTimeout > maxTokenTimeout {
		errs = append(errs, fmt.Errorf("standin: token timeout %s is not within 1s and 1h", c.TokenTimeout))
	}
	if _, err := parseRelease(c.Version); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
