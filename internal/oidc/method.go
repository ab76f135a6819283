package oidc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/session"
)

var (
	_ login.Method   = (*Method)(nil)
	_ login.Leaver   = (*Method)(nil)
	_ login.IssuedBy = (*Method)(nil)
	_ login.Warner   = (*Method)(nil)
)

// Method is one configured OpenID Connect realm.
type Method struct {
	cfg      Config
	base     *url.URL
	es       *elastic.Client
	provider *provider
	keys     *keySet
	now      func() time.Time
	log      *slog.Logger
	alarm    func(kind string)
	warnings warnings
	// learned is the client id, from a request of ES's; "" if it names none.
	learned atomic.Pointer[string]
}

// New makes the method. Errors: a CA file that cannot be read.
func New(d login.Deps, c Config) (*Method, error) {
	if d.Elastic == nil || d.Base == nil {
		return nil, errors.New("oidc: a method needs Elasticsearch and its own address")
	}
	p, err := newProvider(c.Issuer, c.CA, d.Now)
	if err != nil {
		return nil, err
	}
	m := &Method{
		cfg: c, base: d.Base, es: d.Elastic, provider: p, keys: newKeySet(p, c.SignatureAlgorithm),
		now: d.Now, log: d.Log, alarm: d.Alarm,
	}
	if m.alarm == nil {
		m.alarm = func(string) {}
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if c.shared() && c.IDToken != off {
		m.warnings.set(warnShared)
	}
	return m, nil
}

// Issuer is the provider's name.
func (m *Method) Issuer() string { return m.cfg.Issuer }

// Start sends somebody to the provider.
func (m *Method) Start(ctx context.Context, ask login.Ask) (login.Step, error) {
	m.provider.meet(ctx)
	asked, err := m.prepare(ctx)
	if err != nil {
		return login.Step{}, err
	}
	return login.Redirect(withHints(asked.Redirect, ask.Hints), asked.State).Expecting(asked.Nonce, asked.client), nil
}

// request is a request to the provider, and the client it is made for.
type request struct {
	elastic.PreparedOIDC
	client string
}

// prepare asks ES for a request. The realm is always named: a code would otherwise be
// tried, and used up, at whichever provider comes first. Its errors are faults.
func (m *Method) prepare(ctx context.Context) (request, error) {
	prepared, err := m.es.OIDCPrepare(ctx, m.cfg.Realm)
	if err != nil {
		return request{}, login.ElasticFault(err)
	}
	u, err := url.Parse(prepared.Redirect)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return request{}, fault.Because(fault.Misconfigured, errors.New("oidc: the provider's address is not http or https"))
	}
	client := m.cfg.ClientID
	if client == "" {
		client = u.Query().Get("client_id")
		m.learned.Store(&client)
	}
	return request{prepared, client}, nil
}

// Routes are the callback, the wish of another site that somebody sign in, and the
// ways by which a session ends from the provider's side.
func (m *Method) Routes() []login.Route {
	return []login.Route{
		{Verb: http.MethodGet, Path: "callback", CrossSite: true, Handle: m.byQuery},
		{Verb: http.MethodPost, Path: "callback", CrossSite: true, Handle: m.byForm},
		{Verb: http.MethodGet, Path: "initiate", CrossSite: true, Aside: true, Handle: m.initiate},
		{Verb: http.MethodPost, Path: "initiate", CrossSite: true, Aside: true, Handle: m.initiate},
		{Verb: http.MethodGet, Path: "logged-out", Aside: true, Handle: m.loggedOut},
		{Verb: http.MethodPost, Path: "backchannel-logout", CrossSite: true, Aside: true, Handle: m.backChannel},
		{Verb: http.MethodGet, Path: "frontchannel-logout", CrossSite: true, Aside: true, Handle: m.frontChannel},
	}
}

// Leave ends the session at ES and returns the provider's end-session address, with
// the ID token as ES keeps it, or none if the realm has none. ES makes a state for the
// way back and does not say it on its own.
func (m *Method) Leave(ctx context.Context, p session.Pair) (login.Leaving, error) {
	redirect, err := m.es.OIDCLogout(ctx, p.Access, p.Refresh)
	if err != nil || redirect == "" {
		return login.Leaving{}, err
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return login.Leaving{}, errors.New("oidc: the provider's end-session address is not http or https")
	}
	return login.Leaving{URL: redirect, ID: u.Query().Get("state")}, nil
}

// loggedOut is GET .../logged-out: the provider sends the person back after a sign-out
// that began here. It proves nothing, and changes nothing: the session is gone.
func (m *Method) loggedOut(r *http.Request, attempts login.Attempts) (login.Step, error) {
	left, ok, err := attempts.Left(r.Context(), r.URL.Query().Get("state"))
	if err != nil {
		return login.Step{}, err
	}
	if !ok {
		return login.LoggedOut(), nil
	}
	return login.LoggedOut(left.Undone...), nil
}

// warnings are what an operator should know while sign-ins work all the same.
type warnings struct {
	mu  sync.Mutex
	all map[string]bool // guarded by mu
}

// The warnings.
const (
	warnShared   = "signature_algorithm is HS...: the key is Elasticsearch's, so ID tokens are not verified a second time, and the provider's logout tokens are refused"
	warnNoToken  = "Elasticsearch does not show the ID token; it is not verified a second time: set populate_user_metadata of the realm to true"
	warnNoKeys   = "the provider's keys cannot be read; ID tokens are not verified a second time, and its logout tokens are refused"
	warnOther    = "the provider's discovery document is of another issuer, or names unsafe addresses; what is to be verified by its keys is refused, ID tokens and logout tokens alike: gateway check says what to change"
	warnUnlinked = "sign-ins show neither sub nor sid, so the provider cannot end sessions: set populate_user_metadata of the realm to true"
)

// set reports whether it is new.
func (w *warnings) set(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[string]bool{}
	}
	before := w.all[text]
	w.all[text] = true
	return !before
}

func (w *warnings) clear(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, text)
}

// Warnings implements login.Warner.
func (m *Method) Warnings() []string {
	m.warnings.mu.Lock()
	defer m.warnings.mu.Unlock()
	var all []string
	for _, text := range [...]string{warnShared, warnNoToken, warnNoKeys, warnOther, warnUnlinked} {
		if m.warnings.all[text] {
			all = append(all, text)
		}
	}
	return all
}

// warn tells the operator: in the log, by a counter, and in /readyz?verbose.
func (m *Method) warn(ctx context.Context, text, kind string, err error) {
	m.alarm(kind)
	attrs := []any{"esgateway.realm", m.cfg.Realm}
	if err != nil {
		attrs = append(attrs, "error.message", err.Error())
	}
	if m.warnings.set(text) {
		m.log.WarnContext(ctx, text, attrs...)
		return
	}
	m.log.InfoContext(ctx, text, attrs...)
}
