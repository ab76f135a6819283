package session

import (
	"errors"
	"time"
)

// refreshLife is how long we trust a refresh token: ES keeps it 24 h from the
// moment it wrote the document; a minute is left for clocks and calls.
const refreshLife = 24*time.Hour - time.Minute

// Config holds the rules of sessions.
type Config struct {
	// Idle ends a session that was not used for so long. Over 23h is an error,
	// since a refresh token lives 24 hours.
	Idle time.Duration `yaml:"idle"`
	// Lifetime ends a session so long after the sign-in, used or not.
	Lifetime time.Duration `yaml:"lifetime"`
	// StreamCheck is how often an open stream or WebSocket asks whether its
	// session still lives.
	StreamCheck time.Duration `yaml:"stream_check"`
}

// Default returns the rules that apply where nothing is configured.
func Default() Config {
	return Config{Idle: 8 * time.Hour, Lifetime: 168 * time.Hour, StreamCheck: 10 * time.Second}
}

// maxIdle is the longest idle time that a refresh token can bridge.
const maxIdle = 23 * time.Hour

// Check returns what is wrong with the configuration, by yaml key.
func (c Config) Check() map[string]error {
	bad := map[string]error{}
	if c.Idle <= 0 || c.Idle > maxIdle {
		bad["idle"] = errors.New("must be more than 0 and at most 23h, since Elasticsearch's refresh token lives 24 hours")
	}
	if c.Lifetime <= 0 {
		bad["lifetime"] = errors.New("must be more than 0, for example 168h")
	}
	if c.StreamCheck <= 0 || c.StreamCheck > 10*time.Second {
		bad["stream_check"] = errors.New("must be more than 0 and at most 10s: a stream may not outlive its session by more")
	}
	return bad
}

// Reason says why a session ended; the words are public (audit, metrics).
type Reason string

// The reasons for which a session ends.
const (
	SignedOut     Reason = "signed_out"
	Idle          Reason = "idle"
	Lifetime      Reason = "lifetime"
	TokensExpired Reason = "tokens_expired"
	Revoked       Reason = "revoked"
	AnswerLost    Reason = "answer_lost"
	OtherUser     Reason = "other_user"
	Replaced      Reason = "replaced"
	MethodGone    Reason = "method_gone"
	// ProviderLimit: the identity provider's own session has ended, by the time it named.
	ProviderLimit Reason = "provider_limit"
	// ProviderSignOut: the identity provider has signed the person out.
	ProviderSignOut Reason = "provider_sign_out"
	// CertificateEnded: the certificate that the session is bound to has ended, was
	// revoked, or is not trusted any more, here or at Elasticsearch.
	CertificateEnded Reason = "certificate_ended"
	// CertificateChanged: another certificate came with the session.
	CertificateChanged Reason = "certificate_changed"
	// CertificateGone: the browser was asked for the certificate and has sent none.
	CertificateGone Reason = "certificate_gone"
)

// over applies row 1: the deadlines of our own, and tokens that are both past
// their end. It is the one judgement of time that every path makes.
func (c Config) over(s *Session, now time.Time) (Reason, bool) {
	switch {
	case !now.Before(s.Started.Add(c.Lifetime)):
		return Lifetime, true
	case !s.Provider.Until.IsZero() && !now.Before(s.Provider.Until):
		if len(s.Chain) > 0 {
			return CertificateEnded, true
		}
		return ProviderLimit, true
	case !now.Before(s.Seen.Add(c.Idle)):
		return Idle, true
	case s.Pair.past(now) && s.Pair.stale(now):
		return TokensExpired, true
	}
	return "", false
}

// past reports whether the access token has ended (after Ta).
func (p Pair) past(now time.Time) bool { return now.After(p.Ends) }

// stale reports whether the refresh token can no longer be used (after Tr).
func (p Pair) stale(now time.Time) bool { return now.After(p.Made.Add(refreshLife)) }

// renewAhead is how much of the token's life must be left to go on without
// renewing: a quarter of it, at most a minute.
func (p Pair) renewAhead() time.Duration {
	return min(p.Ends.Sub(p.Made)/4, time.Minute)
}

// due reports whether the pair should be renewed ahead of its end.
func (p Pair) due(now time.Time) bool { return p.Ends.Sub(now) < p.renewAhead() }

// Until returns when the session ends at the latest, and when if it is not used.
func (c Config) Until(s *Session) (latest, idle time.Time) {
	latest = s.Started.Add(c.Lifetime)
	if !s.Provider.Until.IsZero() && s.Provider.Until.Before(latest) {
		latest = s.Provider.Until
	}
	return latest, s.Seen.Add(c.Idle)
}

// sweepGrace is how long a record outlives its session, so that the sweeper
// finds it and gives the tokens back to ES before the store forgets it.
const sweepGrace = time.Hour

// expires is when the store may forget the record.
func (c Config) expires(s *Session) time.Time {
	latest, idle := c.Until(s)
	if idle.Before(latest) {
		latest = idle
	}
	return latest.Add(sweepGrace)
}
