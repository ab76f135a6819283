package audit

import (
	"context"
	"log/slog"
)

// SignIn is a person who was signed in.
type SignIn struct {
	// Method is the name of the configured method, Realm the ES realm that
	// authenticated, User the name ES reported.
	Method, Realm, User string
	// Session is the short hash of the new session; empty where there is none
	// (certificates and tickets of API clients).
	Session string
	// Roles is how many roles ES gave.
	Roles int
	// ClientIP is the client's address, RequestID the request's.
	ClientIP, RequestID string
}

// SignIn writes the event down.
func (l *Log) SignIn(ctx context.Context, e SignIn) {
	l.write(ctx, event{
		message: "signed in", action: "sign-in", outcome: success,
		sort: []string{"authentication", "session"}, phase: "start",
		user: e.User, realm: e.Realm, method: e.Method, session: e.Session,
		clientIP: e.ClientIP, requestID: e.RequestID,
		more: []slog.Attr{slog.Int("esgateway.roles", e.Roles)},
	})
}

// SignInFailed is somebody who was not signed in.
type SignInFailed struct {
	// Method is the name of the configured method, Realm its ES realm.
	Method, Realm string
	// User is the person, where ES named one (a user without roles). It is
	// never what somebody typed, which may be a password in the wrong field.
	User string
	// Cause says why, for the operator; without tokens or messages.
	Cause string
	// ClientIP is the client's address, RequestID the request's.
	ClientIP, RequestID string
}

// SignInFailed writes the event down.
func (l *Log) SignInFailed(ctx context.Context, e SignInFailed) {
	l.write(ctx, event{
		message: "sign-in failed", action: "sign-in-failed", outcome: failure,
		sort: []string{"authentication"}, phase: "start",
		user: e.User, realm: e.Realm, method: e.Method,
		clientIP: e.ClientIP, requestID: e.RequestID, reason: e.Cause,
	})
}
