package idp

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// A Config is what an IdP needs to know.
type Config struct {
	// BaseURL is where browsers find the IdP; its path, if any, is part of all
	// of the IdP's own.
	BaseURL string
	// EntityID is the IdP's name; empty: the address of its metadata.
	EntityID string
	// Key and Certificate sign; NewKey makes them.
	Key         *rsa.PrivateKey
	Certificate *x509.Certificate
	// People can log in.
	People []Person
	// ServiceProviders are the only ones that get an answer.
	ServiceProviders []ServiceProvider
	// Now is the clock.
	Now func() time.Time
	// Log tells of logins and refusals; nil: it is not told.
	Log *slog.Logger
	// Title is the headline of the pages.
	Title string
}

// A Person is somebody who can log in.
type Person = people.Person

// A ServiceProvider is somebody who may ask. Without a Logout address it gets
// no answers to LogoutRequests.
type ServiceProvider struct{ EntityID, ACS, Logout string }

func (c *Config) complete() error {
	base, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || base.Host == "" || base.RawQuery != "" || base.Fragment != "":
		return errors.New("idp: the base URL must be absolute and without a query")
	case c.Key == nil || c.Certificate == nil:
		return errors.New("idp: no key or no certificate")
	case c.Now == nil:
		return errors.New("idp: no clock")
	case len(c.ServiceProviders) == 0:
		return errors.New("idp: no service provider")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Title == "" {
		c.Title = "Example identity provider"
	}
	return nil
}
