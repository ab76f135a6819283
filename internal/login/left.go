package login

import (
	"context"
	"errors"

	"github.com/esgateway/esgateway/internal/session"
)

const purposeLeft = "left"

// Left is a sign-out that has gone on to the identity provider and not come back
// yet. The session is over by then, so this is kept beside it.
type Left struct {
	// ID is what the provider's answer names.
	ID string `json:"id"`
	// Undone is what the sign-out had left undone before.
	Undone []Undone `json:"undone,omitempty"`
	// Browser is the label of the browser that signed out.
	Browser session.Label `json:"browser"`
}

// keepLeft keeps a sign-out that goes on to the identity provider. Its answer changes
// nothing that is ours, so a store that is away only costs its proof.
func (f *Flow) keepLeft(ctx context.Context, m *Configured, l Left) {
	entry := session.Entry{Expires: f.now().Add(attemptLife)}
	if _, err := f.vault.Save(ctx, purposeLeft, attemptKey(purposeLeft, m.Name, l.ID), l, entry); err != nil {
		f.log.WarnContext(ctx, "a sign-out at the identity provider will not be confirmed", "error.message", err.Error())
	}
}

// Left implements Attempts.
func (v *visit) Left(ctx context.Context, id string) (Left, bool, error) {
	key := attemptKey(purposeLeft, v.method.Name, id)
	var l Left
	_, err := v.flow.vault.Load(ctx, purposeLeft, key, &l)
	if err == nil && (!v.known || l.Browser != session.BrowserLabel(v.browser.key)) {
		return Left{}, false, nil
	}
	if err == nil {
		_, err = v.flow.vault.Take(ctx, purposeLeft, key, &l)
	}
	if errors.Is(err, session.ErrNotFound) {
		return Left{}, false, nil
	}
	if err != nil {
		return Left{}, false, storeFault(err)
	}
	return l, true, nil
}
