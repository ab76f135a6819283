package oidc

import (
	"context"
	"errors"
	"net/url"

	"github.com/esgateway/esgateway/internal/fault"
)

// refusals are the errors that a provider answers with (RFC 6749 4.1.2.1, OpenID
// Connect Core 3.1.2.6), as people read them.
var refusals = map[string]struct{ text, hint string }{ //nolint:gochecknoglobals // a constant
	"access_denied":              {"Your identity provider did not let you in, or you have cancelled the sign-in.", "Try again. If you should have access, ask your administrator."},
	"login_required":             {"Your identity provider wants you to sign in there first.", "Try again, and sign in there."},
	"interaction_required":       {"Your identity provider wants to ask you something first.", "Try again, and answer there."},
	"account_selection_required": {"Your identity provider does not know which of your accounts you mean.", "Try again, and choose one there."},
	"consent_required":           {"Your identity provider wants you to agree to something first.", "Try again, and agree there."},
	"temporarily_unavailable":    {"Your identity provider cannot sign you in at the moment.", "Wait a moment, then try again."},
	"server_error":               {"Something went wrong at your identity provider.", "Wait a moment, then try again. If it goes on, give your administrator the details below."},
}

// denied is the fault of an answer that says why there is none. It answers an attempt of
// this browser, so what the provider says may be shown, bounded and as text.
func (m *Method) denied(ctx context.Context, values url.Values) error {
	code := values.Get("error")
	f := &fault.Error{
		Kind: fault.SignInFailed, Cause: "idp_error", Err: errors.New("the provider answered with an error"),
		Public: "Your identity provider did not sign you in.",
		Hint:   "Give your administrator the details below: the provider does not accept how it was asked.",
	}
	if known, ok := refusals[code]; ok {
		f.Cause, f.Public, f.Hint = code, known.text, known.hint
	}
	for _, fact := range []fault.Fact{
		{Name: "Error", Value: fault.Shown(code)},
		{Name: "Description", Value: fault.Shown(values.Get("error_description"))},
	} {
		if fact.Value != "" {
			f.Facts = append(f.Facts, fact)
		}
	}
	m.log.WarnContext(ctx, "the identity provider answered a sign-in with an error", "esgateway.realm", m.cfg.Realm,
		"event.reason", f.Cause, "esgateway.oidc.error", fault.Shown(code), "esgateway.oidc.error_description", fault.Shown(values.Get("error_description")))
	return f
}
