package pkirealm

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"
)

// A Realm is one PKI realm. It is safe for concurrent use.
type Realm struct {
	config  Config
	pattern *regexp.Regexp
	anchors *x509.CertPool

	mu    sync.Mutex // guards cache
	cache map[[sha256.Size]byte]remembered
}

// A remembered user is given out again without a look at the certificate.
type remembered struct {
	user    User
	written time.Time
}

// maxUsers is cache.max_users. When the cache is full it is emptied: nobody who
// needs a stand-in gets there.
const maxUsers = 100_000

// New makes a realm. Its errors are those that keep a node from starting.
func New(c Config) (*Realm, error) {
	pattern, err := c.pattern()
	if err != nil {
		return nil, err
	}
	if c.CacheTTL == 0 {
		c.CacheTTL = defaultTTL
	}
	r := &Realm{config: c, pattern: pattern, anchors: x509.NewCertPool(), cache: map[[sha256.Size]byte]remembered{}}
	for _, ca := range c.CertificateAuthorities {
		r.anchors.AddCert(ca)
	}
	return r, nil
}

// Name is the realm's name.
func (r *Realm) Name() string { return r.config.Name }

// A Delegatee is who brought the chain: the effective user and the name of his realm.
type Delegatee struct{ User, Realm string }

// A User is whom a certificate stands for.
type User struct {
	Principal string
	// DN is the subject in Java's form.
	DN string
	// DelegatedBy is who brought the chain first, as long as the user is remembered.
	DelegatedBy Delegatee
	Roles       []string
}

// Metadata is what role mappings can ask for and what answers show.
func (u User) Metadata() map[string]any {
	return map[string]any{
		"pki_dn":                 u.DN,
		"pki_delegated_by_user":  u.DelegatedBy.User,
		"pki_delegated_by_realm": u.DelegatedBy.Realm,
	}
}

// Authenticate finds the user of a chain, leaf first. roles maps a user whom the
// realm does not remember. The errors are for the log alone: callers of
// Elasticsearch learn no cause.
func (r *Realm) Authenticate(now time.Time, chain []*x509.Certificate, by Delegatee, roles func(User) []string) (User, error) {
	if len(chain) == 0 {
		return User{}, errors.New("no certificate")
	}
	key := keyOf(chain)
	if u, known := r.recall(now, key); known {
		return u, nil
	}
	u := User{DN: Name(chain[0].RawSubject), DelegatedBy: by}
	if !r.config.DelegationEnabled {
		return User{}, fmt.Errorf("Realm does not permit delegation for %s", u.DN)
	}
	if err := r.verify(now, chain); err != nil {
		return User{}, fmt.Errorf("Certificate for %s is not trusted: %w", u.DN, err)
	}
	if found := r.pattern.FindStringSubmatch(u.DN); found != nil {
		u.Principal = found[1]
	}
	if u.Principal == "" {
		return User{}, fmt.Errorf("Could not parse principal from Subject DN %s", u.DN)
	}
	u.Roles = roles(u)
	r.remember(now, key, u)
	return u, nil
}

// keyOf is all that a remembered user is found by.
func keyOf(chain []*x509.Certificate) [sha256.Size]byte {
	h := sha256.New()
	for _, c := range chain {
		h.Write(c.Raw)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// verify is the client check of JSSE: path, validity, and the uses that the
// certificate names, if it names any. Revocation is not looked at.
func (r *Realm) verify(now time.Time, chain []*x509.Certificate) error {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	leaf := chain[0]
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return errors.New("KeyUsage does not allow digital signatures")
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: r.anchors, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

func (r *Realm) recall(now time.Time, key [sha256.Size]byte) (User, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, known := r.cache[key]
	if !known || now.Sub(found.written) > r.config.CacheTTL {
		delete(r.cache, key)
		return User{}, false
	}
	return found.user, true
}

func (r *Realm) remember(now time.Time, key [sha256.Size]byte, u User) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cache) >= maxUsers {
		clear(r.cache)
	}
	r.cache[key] = remembered{u, now}
}

// Forget empties the cache, as a change of role mappings does.
func (r *Realm) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.cache)
}
