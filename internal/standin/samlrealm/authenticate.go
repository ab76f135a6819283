package samlrealm

import (
	"errors"
	"time"
)

// Authenticate judges a Response, given as XML, at the time now. The ids are
// those of the caller's open AuthnRequests. A refusal is a *Rejection.
func (r *Realm) Authenticate(now time.Time, message []byte, ids []string) (*User, error) {
	return nil, errors.ErrUnsupported
}
