package elastic

import (
	"time"

	"github.com/esgateway/esgateway/internal/secret"
)

// TokenPair is an access token and what renews it.
type TokenPair struct {
	Access  secret.Text
	Refresh secret.Text // empty: cannot be renewed (certificates)
	// ExpiresIn is the life of the access token. An answer that Elasticsearch repeats
	// names the whole life again, though up to 30 s of it are gone.
	ExpiresIn time.Duration
	// SentAt is our clock when the call was sent. Count the life from here: whatever
	// the answer took is then on the safe side.
	SentAt time.Time
}

// Grant is what a sign-in or a refresh gives.
type Grant struct {
	Pair     TokenPair
	Identity Identity
	// InResponseTo is the id of the SAML request that was answered. Empty: the identity
	// provider started by itself, or Elasticsearch is older than spring 2026.
	InResponseTo string
}
