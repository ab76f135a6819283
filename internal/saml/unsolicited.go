package saml

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
)

const (
	// maxAnswerLife is how far ahead the end of an answer may lie that nobody asked
	// for: so long it is remembered.
	maxAnswerLife = 24 * time.Hour
	// clockMargin is how much longer than its end a message is remembered, since ES's
	// clock and skew (allowed_clock_skew, 3 minutes by default) are its own.
	clockMargin = time.Hour
)

// unsolicited is an answer that names no request: a sign-in that began at the
// identity provider (SAML profiles 4.1.5), or one that somebody else has planted.
func (m *Method) unsolicited(r *http.Request, attempts login.Attempts, content string, answer *response) (login.Step, error) {
	next := ""
	if m.cfg.RelayState && len(r.PostForm["RelayState"]) == 1 {
		next = r.PostForm["RelayState"][0]
	}
	switch m.cfg.IdPInitiated {
	case accept:
		return m.takeUnsolicited(r, attempts, content, next, answer)
	case reject:
		return login.Step{}, &fault.Error{
			Kind:   fault.SignInFailed,
			Public: "A sign-in cannot begin at the identity provider here.",
			Hint:   "Start at the application that you want to use.",
			Cause:  string(causeUnsolicited),
			Err:    errors.New("the response answers no request, and idp_initiated is reject"),
		}
	}
	return login.Restart("the response answers no request (IdP-initiated)", next), nil
}

// takeUnsolicited accepts such an answer, once over all nodes. ES remembers nothing
// and would take it again, so one that cannot be recognised, or never ends, is not taken.
func (m *Method) takeUnsolicited(r *http.Request, attempts login.Attempts, content, next string, answer *response) (login.Step, error) {
	one, err := answer.only()
	switch {
	case err != nil:
		return login.Step{}, m.why.unkept(answer, err)
	case one == nil:
		return m.takeSealed(r, attempts, content, next, answer)
	}
	if err := m.claim(r.Context(), attempts, answer, one); err != nil {
		return login.Step{}, err
	}
	grant, err := m.es.SAMLAuthenticate(r.Context(), m.realm, content, nil)
	if err != nil {
		return login.Step{}, m.refused(r.Context(), answer, "", err)
	}
	return m.done(grant, attempts.Unsolicited(next), answer)
}

// takeSealed accepts an encrypted answer. It is recognised by what stands in it, never
// by its octets: those can be changed by anybody so that ES reads the same (the
// envelope is unsigned, and the first block of CBC follows its initial vector). Nothing
// is opened before ES has accepted it.
func (m *Method) takeSealed(r *http.Request, attempts login.Attempts, content, next string, answer *response) (login.Step, error) {
	if len(m.decryption) == 0 {
		return login.Step{}, sealed(answer, m.now(), errors.New("the assertion is encrypted, and the method has no decryption_key"))
	}
	grant, err := m.es.SAMLAuthenticate(r.Context(), m.realm, content, nil)
	if err != nil {
		return login.Step{}, m.refused(r.Context(), answer, "", err)
	}
	one := m.opened(answer)
	if one == nil {
		return login.Refused(grant, sealed(answer, m.now(), errors.New("no key of decryption_key opens the assertion"))), nil
	}
	if err := m.claim(r.Context(), attempts, answer, one); err != nil {
		return login.Refused(grant, err), nil
	}
	return m.done(grant, attempts.Unsolicited(next), answer)
}

// sealed is the fault of an answer that is taken for nobody's: it could be used twice.
func sealed(answer *response, now time.Time, err error) error {
	return found(causeSealed, "", "").fault(answer, false, now, err)
}

// claim takes an assertion, by its ID, which is signed. The error is a fault.
func (m *Method) claim(ctx context.Context, attempts login.Attempts, answer *response, one *assertion) error {
	if one.ID == "" {
		return m.why.unkept(answer, errors.New("the assertion has no ID"))
	}
	until, err := m.lasts(one)
	if err != nil {
		return m.why.unkept(answer, err)
	}
	first, err := attempts.Once(ctx, "assertion\x00"+one.ID, until)
	if err != nil {
		return err
	}
	if !first {
		return &fault.Error{
			Kind: fault.SignInUnknown, Public: "This answer of your identity provider has been used already.", Cause: string(causeReplayed),
			Err: errors.New("the assertion was used before"),
		}
	}
	return nil
}

// lasts is until when an assertion must be remembered.
func (m *Method) lasts(one *assertion) (time.Time, error) {
	ends := one.ends()
	switch {
	case ends.IsZero():
		return time.Time{}, errors.New("the assertion does not say when it ends, so it cannot be remembered until then")
	case ends.Sub(m.now()) > maxAnswerLife:
		return time.Time{}, errors.New("the assertion ends more than 24 hours from now, so it cannot be remembered until then")
	}
	return ends.Add(clockMargin), nil
}
