package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/esgateway/esgateway/internal/secret"
)

const (
	purposeTicket = "ticket"
	purposeFor    = "for"
	purposeLeave  = "leave"
	// ticketLife is how long a ticket waits for the browser that is on its way.
	ticketLife = 30 * time.Second
	// placeLife is how long somebody may stay at the sign-in page.
	placeLife = 10 * time.Minute
)

// Place is a browser at a host: where a ticket leads, and whom it is for.
type Place struct {
	// Host is the host's name.
	Host string `json:"host"`
	// Browser is the label of the key that the browser has on that host.
	Browser Label `json:"browser"`
	// Tries counts tickets that did not fit, in a row.
	Tries int `json:"tries,omitempty"`
}

var (
	// ErrPlace says that the text was not sealed under this ring, or is no sealed place.
	ErrPlace = errors.New("session: no place that this gateway has sealed")
	// ErrPlaceOld says that it was sealed too long ago.
	ErrPlaceOld = errors.New("session: the place was sealed too long ago")
)

// sealedPlace is a Place as it travels with the browser.
type sealedPlace struct {
	Place
	Until time.Time `json:"until"`
}

// SealPlace makes a text of the place that a browser can carry, and nobody else can
// make or read. It holds for 10 minutes.
func (m *Manager) SealPlace(p Place) (string, error) {
	plain, err := json.Marshal(sealedPlace{Place: p, Until: m.now().Add(placeLife)})
	if err != nil {
		return "", fmt.Errorf("encode place: %w", err)
	}
	sealed, err := m.vault.keys.seal(purposeFor, KeyOf(purposeFor, ""), plain)
	if err != nil {
		return "", fmt.Errorf("seal place: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// OpenPlace is the reverse. Errors: ErrPlace, ErrPlaceOld.
func (m *Manager) OpenPlace(text string) (Place, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Place{}, ErrPlace
	}
	plain, err := m.vault.keys.open(purposeFor, KeyOf(purposeFor, ""), sealed)
	if err != nil {
		return Place{}, errors.Join(ErrPlace, err)
	}
	var p sealedPlace
	if err := json.Unmarshal(plain, &p); err != nil {
		return Place{}, errors.Join(ErrPlace, err)
	}
	if m.now().After(p.Until) {
		return Place{}, ErrPlaceOld
	}
	return p.Place, nil
}

// ticketRecord is a ticket as it is stored: which session goes where.
type ticketRecord struct {
	Session string `json:"session"`
	Place   Place  `json:"place"`
}

// Ticket makes a ticket that takes the session with that id to a place, once, within
// 30 seconds. It is a secret until then.
func (m *Manager) Ticket(ctx context.Context, id ID, to Place) (string, error) {
	ticket := rand.Text()
	rec := ticketRecord{Session: id.value.Reveal(), Place: to}
	entry := Entry{Expires: m.now().Add(ticketLife)}
	if _, err := m.vault.Save(ctx, purposeTicket, KeyOf(purposeTicket, ticket), rec, entry); err != nil {
		return "", unavailable(err)
	}
	return ticket, nil
}

// leaveRecord is a ticket of somebody who has signed out elsewhere.
type leaveRecord struct {
	// Browser is the label of the browser whose session was ended: its key on the
	// public host.
	Browser Label `json:"browser"`
	// Next is where the sign-out goes on to.
	Next string `json:"next"`
}

// LeaveTicket makes a ticket for the public host's part of a sign-out: a session of
// that browser was ended on another host. next is where to go on to.
func (m *Manager) LeaveTicket(ctx context.Context, ended *Session, next string) (string, error) {
	ticket := rand.Text()
	entry := Entry{Expires: m.now().Add(ticketLife)}
	rec := leaveRecord{Browser: ended.Browser, Next: next}
	if _, err := m.vault.Save(ctx, purposeLeave, KeyOf(purposeLeave, ticket), rec, entry); err != nil {
		return "", unavailable(err)
	}
	return ticket, nil
}

// Leave takes a ticket of a sign-out. browser is the key of the browser that brings
// it; mine tells whether the session that was ended had been begun by that browser:
// a ticket of somebody else signs nobody out. Errors: ErrOver, ErrUnavailable.
func (m *Manager) Leave(ctx context.Context, ticket, browser string) (next string, mine bool, err error) {
	var rec leaveRecord
	_, err = m.vault.Take(ctx, purposeLeave, KeyOf(purposeLeave, ticket), &rec)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrSealed):
		return "", false, ErrOver
	case err != nil:
		return "", false, unavailable(err)
	}
	return rec.Next, browser != "" && rec.Browser == BrowserLabel(browser), nil
}

// Redeem takes a ticket, so that whoever tries it burns it, and returns where it
// leads and whose session it takes there. Errors: ErrOver if there is no such
// ticket, ErrUnavailable.
func (m *Manager) Redeem(ctx context.Context, ticket string) (ID, Place, error) {
	var rec ticketRecord
	_, err := m.vault.Take(ctx, purposeTicket, KeyOf(purposeTicket, ticket), &rec)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrSealed):
		return ID{}, Place{}, ErrOver
	case err != nil:
		return ID{}, Place{}, unavailable(err)
	}
	return ID{secret.Of(rec.Session)}, rec.Place, nil
}
