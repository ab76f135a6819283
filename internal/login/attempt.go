package login

import (
	"context"
	"errors"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
)

const (
	purposeAttempt = "attempt"

	// attemptLife is how long somebody may stay at the identity provider.
	attemptLife = 10 * time.Minute

	// The bounds on attempts; beyond them the oldest of the same owner goes, so
	// that nobody can grow the store by starting sign-ins.
	maxOfBrowser = 50
	maxOfAddress = 200
	maxOfAll     = 100_000
)

// Attempt is one sign-in that has started and not come back yet.
type Attempt struct {
	// ID is the SAML request id or the OIDC state.
	ID string `json:"id"`
	// Method started it, with this realm of ES.
	Method string `json:"method"`
	Realm  string `json:"realm"`
	// Next is where the person wanted to go, as a proven return URL.
	Next string `json:"next"`
	// For is the sealed place that the session goes on to; empty: none.
	For string `json:"for,omitempty"`
	// Nonce and Audience are what the identity provider's token must name, where there
	// is one.
	Nonce    string `json:"nonce,omitempty"`
	Audience string `json:"audience,omitempty"`
	// Browser is the key of the browser that started it.
	Browser string    `json:"browser"`
	Started time.Time `json:"started"`
}

// wanted is where the attempt leads.
func (a Attempt) wanted() wanted { return wanted{next: a.Next, place: a.For} }

func attemptKey(purpose, method, id string) session.Key {
	return session.KeyOf(purpose, method+"\x00"+id)
}

// keep stores an attempt, making room within the bounds of its owners.
func (f *Flow) keep(ctx context.Context, a Attempt, address string) error {
	byBrowser := session.LabelOf("attempts of browser", a.Browser)
	byAddress := session.LabelOf("attempts of address", address)
	if err := f.makeRoom(ctx, byBrowser, maxOfBrowser); err != nil {
		return err
	}
	if err := f.makeRoom(ctx, byAddress, maxOfAddress); err != nil {
		return err
	}
	if f.attempts.Load() >= maxOfAll {
		return &fault.Error{Kind: fault.StoreUnavailable, Public: "Too many people are signing in at the same time.", Hint: "Wait a minute and try again."}
	}
	entry := session.Entry{Labels: []session.Label{byBrowser, byAddress}, Expires: f.now().Add(attemptLife)}
	if _, err := f.vault.Save(ctx, purposeAttempt, attemptKey(purposeAttempt, a.Method, a.ID), a, entry); err != nil {
		return storeFault(err)
	}
	f.attempts.Add(1)
	return nil
}

// makeRoom removes the oldest attempts of an owner until one more fits.
func (f *Flow) makeRoom(ctx context.Context, owner session.Label, limit int) error {
	keys, err := f.vault.Find(ctx, owner)
	if err != nil {
		return storeFault(err)
	}
	for i := 0; i <= len(keys)-limit; i++ { // all live equally long, so the oldest is in front
		switch err := f.vault.Delete(ctx, keys[i], 0); {
		case err == nil:
			f.attempts.Add(-1)
		case !errors.Is(err, session.ErrNotFound):
			return storeFault(err)
		}
	}
	return nil
}

// CountAttempts counts the open attempts anew and returns their number. The
// server calls it now and then, so that the bound on all holds over nodes.
func (f *Flow) CountAttempts(ctx context.Context) (int, error) {
	n, err := f.vault.Count(ctx, purposeAttempt)
	if err == nil {
		f.attempts.Store(int64(n))
	}
	return n, err
}

func storeFault(err error) error { return fault.Because(fault.StoreUnavailable, err) }
