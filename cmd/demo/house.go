package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/oidcrealm"
	"github.com/esgateway/esgateway/internal/standin/op"
	"github.com/esgateway/esgateway/internal/standin/pkirealm"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// The names of the demo's SAML realm, method and identity provider.
const (
	realm     = "saml1"
	method    = "corp"
	idpEntity = "urn:esgateway:demo:idp"
	spEntity  = "urn:esgateway:demo"
)

// The names of the demo's OpenID Connect realm, method and client.
const (
	oidcRealm  = "oidc1"
	oidcMethod = "partners"
	clientID   = "esgateway-demo"
	clientKey  = "demo-only-client-secret"
)

// The names of the demo's PKI realm and method.
const (
	pkiRealm  = "pki1"
	pkiMethod = "services"
)

// house is what the gateway stands in front of.
type house struct {
	settings
	now  func() time.Time
	es   *standin.Elasticsearch
	idp  *idp.IdP
	op   *op.OP
	cert certificate
	// robots have client certificates, apiKey is a service's key.
	robots robots
	apiKey string
	// toES speaks to the stand-in, for the sample application.
	toES *http.Client
}

func newHouse(s settings, now func() time.Time) (*house, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	h := &house{settings: s, now: now}
	var err error
	if h.cert, err = newCertificate(now()); err != nil {
		return nil, err
	}
	if h.robots, err = newRobots(now()); err != nil {
		return nil, err
	}
	key, cert, err := idp.NewKey()
	if err != nil {
		return nil, err
	}
	h.idp, err = idp.New(idp.Config{
		BaseURL: h.url(s.idp), EntityID: idpEntity, Key: key, Certificate: cert, People: people(), Now: now, Title: "Demo identity provider",
		ServiceProviders: []idp.ServiceProvider{{EntityID: spEntity, ACS: h.methodURL() + "/acs", Logout: h.methodURL() + "/slo"}},
	})
	if err != nil {
		return nil, err
	}
	if h.op, err = h.newOP(); err != nil {
		return nil, err
	}
	h.es, err = standin.New(standin.Config{
		Now: now, Users: users(), Roles: roles(), RoleMappings: roleMappings(), Indices: documents(),
		SAML: []samlrealm.Config{{
			Name: realm, IDPMetadata: func() ([]byte, error) { return h.idp.Metadata(), nil }, IDPEntityID: idpEntity,
			SPEntityID: spEntity, ACS: h.methodURL() + "/acs", Logout: h.methodURL() + "/slo",
			Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
		}},
		OIDC: []oidcrealm.Config{h.oidcRealm()},
		PKI: []pkirealm.Config{{
			Name: pkiRealm, CertificateAuthorities: []*x509.Certificate{h.robots.authority}, DelegationEnabled: true,
		}},
	})
	h.toES = h.cert.client()
	return h, err
}

// url is where a port is reached by people: localhost, whose ports are one site,
// so that the browser sends cookies along with the identity provider's answer.
func (h *house) url(port int) string { return fmt.Sprintf("http://localhost:%d", port) }

// newOP makes the OpenID provider, whose only client is Elasticsearch. When somebody
// signs out there, it tells the gateway.
func (h *house) newOP() (*op.OP, error) {
	key, err := op.NewKey("RS256")
	if err != nil {
		return nil, err
	}
	return op.New(op.Config{
		Issuer: h.url(h.settings.op), Key: key, People: people(), Now: h.now, Title: "Demo OpenID provider",
		HTTPClient: &http.Client{Timeout: headerTime},
		Clients: []op.Client{{
			ID: clientID, Secret: clientKey, RedirectURIs: []string{h.oidcURL() + "/callback"},
			PostLogoutRedirectURIs: []string{h.oidcURL() + "/logged-out"}, BackchannelLogoutURI: h.oidcURL() + "/backchannel-logout",
		}},
	})
}

func (h *house) oidcRealm() oidcrealm.Config {
	issuer := h.url(h.settings.op)
	return oidcrealm.Config{
		Name: oidcRealm,
		RP: oidcrealm.RP{
			ClientID: clientID, ClientSecret: clientKey, ResponseType: "code", RedirectURI: h.oidcURL() + "/callback",
			RequestedScopes: []string{"openid", "profile", "email", "groups"}, PostLogoutRedirectURI: h.oidcURL() + "/logged-out",
		},
		OP: oidcrealm.OP{
			Issuer: issuer, AuthorizationEndpoint: issuer + "/authorize", TokenEndpoint: issuer + "/token",
			EndsessionEndpoint: issuer + "/end_session", JWKSet: h.op.JWKS,
		},
		Claims: oidcrealm.Claims{Principal: "preferred_username", Groups: "groups", Name: "name", Mail: "email"},
	}
}

func (h *house) oidcURL() string { return h.url(h.gateway) + "/_gateway/oidc/" + oidcMethod }

func (h *house) methodURL() string { return h.url(h.gateway) + "/_gateway/saml/" + method }

func (h *house) elasticURL() string { return fmt.Sprintf("https://127.0.0.1:%d", h.elasticsearch) }

func (h *house) file(name string) string { return filepath.Join(h.dir, name) }

func (h *house) overTLS(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{h.cert.pair}})
}
