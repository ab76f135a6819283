package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/session"
	"github.com/esgateway/esgateway/internal/web"
)

// maxTokenAge is how old a logout token may be, or how much ahead of our clock.
const maxTokenAge = 10 * time.Minute

// logoutEvent is the member that makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel is POST .../backchannel-logout (OpenID Connect Back-Channel Logout 1.0):
// the provider itself says which sessions have ended. ES has no such thing, so the
// token is judged here, by the provider's published keys.
//
// It is answered as the specification says: 200 also if nobody was signed in, 400 for a
// token that is none, and 5xx where a session could not be ended, or the keys not be
// read, so that the provider tries again.
func (m *Method) backChannel(r *http.Request, attempts login.Attempts) (login.Step, error) {
	if err := r.ParseForm(); err != nil {
		return login.Step{}, badToken(err)
	}
	raw := r.PostForm["logout_token"]
	if len(raw) != 1 || raw[0] == "" {
		return login.Step{}, badToken(errors.New("not exactly one logout_token"))
	}
	if m.cfg.shared() {
		return login.Step{}, badToken(errors.New(warnShared))
	}
	token, err := m.logoutToken(r.Context(), raw[0])
	if errors.Is(err, errUnreachable) {
		m.warn(r.Context(), warnNoKeys, "oidc_keys_missing", err)
		return login.Step{}, &fault.Error{Kind: fault.ElasticsearchUnavailable, Public: "The provider's keys cannot be read.", Err: err}
	}
	if errors.Is(err, errOther) {
		m.warn(r.Context(), warnOther, "oidc_provider_other", err)
		return login.Step{}, fault.Because(fault.Misconfigured, err)
	}
	if err != nil {
		return login.Step{}, badToken(err)
	}
	// A token that comes again is answered, and ends nothing: a session that began since
	// is not meant.
	first, err := attempts.Once(r.Context(), "logout\x00"+token.TokenID, token.IssuedAt.Add(2*maxTokenAge))
	if err != nil {
		return login.Step{}, err
	}
	if !first {
		return login.ProviderNotice(session.ProviderEnds{Realm: m.cfg.Realm}), nil
	}
	ends := session.ProviderEnds{Realm: m.cfg.Realm, Subject: token.Subject}
	if token.SessionID != "" {
		ends.Sessions = []string{token.SessionID}
	}
	m.log.InfoContext(r.Context(), "the identity provider ends sessions", "esgateway.realm", m.cfg.Realm, "esgateway.oidc.by", by(token))
	return login.ProviderNotice(ends), nil
}

func by(token *oidc.LogoutToken) string {
	if token.SessionID != "" {
		return "sid"
	}
	return "sub"
}

// logoutToken verifies a logout token (Back-Channel Logout 1.0, section 2.6): signature,
// algorithm, issuer, audience, end, events, sub or sid, no nonce, jti by go-oidc; type,
// age and the form of the event here.
func (m *Method) logoutToken(ctx context.Context, raw string) (*oidc.LogoutToken, error) {
	if err := checkType(raw, m.cfg.SignatureAlgorithm); err != nil {
		return nil, err
	}
	client, err := m.client(ctx)
	if err != nil {
		return nil, err
	}
	verifier, heard := m.verifier(client, &oidc.Config{Now: func() time.Time { return m.now().Add(-m.cfg.ClockSkew) }})
	token, err := verifier.VerifyLogout(ctx, raw)
	m.readable(heard)
	if heard.err != nil {
		return nil, heard.err
	}
	if err != nil {
		return nil, err
	}
	var claims struct {
		Events map[string]json.RawMessage `json:"events"`
	}
	if err := token.Claims(&claims); err != nil {
		return nil, err
	}
	age := m.now().Sub(token.IssuedAt)
	switch {
	case !bytes.HasPrefix(bytes.TrimSpace(claims.Events[logoutEvent]), []byte("{")):
		return nil, errors.New("the event is no object")
	case token.IssuedAt.Unix() <= 0 || age > maxTokenAge || age < -maxTokenAge:
		return nil, fmt.Errorf("the token was issued at %s, and it is %s", token.IssuedAt.UTC().Format(time.RFC3339), m.now().UTC().Format(time.RFC3339))
	}
	return token, nil
}

// checkType refuses a token of another type, where it says its type (RFC 8725, 3.11).
func checkType(raw, algorithm string) error {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
	if err != nil {
		return fmt.Errorf("no token of %s: %w", algorithm, err)
	}
	kind, _ := jws.Signatures[0].Header.ExtraHeaders[jose.HeaderType].(string)
	switch strings.TrimPrefix(strings.ToLower(kind), "application/") {
	case "", "jwt", "logout+jwt":
		return nil
	}
	return errors.New("a token of another type")
}

// client is the client id: that of the configuration, or of the requests that ES makes.
func (m *Method) client(ctx context.Context) (string, error) {
	if m.cfg.ClientID != "" {
		return m.cfg.ClientID, nil
	}
	if known := m.learned.Load(); known != nil && *known != "" {
		return *known, nil
	}
	asked, err := m.prepare(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: the client id is not known: %w", errUnreachable, err)
	}
	if asked.client == "" {
		return "", errors.New("the requests that Elasticsearch makes name no client")
	}
	return asked.client, nil
}

// badToken is the answer to what is no logout token: 400 (section 2.8).
func badToken(err error) error {
	return &fault.Error{Kind: fault.BadRequest, Public: "This is not a logout token of the identity provider.", Err: err}
}

// frontChannel is GET .../frontchannel-logout (OpenID Connect Front-Channel Logout 1.0):
// the provider's page loads it in a frame. A frame of another site may bring no cookie of
// ours, so the session is found by the provider's own id of it, which only provider and
// session know; without one nothing ends.
//
// LemonLDAP::NG 2.16 sends the person's name instead of that id. Anybody can know
// it (threat: a page of somebody else signs people out), so the frame must be the
// provider's own by the browser's word, and only this browser's session ends.
func (m *Method) frontChannel(r *http.Request, _ login.Attempts) (login.Step, error) {
	q := r.URL.Query()
	if len(q["iss"]) != 1 || len(q["sid"]) != 1 || q.Get("iss") != m.cfg.Issuer || q.Get("sid") == "" {
		return login.Step{}, &fault.Error{
			Kind: fault.BadRequest, Public: "This address is for the identity provider: it names its session by iss and sid.",
			Hint: "Sign out here on the gateway's own page.", Err: errors.New("iss and sid are not both there, or not ours"),
		}
	}
	if m.framed(r) {
		return login.FrameNotice(m.cfg.Realm, q.Get("sid")), nil
	}
	return login.ProviderNotice(session.ProviderEnds{Realm: m.cfg.Realm, Sessions: []string{q.Get("sid")}}), nil
}

// framed reports whether a browser says that the provider's page asks.
func (m *Method) framed(r *http.Request) bool {
	issuer, err := url.Parse(m.cfg.Issuer)
	return err == nil && web.OriginOf(&http.Request{Method: r.Method, Header: http.Header{"Referer": r.Header["Referer"]}}, issuer) == web.SameOrigin
}
