package samlrealm

import (
	"errors"
	"time"
)

// Prepare makes an AuthnRequest and the address that carries it to the IdP.
// Without a relayState (nil) the address has none.
func (r *Realm) Prepare(now time.Time, relayState *string) (id, redirect string, err error) {
	return "", "", errors.ErrUnsupported
}
