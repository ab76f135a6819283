package saml

import (
	"errors"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
)

// metadataNameID is where ES shows the NameID of the assertion (contract saml 1.3).
const metadataNameID = "saml_nameid"

// provider is how the identity provider knows the person, read from the bytes that ES
// has just accepted. What ES shows of them must be the same: a difference means that
// two readers disagree about the message (threat: signature wrapping), and ends the
// sign-in.
func (m *Method) provider(answer *response, identity elastic.Identity) (session.Provider, error) {
	shown, _ := identity.Metadata[metadataNameID].(string)
	if _, err := answer.only(); err != nil {
		return session.Provider{}, err
	}
	one := m.opened(answer)
	if one == nil {
		return session.Provider{Subject: shown}, nil
	}
	known := session.Provider{}
	if one.Subject.NameID != nil {
		known.Subject = one.Subject.NameID.name()
	}
	if shown != "" && shown != known.Subject {
		return session.Provider{}, errors.New("elasticsearch names another subject than the assertion that was read")
	}
	for _, s := range one.Statements {
		if known.Session == "" {
			known.Session = s.SessionIndex
		}
		if until := instant(s.SessionNotOnOrAfter); !until.IsZero() && (known.Until.IsZero() || until.Before(known.Until)) {
			known.Until = until
		}
	}
	return known, nil
}

// opened is the one assertion of a response that ES has accepted, with the first key
// that fits where it is encrypted. Nil: it stays closed.
func (m *Method) opened(answer *response) *assertion {
	one, err := answer.only()
	if err != nil || one != nil {
		return one
	}
	for _, key := range m.decryption {
		plain, err := answer.Encrypted[0].decrypt(key)
		if err != nil {
			continue
		}
		if one, err := readAssertion(plain); err == nil {
			return one
		}
	}
	return nil
}
