package saml

import (
	"crypto/sha256"
	"encoding/hex"
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
// and would take it again, so one that never ends cannot be taken.
func (m *Method) takeUnsolicited(r *http.Request, attempts login.Attempts, content, next string, answer *response) (login.Step, error) {
	id, until, err := m.once(answer)
	if err != nil {
		return login.Step{}, m.why.unkept(answer, err)
	}
	first, err := attempts.Once(r.Context(), id, until)
	if err != nil {
		return login.Step{}, err
	}
	if !first {
		return login.Step{}, &fault.Error{
			Kind: fault.SignInUnknown, Public: "This answer of your identity provider has been used already.", Cause: string(causeReplayed),
			Err: errors.New("the assertion was used before"),
		}
	}
	grant, err := m.es.SAMLAuthenticate(r.Context(), m.realm, content, nil)
	if err != nil {
		return login.Step{}, m.refused(r.Context(), answer, "", err)
	}
	if one := m.opened(answer); one != nil {
		if _, err := m.lasts(one); err != nil {
			return refused(grant, err.Error()), nil
		}
	}
	return m.done(grant, attempts.Unsolicited(next), answer)
}

// once is under which name, and until when, an answer is remembered: the assertion's
// id, which is signed. Where it is encrypted, that is the hash of the sealed bytes:
// what stands around them may be unsigned, and so be another each time.
func (m *Method) once(answer *response) (id string, until time.Time, err error) {
	one, err := answer.only()
	if err != nil {
		return "", time.Time{}, err
	}
	if one == nil {
		sealed, err := decode(answer.Encrypted[0].Data.Value)
		if err != nil || len(sealed) == 0 {
			return "", time.Time{}, errors.New("the encrypted assertion cannot be read")
		}
		sum := sha256.Sum256(sealed)
		return "encrypted\x00" + hex.EncodeToString(sum[:]), m.now().Add(maxAnswerLife + clockMargin), nil
	}
	if one.ID == "" {
		return "", time.Time{}, errors.New("the assertion has no ID")
	}
	until, err = m.lasts(one)
	return "assertion\x00" + one.ID, until, err
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
