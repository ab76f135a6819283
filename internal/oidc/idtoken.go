package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
	"github.com/esgateway/esgateway/internal/session"
)

// secondLook verifies the ID token of a sign-in that ES has accepted, and returns how
// the provider knows the person. ES takes an ID token that ended up to 16 hours ago
// (contract oidc 2.3), so a token that was found in a log would be as good as new.
//
// The token is looked at here and kept nowhere.
func (m *Method) secondLook(ctx context.Context, grant elastic.Grant, attempt login.Attempt) (session.Provider, error) {
	known := session.Provider{Subject: text(grant, "oidc(sub)"), Session: text(grant, "oidc(sid)")}
	token, err := m.verify(ctx, grant, attempt)
	switch {
	case err == nil && token != nil:
		var claims struct {
			SID string `json:"sid"`
		}
		if token.Claims(&claims) == nil && known.Session == "" {
			known.Session = claims.SID
		}
		if known.Subject == "" {
			known.Subject = token.Subject
		}
	case err != nil:
		return session.Provider{}, err
	}
	if known.Subject == "" && known.Session == "" {
		m.warn(ctx, warnUnlinked, "oidc_session_unlinked", nil)
	} else {
		m.warnings.clear(warnUnlinked)
	}
	return known, nil
}

// text is a claim as ES shows it.
func text(grant elastic.Grant, name string) string {
	value, _ := grant.Identity.Metadata[name].(string)
	return value
}

// verify is nil, nil where the token cannot be verified and need not be.
func (m *Method) verify(ctx context.Context, grant elastic.Grant, attempt login.Attempt) (*oidc.IDToken, error) {
	if m.cfg.IDToken == off || m.cfg.shared() {
		return nil, nil //nolint:nilnil // not verified, by choice
	}
	if grant.IDToken.Empty() {
		return nil, m.unverified(ctx, warnNoToken, "oidc_id_token_missing", nil)
	}
	m.warnings.clear(warnNoToken)
	verifier, heard := m.verifier(attempt.Audience, &oidc.Config{SkipExpiryCheck: true}) // see inTime
	token, err := verifier.Verify(ctx, grant.IDToken.Reveal())
	if errors.Is(heard.err, errUnreachable) {
		return nil, m.unverified(ctx, warnNoKeys, "oidc_keys_missing", heard.err)
	}
	if errors.Is(heard.err, errOther) {
		m.warn(ctx, warnOther, "oidc_provider_other", heard.err)
		return nil, &fault.Error{
			Kind: fault.Misconfigured, Cause: "issuer", Err: heard.err,
			Public: "Your sign-in could not be verified: this gateway is set up for another identity provider than the one that answered.",
		}
	}
	m.readable(heard)
	if err == nil {
		err = m.inTime(token)
	}
	if err == nil && token.Nonce != attempt.Nonce {
		err = errors.New("the nonce is not the attempt's")
	}
	if err != nil {
		return nil, m.tokenFault(ctx, err)
	}
	return token, nil
}

// readable ends the warnings that the provider's keys cannot be read, where they were.
func (m *Method) readable(h *heard) {
	if h.read {
		m.warnings.clear(warnNoKeys)
		m.warnings.clear(warnOther)
	}
}

// minSkew is how much ahead the provider's clock may be at least: many write the moment
// itself into nbf.
const minSkew = 5 * time.Minute

// inTime judges when a token begins and ends, each with the skew on its own side. go-oidc
// knows one clock alone: set back for the end, it is too late for the beginning.
func (m *Method) inTime(token *oidc.IDToken) error {
	var claims struct {
		NotBefore json.Number `json:"nbf"`
	}
	if err := token.Claims(&claims); err != nil {
		return err
	}
	now := m.now()
	if token.Expiry.Before(now.Add(-m.cfg.ClockSkew)) {
		return &oidc.TokenExpiredError{Expiry: token.Expiry}
	}
	if claims.NotBefore == "" {
		return nil
	}
	begins, err := claims.NotBefore.Float64()
	if err != nil {
		return err
	}
	if from := time.Unix(int64(begins), 0); from.After(now.Add(max(m.cfg.ClockSkew, minSkew))) {
		return fmt.Errorf("the token begins at %s, and it is %s", from.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// verifier judges tokens of the provider for a client, by its published keys.
func (m *Method) verifier(client string, c *oidc.Config) (*oidc.IDTokenVerifier, *heard) {
	keys := &heard{keySet: m.keys}
	c.ClientID, c.SupportedSigningAlgs = client, []string{m.cfg.SignatureAlgorithm}
	return oidc.NewVerifier(m.cfg.Issuer, keys, c), keys
}

// unverified says what is missing: loudly, and as a refusal where the method insists.
func (m *Method) unverified(ctx context.Context, text, kind string, err error) error {
	m.warn(ctx, text, kind, err)
	if m.cfg.IDToken != require {
		return nil
	}
	return &fault.Error{
		Kind: fault.Misconfigured, Cause: "id_token", Public: "Your sign-in could not be verified as this gateway insists on.",
		Hint: "Tell your administrator, and give the request ID below.", Err: errors.Join(errors.New(text), err),
	}
}

// tokenFault is the fault of an ID token that ES has taken and we do not.
func (m *Method) tokenFault(ctx context.Context, err error) error {
	f := &fault.Error{
		Kind: fault.SignInFailed, Cause: "id_token", Err: err,
		Public: "Your identity provider's token could not be verified.",
		Hint:   "Try again. If it happens again, give your administrator the details below.",
	}
	if expired, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		f.Cause, f.Public = "expired", "Your identity provider's token had ended when it came here."
		f.Facts = []fault.Fact{
			{Name: "Token's end", Value: expired.Expiry.UTC().Format(time.RFC3339)},
			{Name: "Gateway's clock", Value: m.now().UTC().Format(time.RFC3339)},
		}
	}
	m.log.WarnContext(ctx, "an ID token that Elasticsearch accepted is refused", "esgateway.realm", m.cfg.Realm,
		"event.reason", f.Cause, "error.message", err.Error())
	return f
}
