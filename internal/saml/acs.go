package saml

import (
	"errors"
	"net/http"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
)

// consume is POST .../acs: the identity provider's answer, posted by the
// person's browser from another site.
func (m *Method) consume(r *http.Request, attempts login.Attempts) (login.Step, error) {
	content, err := formValue(r, "SAMLResponse")
	if err != nil {
		return login.Step{}, err
	}
	message, err := decode(content)
	if err != nil {
		return login.Step{}, unreadable(err)
	}
	answer, err := readResponse(message)
	if err != nil {
		return login.Step{}, unreadable(err)
	}
	if answer.InResponseTo == "" {
		return login.Restart("the response answers no request (IdP-initiated)"), nil
	}
	attempt, err := attempts.Take(r.Context(), answer.InResponseTo)
	if err != nil {
		return login.Step{}, err
	}
	grant, err := m.es.SAMLAuthenticate(r.Context(), m.realm, content, []string{attempt.ID})
	if err != nil {
		return login.Step{}, m.refused(r.Context(), answer, attempt.ID, err)
	}
	m.why.accepted(answer)
	if grant.InResponseTo != "" && grant.InResponseTo != attempt.ID {
		return login.Step{}, fault.Because(fault.SignInFailed, errors.New("elasticsearch accepted a response to another request"))
	}
	return login.Done(grant, attempt), nil
}

// unreadable is the fault of a message that ES is not even asked about.
func unreadable(err error) error {
	return &fault.Error{Kind: fault.BadRequest, Public: "What the identity provider sent cannot be read.", Cause: string(causeUnreadable), Err: err}
}

// formValue returns a field that was posted exactly once. It is decoded once,
// by the form's rules, and goes to ES as it is.
func formValue(r *http.Request, name string) (string, error) {
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return "", fault.Because(fault.TooLarge, err)
		}
		return "", fault.Because(fault.BadRequest, err)
	}
	values := r.PostForm[name]
	if len(values) != 1 || values[0] == "" {
		return "", &fault.Error{
			Kind:   fault.BadRequest,
			Public: "This address takes the answer of an identity provider, and there was none.",
			Hint:   "Start at the application that you want to use.",
			Err:    errors.New("saml: not exactly one " + name),
		}
	}
	return values[0], nil
}

// loggedOut is GET .../slo: the identity provider sends the person back after a
// sign-out that began here. Its answer changes nothing: the session is gone.
func (m *Method) loggedOut(r *http.Request, _ login.Attempts) (login.Step, error) {
	if r.URL.Query().Has("SAMLRequest") {
		return login.Step{}, &fault.Error{
			Kind:   fault.BadRequest,
			Public: "Your identity provider asks to sign you out everywhere. This gateway does not take such requests yet.",
			Hint:   "Sign out here on the gateway's own page.",
		}
	}
	return login.LoggedOut(), nil
}
