package saml

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/esgateway/esgateway/internal/elastic"
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
	if m.cfg.Issuer != "" && strings.TrimSpace(answer.Issuer) != m.cfg.Issuer {
		return login.Step{}, &fault.Error{
			Kind: fault.SignInFailed, Public: remedies[causeIssuer].text, Hint: remedies[causeIssuer].hint, Cause: string(causeIssuer),
			Err: fmt.Errorf("the response's issuer is %q, and the method's %q", shown(answer.Issuer), m.cfg.Issuer),
		}
	}
	if answer.InResponseTo == "" {
		return m.unsolicited(r, attempts, content, answer)
	}
	attempt, err := attempts.Take(r.Context(), answer.InResponseTo)
	if err != nil {
		return login.Step{}, err
	}
	grant, err := m.es.SAMLAuthenticate(r.Context(), m.realm, content, []string{attempt.ID})
	if err != nil {
		return login.Step{}, m.refused(r.Context(), answer, attempt.ID, err)
	}
	return m.done(grant, attempt, answer)
}

// done compares what ES has accepted with what was read of the same bytes, and keeps
// how the identity provider knows the person.
func (m *Method) done(grant elastic.Grant, attempt login.Attempt, answer *response) (login.Step, error) {
	if grant.InResponseTo != attempt.ID && grant.InResponseTo != "" {
		return refused(grant, "elasticsearch accepted a response to another request"), nil
	}
	known, err := m.provider(answer, grant.Identity)
	if err != nil {
		return refused(grant, err.Error()), nil
	}
	m.why.accepted(answer)
	return login.Done(grant, attempt, known), nil
}

// refused gives back the tokens of a message that ES has accepted and we do not.
func refused(grant elastic.Grant, why string) login.Step {
	return login.Refused(grant, fault.Because(fault.SignInFailed, errors.New(why)))
}

// unreadable is the fault of a message that ES is not even asked about.
func unreadable(err error) error {
	return &fault.Error{Kind: fault.BadRequest, Public: "What the identity provider sent cannot be read.", Cause: string(causeUnreadable), Err: err}
}

// formValue returns a field that was posted exactly once. It is decoded once,
// by the form's rules, and goes to ES as it is.
func formValue(r *http.Request, name string) (string, error) {
	if err := readForm(r); err != nil {
		return "", err
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

func readForm(r *http.Request) error {
	err := r.ParseForm()
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Because(fault.TooLarge, err)
	}
	return fault.Because(fault.BadRequest, err)
}
