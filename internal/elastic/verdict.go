package elastic

import "net/http"

// Class is what an answer of Elasticsearch means for the gateway. The words stand in
// logs and metrics.
type Class string

// The classes. Only Outage counts against a node; only Dead and the Refresh classes
// are verdicts on tokens, and what they mean for a session is the table "When is a
// session over".
const (
	// OK: done.
	OK Class = "ok"
	// Outage: no answer, or one that decides nothing (5xx, 429, time-out, a proxy).
	Outage Class = "outage"
	// PersonRefused: the person's proof was judged and refused.
	PersonRefused Class = "person_refused"
	// AccountRefused: the gateway's own account was refused, or lacks a privilege.
	AccountRefused Class = "account_refused"
	// SetUp: Elasticsearch or the gateway is set up wrongly; see Error.Hint.
	SetUp Class = "set_up"
	// Dead: the bearer is known to Elasticsearch and over, by expiry or by revocation.
	Dead Class = "dead"
	// Mute: an unknown token, or the tokens index is out; the answer is the same.
	Mute Class = "mute"
	// RefreshExpired: the pair is older than 24 h (row 2 of contract tokens 3.1).
	RefreshExpired Class = "refresh_expired"
	// RefreshInvalidated: somebody ended the refresh token (row 3).
	RefreshInvalidated Class = "refresh_invalidated"
	// RefreshForeign: another account of Elasticsearch made the pair (row 4).
	RefreshForeign Class = "refresh_foreign"
	// RefreshUsed: refreshed more than 30 s ago, and the answer is lost (row 5).
	RefreshUsed Class = "refresh_used"
	// RefreshSkew: the clocks of Elasticsearch's nodes differ (row 6).
	RefreshSkew Class = "refresh_skew"
	// BadInput: what was to be judged could not even be decoded.
	BadInput Class = "bad_input"
	// Cancelled: the caller's own context ended first. It decides nothing.
	Cancelled Class = "cancelled"
)

// ClassifyBearer says what Elasticsearch's answer to a proxied request means for the
// bearer that we put on it.
func ClassifyBearer(status int, header http.Header, body []byte) Class { return OK }
