package session

import (
	"context"
	"errors"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
)

// bearing is what a caller knows of a session's access token.
type bearing struct {
	past bool // past Ta by our clock
	dead bool // ES says that it has expired or was revoked
	mute bool // ES does not know it, or its tokens index is out
}

// usable reports whether nothing is known against the token.
func (b bearing) usable() bool { return !b.past && !b.dead && !b.mute }

// judge applies the table "when is a session over" to the answer of a renewal.
// The numbers are the table's rows.
func (m *Manager) judge(ctx context.Context, s *Session, b bearing, a answer) (*Session, error) {
	switch {
	case a.err != nil && errors.Is(a.err, ErrOver):
		return nil, ErrOver
	case a.err != nil:
		return m.keepOld(s, b, a.err) // 2 or 8: the store did not answer
	case a.class == elastic.OK: // 3
		return a.session.as(s), nil
	}
	m.alarm(a.class)
	if b.usable() { // 2
		return s, nil
	}
	switch a.class {
	case elastic.RefreshExpired, elastic.RefreshInvalidated, elastic.RefreshUsed, // 4
		elastic.PersonRefused, elastic.BadInput: // the same of a certificate
		return m.endUnlessNewer(ctx, a)
	case elastic.RefreshForeign: // 6
		return nil, ErrForeign
	case elastic.Mute: // 7
		return m.endOnEvidence(ctx, a)
	default: // 5 (clocks) and 8
		return nil, unavailable(errors.New("renewal: " + string(a.class)))
	}
}

// as returns the session as the caller has asked for it: by an id that moved,
// or not. The answer itself is shared by all who waited.
func (s *Session) as(asked *Session) *Session {
	next := *s
	next.Moved = asked.Moved
	return &next
}

func (m *Manager) keepOld(s *Session, b bearing, err error) (*Session, error) {
	if b.usable() {
		return s, nil
	}
	return nil, err
}

func (m *Manager) alarm(class elastic.Class) {
	switch class {
	case elastic.RefreshForeign:
		m.observer.Alarm("renewal_account_changed")
	case elastic.RefreshSkew:
		m.observer.Alarm("elasticsearch_clocks_differ")
	}
}

// endUnlessNewer is row 4. The record is read again first: another node may
// have stored a newer pair, or be about to.
func (m *Manager) endUnlessNewer(ctx context.Context, a answer) (*Session, error) {
	for {
		s, err := m.load(ctx, a.session.Key)
		switch {
		case err != nil:
			return nil, err
		case !s.Pair.same(a.session.Pair):
			return s, nil
		case !s.renewing.IsZero() && m.now().Sub(s.renewing) < 30*time.Second:
			if err := pause(ctx, watch); err != nil {
				return nil, unavailable(err)
			}
			continue
		}
		ended, err := m.end(ctx, s, reasonOf(a.class))
		if err != nil {
			return nil, err
		}
		if ended {
			return nil, ErrOver
		}
	}
}

func reasonOf(class elastic.Class) Reason {
	switch class {
	case elastic.RefreshExpired:
		return TokensExpired
	case elastic.RefreshUsed:
		return AnswerLost
	case elastic.PersonRefused, elastic.BadInput:
		return CertificateEnded
	default:
		return Revoked
	}
}

// endOnEvidence is row 7: silence alone ends nothing. Since the first silence ES
// must have accepted a younger pair, and have refused this one again after that.
func (m *Manager) endOnEvidence(ctx context.Context, a answer) (*Session, error) {
	since, known := m.troubles.since(a.session)
	if !known || a.asked.IsZero() || !m.evidence.between(since, a.asked, a.session.Pair.Made) {
		return nil, ErrUnsure
	}
	ended, err := m.end(ctx, a.session, Revoked)
	if err != nil {
		return nil, err
	}
	if !ended {
		return nil, ErrUnavailable // somebody wrote meanwhile: judged again by the next request
	}
	return nil, ErrOver
}
