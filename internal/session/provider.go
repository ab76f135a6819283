package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

// Provider is how an identity provider knows a person and its own session with
// them. It is what lets the provider end our session, and bound it.
type Provider struct {
	// Subject is its name of the person: the SAML NameID. Empty: unknown.
	Subject string `json:"subject,omitempty"`
	// Session is its name of its session: the SAML SessionIndex. Empty: unknown.
	Session string `json:"session,omitempty"`
	// Until is when its session ends at the latest. Zero: it has not said.
	Until time.Time `json:"until,omitzero"`
}

// SubjectLabel finds the sessions of a provider's subject. The realm stands for the
// provider.
func SubjectLabel(realm, subject string) Label { return LabelOf("subject", realm, subject) }

// ProviderSessionLabel finds the sessions of a provider's session.
func ProviderSessionLabel(realm, id string) Label { return LabelOf("provider session", realm, id) }

// ProviderEnds is what an identity provider has ended.
type ProviderEnds struct {
	// Realm is the ES realm that trusts the provider.
	Realm string
	// Subject is whom it means; empty: it names sessions alone.
	Subject string
	// Sessions are the provider's sessions that it means; none: all of the subject.
	Sessions []string
	// Browser is the only one whose sessions are meant, and of those such as name no
	// session of the provider's; zero: all browsers.
	Browser Label
}

// labels are where sessions that it may mean are found.
func (e ProviderEnds) labels() []Label {
	if e.Subject != "" {
		return []Label{SubjectLabel(e.Realm, e.Subject)}
	}
	var all []Label
	for _, id := range e.Sessions {
		all = append(all, ProviderSessionLabel(e.Realm, id))
	}
	return all
}

// means reports whether a session is among those that end. One whose provider
// session nobody knows is: better out than in.
func (e ProviderEnds) means(s *Session) bool {
	switch {
	case s.Realm != e.Realm:
		return false
	case e.Browser != (Label{}) && (s.Browser != e.Browser || s.Provider.Session != ""):
		return false
	case e.Subject == "":
		return s.Provider.Session != "" && slices.Contains(e.Sessions, s.Provider.Session)
	case s.Provider.Subject != e.Subject:
		return false
	}
	return len(e.Sessions) == 0 || s.Provider.Session == "" || slices.Contains(e.Sessions, s.Provider.Session)
}

// EndOfProvider ends the sessions that an identity provider has ended, wherever they
// were begun, and has their tokens invalidated. It returns those it ended. An error
// means that some may live on; what could be ended is.
func (m *Manager) EndOfProvider(ctx context.Context, e ProviderEnds) ([]*Session, error) {
	var keys []Key
	for _, label := range e.labels() {
		found, err := m.vault.Find(ctx, label)
		if err != nil {
			return nil, unavailable(err)
		}
		keys = append(keys, found...)
	}
	var ended []*Session
	var failed error
	for _, key := range keys {
		s, err := m.load(ctx, key)
		if errors.Is(err, ErrOver) {
			continue
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if s.Key != key || !e.means(s) {
			continue
		}
		debt, mine, err := m.endOwing(ctx, s, ProviderSignOut, true)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if mine {
			m.settleLater(ctx, debt)
			ended = append(ended, s)
		}
	}
	return ended, failed
}

// askedAtOnce bounds the calls of AskAll at the same time.
const askedAtOnce = 4

// AskAll asks ES about the tokens of every session of a realm, in the background, and
// ends those that are over by the usual rules: something has ended tokens at ES, and
// nobody can say whose.
func (m *Manager) AskAll(ctx context.Context, realm string) {
	m.work.Go(func() {
		ctx := context.WithoutCancel(ctx)
		turns := make(chan struct{}, askedAtOnce)
		var all sync.WaitGroup
		err := m.eachSession(ctx, func(s *Session) {
			if s.Realm != realm {
				return
			}
			turns <- struct{}{}
			all.Go(func() {
				defer func() { <-turns }()
				m.askOne(ctx, s)
			})
		})
		all.Wait()
		if err != nil {
			m.log.WarnContext(ctx, "not every session of a realm was asked after at Elasticsearch; each is judged at its next use", "esgateway.realm", realm, "error.message", err.Error())
		}
	})
}

func (m *Manager) askOne(ctx context.Context, s *Session) {
	_, err := m.es.Authenticate(ctx, s.Pair.Access)
	class := elastic.ClassOf(err)
	if class != elastic.Dead && class != elastic.Mute {
		return
	}
	if _, err := m.Refused(ctx, s, class); err != nil && !errors.Is(err, ErrOver) {
		m.log.WarnContext(ctx, "a session whose tokens were ended is judged at its next use", "esgateway.session", s.Hash(), "error.message", err.Error())
	}
}
