package session

import (
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
)

// record is a session as it is sealed in the store. Secrets are plain text in
// here and nowhere else.
type record struct {
	// MovedTo is the id of the session that replaced this one; then the rest
	// is empty.
	MovedTo string `json:"moved_to,omitempty"`

	Identity elastic.Identity `json:"identity,omitzero"`
	Method   string           `json:"method,omitempty"`
	Realm    string           `json:"realm,omitempty"`
	Pair     pairRecord       `json:"pair,omitzero"`
	Started  time.Time        `json:"started,omitzero"`
	Seen     time.Time        `json:"seen,omitzero"`
	Browser  Label            `json:"browser,omitzero"`
	Provider Provider         `json:"provider,omitzero"`
	Chain    [][]byte         `json:"chain,omitempty"`
	Renewing time.Time        `json:"renewing,omitzero"`
	Taken    time.Time        `json:"taken,omitzero"`
	Parents  []string         `json:"parents,omitempty"`
}

type pairRecord struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh"`
	Made    time.Time `json:"made"`
	Ends    time.Time `json:"ends"`
	Account string    `json:"account"`
}

func (p Pair) record() pairRecord {
	return pairRecord{Access: p.Access.Reveal(), Refresh: p.Refresh.Reveal(), Made: p.Made, Ends: p.Ends, Account: p.Account}
}

func (p pairRecord) pair() Pair {
	return Pair{Access: secret.Of(p.Access), Refresh: secret.Of(p.Refresh), Made: p.Made, Ends: p.Ends, Account: p.Account}
}

func (s *Session) record() record {
	return record{
		Identity: s.Identity, Method: s.Method, Realm: s.Realm, Pair: s.Pair.record(),
		Started: s.Started, Seen: s.Seen, Browser: s.Browser, Provider: s.Provider, Chain: s.Chain,
		Renewing: s.renewing, Taken: s.taken, Parents: s.parents,
	}
}

func (r record) session(key Key, version uint64) *Session {
	return &Session{
		Key: key, Identity: r.Identity, Method: r.Method, Realm: r.Realm, Pair: r.Pair.pair(),
		Started: r.Started, Seen: r.Seen, Browser: r.Browser, Provider: r.Provider, Chain: r.Chain,
		version: version, renewing: r.Renewing, taken: r.Taken, parents: r.Parents,
	}
}

// labels are the names under which a session is found.
func (s *Session) labels() []Label {
	name, realm := s.User()
	labels := []Label{s.Browser, UserLabel(realm.Name, name)}
	if s.Provider.Subject != "" {
		labels = append(labels, SubjectLabel(s.Realm, s.Provider.Subject))
	}
	if s.Provider.Session != "" {
		labels = append(labels, ProviderSessionLabel(s.Realm, s.Provider.Session))
	}
	if s.interrupted() {
		labels = append(labels, renewingLabel())
	}
	return labels
}

// renewingLabel finds the sessions whose renewal is marked and can be finished by others,
// so that one that a node has left behind is finished soon.
func renewingLabel() Label { return LabelOf("renewing") }

// UserLabel finds all sessions of a user in a realm.
func UserLabel(realm, user string) Label { return LabelOf("user", realm, user) }

// BrowserLabel finds what a browser has: its sessions and its attempts.
func BrowserLabel(browser string) Label { return LabelOf("browser", browser) }
