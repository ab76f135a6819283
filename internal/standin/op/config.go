package op

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// A Config is what a provider needs to know.
type Config struct {
	// Issuer is the provider's name and the address under which all of its own
	// are; it has no slash at its end.
	Issuer string
	// Key signs; NewKey makes one.
	Key Key
	// People can log in.
	People []Person
	// Clients are the only ones that get an answer.
	Clients []Client
	// Now is the clock.
	Now func() time.Time
	// Log tells of logins and refusals; nil: it is not told.
	Log *slog.Logger
	// Title is the headline of the pages.
	Title string
	// LeanIDTokens name the subject alone; the rest is told by userinfo.
	LeanIDTokens bool
	// HTTPClient delivers logout tokens when a login ends; nil: none are sent.
	// It has a deadline: a login ends while a browser waits.
	HTTPClient *http.Client
}

// A Person is somebody who can log in: the same as at the SAML identity provider.
type Person = people.Person

// A Client is somebody who may ask.
type Client struct {
	ID string
	// Secret proves the client at the token endpoint; without one the client is
	// public and has to use PKCE.
	Secret string
	// RedirectURIs and PostLogoutRedirectURIs are compared exactly.
	RedirectURIs, PostLogoutRedirectURIs []string
	// Algorithm of ID tokens: that of the provider's key when empty, or HS256,
	// HS384, HS512 with the secret.
	Algorithm string
	// BackchannelLogoutURI and FrontchannelLogoutURI hear of logins that end.
	BackchannelLogoutURI, FrontchannelLogoutURI string
}

func (c *Config) complete() error {
	at, err := url.Parse(c.Issuer)
	switch {
	case err != nil || at.Host == "" || at.RawQuery != "" || at.Fragment != "" || c.Issuer[len(c.Issuer)-1] == '/':
		return errors.New("op: the issuer must be an absolute address without a query and a slash at its end")
	case c.Key.Private == nil:
		return errors.New("op: no key")
	case c.Now == nil:
		return errors.New("op: no clock")
	}
	for _, client := range c.Clients {
		if client.ID == "" || len(client.RedirectURIs) == 0 {
			return fmt.Errorf("op: the client %q has no name or no redirect_uri", client.ID)
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Title == "" {
		c.Title = "Example OpenID provider"
	}
	return nil
}
