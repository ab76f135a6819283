package oidcrealm

import (
	"context"
	"time"
)

// An Answer is what a caller shows: where the provider sent the browser to, and what
// was remembered of the beginning.
type Answer struct{ RedirectURI, State, Nonce string }

// Authenticate judges an answer at the time now. A refusal is a *Rejection or a *Fault.
func (r *Realm) Authenticate(ctx context.Context, now time.Time, asked Answer) (*User, error) {
	came, err := r.callback(asked)
	if err != nil {
		return nil, err
	}
	if came.code != "" {
		if came, err = r.exchange(ctx, now, came.code); err != nil {
			return nil, err
		}
	}
	if came.accessToken != "" {
		if err := r.accessTokenHash(came); err != nil {
			return nil, err
		}
	}
	claims, err := r.idToken(ctx, now, came.idToken, asked.Nonce)
	if err != nil {
		return nil, err
	}
	if came.accessToken != "" && r.config.OP.UserinfoEndpoint != "" {
		if err := r.addUserinfo(ctx, claims, came.accessToken); err != nil {
			return nil, err
		}
	}
	// From here on the whole ID token is one of the claims, and so gets into the
	// user's metadata.
	claims[idTokenHint] = came.idToken
	return r.user(claims, came.idToken)
}
