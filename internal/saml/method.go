package saml

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/session"
)

var (
	_ login.Method  = (*Method)(nil)
	_ login.Leaver  = (*Method)(nil)
	_ login.Checker = (*Method)(nil)
)

// Method is one configured SAML realm.
type Method struct {
	realm    string
	base     *url.URL
	es       *elastic.Client
	metadata *published
}

// New makes the method.
func New(d login.Deps, c Config) (*Method, error) {
	if d.Elastic == nil || d.Base == nil {
		return nil, errors.New("saml: a method needs Elasticsearch and its own address")
	}
	return &Method{realm: c.Realm, base: d.Base, es: d.Elastic, metadata: publish(d, c.Realm)}, nil
}

// Start asks ES for the request to the identity provider. The realm is always
// named: without it the call breaks on the day a second realm is added.
func (m *Method) Start(ctx context.Context, _ login.Ask) (login.Step, error) {
	prepared, err := m.es.SAMLPrepare(ctx, m.realm)
	if err != nil {
		return login.Step{}, login.ElasticFault(err)
	}
	if err := safeLocation(prepared.Redirect); err != nil {
		return login.Step{}, fault.Because(fault.Misconfigured, err)
	}
	return login.Redirect(prepared.Redirect, prepared.ID), nil
}

// Routes are the assertion consumer service, the single logout service, and the
// metadata with both.
func (m *Method) Routes() []login.Route {
	return []login.Route{
		{Verb: http.MethodPost, Path: "acs", CrossSite: true, Handle: m.consume},
		{Verb: http.MethodGet, Path: "slo", Handle: m.loggedOut},
		{Verb: http.MethodGet, Path: "metadata", Aside: true, Handle: m.describe},
	}
}

// Leave ends the session at ES and returns the identity provider's logout
// address, with a request signed by ES, or "" if the realm has none.
func (m *Method) Leave(ctx context.Context, p session.Pair) (string, error) {
	_, redirect, err := m.es.SAMLLogout(ctx, p.Access, p.Refresh)
	if err != nil || redirect == "" {
		return "", err
	}
	return redirect, safeLocation(redirect)
}

// safeLocation refuses an address that metadata should not have held, such as
// javascript: (CVE-2023-45683 in a relative of ours).
func safeLocation(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("saml: the identity provider's address cannot be read")
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return errors.New("saml: the identity provider's address is not http or https")
	}
	return nil
}
