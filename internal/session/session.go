package session

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/secret"
)

// The purposes of the session package's records.
const (
	purposeSession = "session"
	purposeOwed    = "owed"
)

// Pair is an Elasticsearch token pair with what we know of its age, all by our
// own clock.
type Pair struct {
	Access secret.Text
	// Refresh is empty where Elasticsearch gives none: then another pair is made from
	// the session's certificate.
	Refresh secret.Text
	// Made is the moment the call that made the pair was sent. The refresh
	// token lives 24 h from about then.
	Made time.Time
	// Ends is when the access token ends: Made plus what ES said.
	Ends time.Time
	// Account is the gateway's account at ES that made the pair; no other can
	// refresh it.
	Account string
}

// pairOf dates a grant's tokens. made is the moment the call was first sent.
func pairOf(p elastic.TokenPair, made time.Time, account string) Pair {
	return Pair{Access: p.Access, Refresh: p.Refresh, Made: made, Ends: made.Add(p.ExpiresIn), Account: account}
}

// same reports whether both are the same tokens.
func (p Pair) same(other Pair) bool {
	return p.Refresh.Equal(other.Refresh) && p.Access.Equal(other.Access)
}

// root is the hash that tells the pair from those that came before it.
func (p Pair) root() string {
	if p.Refresh.Empty() {
		return p.Access.Hash()
	}
	return p.Refresh.Hash()
}

// Session is a signed-in person in a browser. Values are snapshots: the manager
// hands out a new one after each change. Do not change it.
type Session struct {
	// Key is where the session is stored; it opens nothing.
	Key Key
	// Identity is the person as ES reported at the sign-in.
	Identity elastic.Identity
	// Method is the name of the method that signed the person in, Realm the
	// ES realm that the method speaks to.
	Method, Realm string
	// Pair are the tokens.
	Pair Pair
	// Started is the sign-in; Seen the last use that was written down.
	Started, Seen time.Time
	// Browser is the label of the browser that signed in.
	Browser Label
	// Provider is how the identity provider knows all this.
	Provider Provider
	// Chain is the certificate that the session is bound to and its tokens are made
	// from, in DER, the person's own first; empty: none.
	Chain [][]byte
	// Moved is the id that replaces the one asked for: the caller sets the
	// cookie anew. Nil in the usual case.
	Moved *ID

	version  uint64
	renewing time.Time // since when a renewal is under way; zero: none
	taken    time.Time // when the renewal was last taken up, by anybody
	parents  []string  // roots of the pairs that led to Pair, newest first
}

// Hash is the session's short name for logs and audit.
func (s *Session) Hash() string {
	sum := sha256.Sum256(s.Key[:])
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// User names who is signed in: two sessions are the same person's if both match.
func (s *Session) User() (name string, realm elastic.Realm) {
	return s.Identity.Username, s.Identity.Realm
}

// SameUser reports whether both sessions are one person's.
func (s *Session) SameUser(other *Session) bool { return s.sameUser(other.Identity) }

// sameUser compares an identity with the session's.
func (s *Session) sameUser(other elastic.Identity) bool {
	return s.Identity.Username == other.Username && s.Identity.Realm == other.Realm
}

// maxParents bounds what is remembered of earlier pairs: enough to
// recognise a pair that was renewed while a slow answer was under way.
const maxParents = 4

// renewed returns the session with a new pair in place of the judged one. By a refresh
// token roles stay what they were at the sign-in; a certificate gets those of now.
func (s *Session) renewed(p Pair, identity elastic.Identity) *Session {
	next := *s
	if len(s.Chain) > 0 {
		next.Identity = identity
	}
	next.parents = append([]string{s.Pair.root()}, s.parents...)
	next.parents = next.parents[:min(len(next.parents), maxParents)]
	next.Pair = p
	next.renewing, next.taken = time.Time{}, time.Time{}
	return &next
}

// descends reports whether the session's pair is p or was renewed from it.
func (s *Session) descends(p Pair) bool {
	if s.Pair.same(p) {
		return true
	}
	return slices.Contains(s.parents, p.root())
}
