package audit

import "context"

// SessionEnded is the end of a session, whatever ended it.
type SessionEnded struct {
	// Session is the session's short hash.
	Session string
	// User, Realm and Method are those of the sign-in.
	User, Realm, Method string
	// Reason is a session.Reason.
	Reason string
	// ClientIP and RequestID are those of the request that ended it; empty if
	// none did (the sweeper, the command line).
	ClientIP, RequestID string
}

// SessionEnded writes the event down.
func (l *Log) SessionEnded(ctx context.Context, e SessionEnded) {
	l.write(ctx, event{
		message: "session ended", action: "session-ended", outcome: success,
		sort: []string{"session"}, phase: "end",
		user: e.User, realm: e.Realm, method: e.Method, session: e.Session,
		clientIP: e.ClientIP, requestID: e.RequestID, reason: e.Reason,
	})
}

// SignOut is a wish to be signed out: of the person, or of the identity
// provider in the person's name.
type SignOut struct {
	// Session is the session's short hash.
	Session string
	// User, Realm and Method are those of the sign-in.
	User, Realm, Method string
	// Reason says who asked, for example "person" or "identity provider".
	Reason string
	// Failed: not all was done; the rest is owed to Elasticsearch.
	Failed bool
	// ClientIP and RequestID are those of the request that asked.
	ClientIP, RequestID string
}

// SignOut writes the event down.
func (l *Log) SignOut(ctx context.Context, e SignOut) {
	outcome := success
	if e.Failed {
		outcome = failure
	}
	l.write(ctx, event{
		message: "signed out", action: "sign-out", outcome: outcome,
		sort: []string{"authentication", "session"}, phase: "end",
		user: e.User, realm: e.Realm, method: e.Method, session: e.Session,
		clientIP: e.ClientIP, requestID: e.RequestID, reason: e.Reason,
	})
}
