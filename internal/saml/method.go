package saml

import (
	"context"
	"crypto/rsa"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

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
	cfg        Config
	realm      string
	base       *url.URL
	es         *elastic.Client
	decryption []*rsa.PrivateKey // open encrypted assertions; none: they stay closed
	metadata   *published
	why        *explainer
	now        func() time.Time
	log        *slog.Logger
}

// New makes the method. Errors: a key file that cannot be read.
func New(d login.Deps, c Config) (*Method, error) {
	if d.Elastic == nil || d.Base == nil {
		return nil, errors.New("saml: a method needs Elasticsearch and its own address")
	}
	keys, err := readKeys(c.DecryptionKey)
	if err != nil {
		return nil, err
	}
	return &Method{
		cfg: c, realm: c.Realm, base: d.Base, es: d.Elastic, decryption: keys, metadata: publish(d, c.Realm),
		why: newExplainer(d, c), now: d.Now, log: d.Log,
	}, nil
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

// Routes are the assertion consumer service, the single logout service in both
// bindings, for requests and for answers, and the metadata that names them.
func (m *Method) Routes() []login.Route {
	return []login.Route{
		{Verb: http.MethodPost, Path: "acs", CrossSite: true, Handle: m.consume},
		{Verb: http.MethodGet, Path: "slo", CrossSite: true, Aside: true, Handle: m.logoutByRedirect},
		{Verb: http.MethodPost, Path: "slo", CrossSite: true, Aside: true, Handle: m.logoutByPost},
		{Verb: http.MethodGet, Path: "metadata", Aside: true, Handle: m.describe},
	}
}

// Leave ends the session at ES and returns the identity provider's logout
// address, with a request signed by ES, or none if the realm has none.
func (m *Method) Leave(ctx context.Context, p session.Pair) (login.Leaving, error) {
	id, redirect, err := m.es.SAMLLogout(ctx, p.Access, p.Refresh)
	if err != nil || redirect == "" {
		return login.Leaving{}, err
	}
	return login.Leaving{URL: redirect, ID: id}, safeLocation(redirect)
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
