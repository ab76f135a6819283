package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
	"github.com/esgateway/esgateway/internal/standin/samlrealm"
)

// The names of the demo's SAML realm, method and identity provider.
const (
	realm     = "saml1"
	method    = "corp"
	idpEntity = "urn:esgateway:demo:idp"
	spEntity  = "urn:esgateway:demo"
)

// house is what the gateway stands in front of.
type house struct {
	settings
	now  func() time.Time
	es   *standin.Elasticsearch
	idp  *idp.IdP
	cert certificate
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
	h.es, err = standin.New(standin.Config{
		Now: now, Users: users(), Roles: roles(), RoleMappings: roleMappings(), Indices: documents(),
		SAML: []samlrealm.Config{{
			Name: realm, IDPMetadata: func() ([]byte, error) { return h.idp.Metadata(), nil }, IDPEntityID: idpEntity,
			SPEntityID: spEntity, ACS: h.methodURL() + "/acs", Logout: h.methodURL() + "/slo",
			Attributes: samlrealm.Attributes{Principal: "uid", Groups: "groups", Name: "displayName", Mail: "mail"},
		}},
	})
	h.toES = h.cert.client()
	return h, err
}

// url is where a port is reached by people: localhost, whose ports are one site,
// so that the browser sends cookies along with the identity provider's answer.
func (h *house) url(port int) string { return fmt.Sprintf("http://localhost:%d", port) }

func (h *house) methodURL() string { return h.url(h.gateway) + "/_gateway/saml/" + method }

func (h *house) elasticURL() string { return fmt.Sprintf("https://127.0.0.1:%d", h.elasticsearch) }

func (h *house) file(name string) string { return filepath.Join(h.dir, name) }

func (h *house) overTLS(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{h.cert.pair}})
}
