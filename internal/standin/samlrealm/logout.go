package samlrealm

import (
	"errors"
	"time"
)

// LogoutRequest makes the request that ends the user's session at the IdP. It
// is not ok when single logout is off or the IdP has no redirect endpoint for
// it. tokenMetadata is that of the user's tokens.
func (r *Realm) LogoutRequest(now time.Time, tokenMetadata map[string]*string) (id, redirect string, ok bool, err error) {
	return "", "", false, errors.ErrUnsupported
}

// A LogoutRequest is what the IdP asked for.
type LogoutRequest struct {
	// ID is the request's own.
	ID string
	// Values has the seven keys of a token's metadata. Exactly the tokens whose
	// metadata equals them are meant, nil equal to nil. It is nil when the
	// request has no NameID: no token is meant.
	Values map[string]*string
	// RelayState must go back with the answer; nil: there was none.
	RelayState *string
}

// ReadLogoutRequest judges an IdP's LogoutRequest. rawQuery is the query string
// as the browser sent it: the signature covers those octets.
func (r *Realm) ReadLogoutRequest(now time.Time, rawQuery string) (LogoutRequest, error) {
	return LogoutRequest{}, errors.ErrUnsupported
}

// LogoutResponse makes the answer to an IdP's LogoutRequest. Its status is
// always success.
func (r *Realm) LogoutResponse(now time.Time, inResponseTo string, relayState *string) (redirect string, err error) {
	return "", errors.ErrUnsupported
}

// CompleteLogout judges the IdP's answer to a LogoutRequest: a raw query string
// (redirect binding) or, when query is nil, a base64 text (POST binding).
func (r *Realm) CompleteLogout(now time.Time, query, content *string, ids []string) error {
	return errors.ErrUnsupported
}
