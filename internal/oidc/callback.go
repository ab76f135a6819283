package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
)

// answer is what a provider has sent.
type answer struct {
	values url.Values
	// url is the callback address with it, byte for byte as far as it came as an address.
	url string
}

// byQuery is GET .../callback: the code flow's answer, or the start of an implicit
// one, whose answer stands behind the "#" and does not come here.
func (m *Method) byQuery(r *http.Request, attempts login.Attempts) (login.Step, error) {
	if r.URL.RawQuery == "" {
		return login.Fragment(), nil
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return login.Step{}, unreadable(err)
	}
	if !values.Has("state") && !values.Has("error") && !values.Has("code") {
		return login.Fragment(), nil // a provider that adds something of its own before the "#"
	}
	return m.answered(r.Context(), attempts, answer{values: values, url: m.base.String() + "/callback?" + r.URL.RawQuery})
}

// byForm is POST .../callback: the fragment as our own page has read it, or a form that
// the provider has posted (form_post), which ES knows nothing of and gets as an address.
func (m *Method) byForm(r *http.Request, attempts login.Attempts) (login.Step, error) {
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return login.Step{}, fault.Because(fault.TooLarge, err)
		}
		return login.Step{}, unreadable(err)
	}
	if fragments := r.PostForm["fragment"]; len(fragments) == 1 {
		raw := strings.TrimPrefix(fragments[0], "#")
		values, err := url.ParseQuery(raw)
		if err != nil {
			return login.Step{}, unreadable(err)
		}
		return m.answered(r.Context(), attempts, answer{values: values, url: m.base.String() + "/callback#" + raw})
	}
	values := url.Values{}
	for _, name := range parameters {
		if all, ok := r.PostForm[name]; ok {
			values[name] = all
		}
	}
	mark := "?"
	if values.Has("id_token") || values.Has("access_token") {
		mark = "#"
	}
	return m.answered(r.Context(), attempts, answer{values: values, url: m.base.String() + "/callback" + mark + values.Encode()})
}

// parameters are those of an answer; each may be there once.
var parameters = [...]string{ //nolint:gochecknoglobals // a constant
	"state", "code", "error", "error_description", "error_uri", "iss", "session_state",
	"id_token", "access_token", "token_type", "expires_in", "scope",
}

// answered takes the attempt that an answer belongs to, and hands the answer on.
func (m *Method) answered(ctx context.Context, attempts login.Attempts, a answer) (login.Step, error) {
	for _, name := range parameters {
		if len(a.values[name]) > 1 {
			return login.Step{}, unreadable(errors.New("the answer has a parameter twice: " + name))
		}
	}
	state := a.values.Get("state")
	if state == "" {
		return login.Step{}, unreadable(errors.New("the answer has no state"))
	}
	attempt, err := attempts.Take(ctx, state)
	if err != nil {
		return login.Step{}, err
	}
	if err := m.fromOurProvider(a.values); err != nil {
		return login.Step{}, err
	}
	if a.values.Has("error") {
		return login.Step{}, m.denied(ctx, a.values)
	}
	grant, err := m.es.OIDCAuthenticate(ctx, m.cfg.Realm, a.url, attempt.ID, attempt.Nonce)
	if err != nil {
		return login.Step{}, m.refused(ctx, err)
	}
	known, err := m.secondLook(ctx, grant, attempt)
	if err != nil {
		return login.Refused(grant, err), nil
	}
	return login.Done(grant, attempt, known), nil
}

// fromOurProvider refuses an answer that names another issuer (RFC 9207), or none
// although the provider always names itself (threat: mix-up, a code of one provider is
// led to another's callback). An ID token names its issuer, so that providers leave the
// other name out beside one.
func (m *Method) fromOurProvider(values url.Values) error {
	iss := values.Get("iss")
	signed := values.Get("id_token") != "" && !values.Has("code")
	if iss == m.cfg.Issuer || iss == "" && (signed || !m.provider.namesItself()) {
		return nil
	}
	return &fault.Error{
		Kind: fault.SignInFailed, Cause: "issuer",
		Public: "The answer came from another identity provider than the one that was asked.",
		Hint:   "Start again from the application. If it happens again, give your administrator the details below.",
		Err:    errors.New("the answer's iss is not the method's issuer"),
	}
}

// namesItself reports whether the provider puts its name on every answer, as far as it
// has said so: its document is read when the first sign-in starts, and nobody waits.
func (p *provider) namesItself() bool {
	doc := p.known.Load()
	return doc != nil && doc.NamesItself
}

// refused explains why ES has refused an answer. ES says the same of a forged answer
// and of a provider that it cannot reach, so the provider is looked at, briefly.
func (m *Method) refused(ctx context.Context, err error) error {
	if elastic.ClassOf(err) != elastic.PersonRefused {
		return login.ElasticFault(err)
	}
	f := &fault.Error{Kind: fault.SignInFailed, Cause: "refused", Err: err}
	if _, look := m.provider.look(ctx); errors.Is(look, errUnreachable) {
		f.Cause = "provider_unreachable"
		f.Public = "Your identity provider probably does not answer at the moment."
		f.Hint = "Wait a moment, then try again. If it goes on, give your administrator the details below."
		f.Err = errors.Join(err, look)
	}
	m.log.WarnContext(ctx, "Elasticsearch refused a sign-in", "esgateway.realm", m.cfg.Realm,
		"event.reason", f.Cause, "error.message", f.Err.Error())
	return f
}

func unreadable(err error) error {
	return &fault.Error{
		Kind: fault.BadRequest, Public: "What the identity provider sent cannot be read.",
		Hint: "Start again from the application that you want to use.", Err: err,
	}
}
