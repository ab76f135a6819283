package standin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"
)

// The shape of a token string (token contract 3.6): a version, a length and 24
// random bytes, of which both halves of a pair share the last 8.
const (
	secretSize = 16
	sharedSize = 8
	halfSize   = secretSize + sharedSize
)

// tokenVersion is a transport version as a variable-length integer.
const tokenVersion = "\xc8\xce\x9b\x04"

// tokensIndexName is the index of the token documents.
const tokensIndexName = ".security-tokens-7"

// A tokenHalf is the random part of an access or a refresh token.
type tokenHalf [halfSize]byte

var errMalformedToken = errors.New("malformed token")

func decodeToken(text string) (tokenHalf, error) {
	const head = tokenVersion + "\x18"
	raw, err := decodeBase64(text)
	if err != nil || len(raw) != len(head)+halfSize || raw[len(head)-1] != halfSize {
		return tokenHalf{}, errMalformedToken
	}
	return tokenHalf(raw[len(head):]), nil
}

func (h tokenHalf) String() string {
	return base64.StdEncoding.EncodeToString(append([]byte(tokenVersion+"\x18"), h[:]...))
}

// documentID is made of the shared bytes, so that either half finds it.
func (h tokenHalf) documentID() string {
	sum := sha256.Sum256(h[secretSize:])
	return "token_" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// newHalves makes both halves of a pair.
func newHalves() (access, refresh tokenHalf) {
	_, _ = rand.Read(access[:]) // never fails
	_, _ = rand.Read(refresh[:])
	copy(refresh[secretSize:], access[secretSize:])
	return access, refresh
}

// A tokenDocument is one pair; only hashes of the strings are kept, save for
// the successor, which the real thing encrypts with the old refresh token.
type tokenDocument struct {
	created  time.Time
	access   accessPart
	refresh  *refreshPart // nil for client_credentials
	auth     *authentication
	metadata map[string]*string
}

type accessPart struct {
	hash        [sha256.Size]byte
	expires     time.Time
	invalidated bool
}

type refreshPart struct {
	hash        [sha256.Size]byte
	creator     *authentication
	invalidated bool
	refreshed   bool
	refreshTime time.Time
	successor   *tokenPair
}

// A tokenPair is what an answer carries.
type tokenPair struct{ access, refresh tokenHalf }

// refreshLife is how long a refresh token lives from the creation of its
// document; cleanup removes documents of that age.
const refreshLife = 24 * time.Hour

func hashOf(h tokenHalf) [sha256.Size]byte { return sha256.Sum256([]byte(h.String())) }

func sameHash(a, b [sha256.Size]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

// active is the search of DELETE by realm or user.
func (d *tokenDocument) active(now time.Time) bool {
	if !d.access.invalidated && !now.After(d.access.expires) {
		return true
	}
	return d.refresh != nil && !d.refresh.invalidated && now.Sub(d.created) < refreshLife
}

// An accessState is what a bearer request reads; auth is nil for an unknown token.
type accessState struct {
	auth        *authentication
	metadata    map[string]*string
	created     time.Time
	expires     time.Time
	invalidated bool
}

// accessDocument finds the document of an access token. The caller holds mu.
func (c *cluster) accessDocument(h tokenHalf) *tokenDocument {
	d := c.tokens[h.documentID()]
	if d == nil || !sameHash(d.access.hash, hashOf(h)) {
		return nil
	}
	return d
}

// refreshDocument finds the document of a refresh token. The caller holds mu.
func (c *cluster) refreshDocument(h tokenHalf) *tokenDocument {
	d := c.tokens[h.documentID()]
	if d == nil || d.refresh == nil || !sameHash(d.refresh.hash, hashOf(h)) {
		return nil
	}
	return d
}

// readAccess is the one read of a bearer request: there is no token cache.
func (c *cluster) readAccess(h tokenHalf) accessState {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.BearerReads++
	return c.accessState(h)
}

func (c *cluster) accessState(h tokenHalf) accessState {
	d := c.accessDocument(h)
	if d == nil {
		return accessState{}
	}
	return accessState{d.auth, d.metadata, d.created, d.access.expires, d.access.invalidated}
}

// LiveTokens counts the access tokens of a user that neither expired nor were
// invalidated.
func (es *Elasticsearch) LiveTokens(username string) int {
	now := es.now()
	es.cluster.mu.Lock()
	defer es.cluster.mu.Unlock()
	live := 0
	for _, d := range es.cluster.tokens {
		if d.auth.user.name == username && !d.access.invalidated && !now.After(d.access.expires) {
			live++
		}
	}
	return live
}

// ForgetTokens deletes the token documents of a user, as cleanup does.
func (es *Elasticsearch) ForgetTokens(username string) {
	es.cluster.mu.Lock()
	defer es.cluster.mu.Unlock()
	for id, d := range es.cluster.tokens {
		if d.auth.user.name == username {
			delete(es.cluster.tokens, id)
		}
	}
}
