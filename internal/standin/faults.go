package standin

import (
	"fmt"
	"net/http"
	"time"
)

// Faults are the ways in which a node can misbehave on purpose. The zero value
// is a healthy node.
type Faults struct {
	// Down cuts every connection before any answer.
	Down bool
	// Status, when not zero, is the answer to every request, in the ES shape.
	Status int
	// Delay, when not nil, may return a channel: the request is held until it
	// closes or the client leaves. The clock is read after the wait.
	Delay func(r *http.Request) <-chan struct{}
	// LoseAnswer, when it returns true, cuts the connection after the work is
	// done: the caller cannot know what happened.
	LoseAnswer func(r *http.Request) bool
	// TokensIndex is the state of the index that holds the tokens.
	TokensIndex IndexState
	// TokenServiceOff is xpack.security.authc.token.enabled: false.
	TokenServiceOff bool
	// License overrides the licence of the configuration.
	License string
	// RefreshBetweenWrites marks the old document as refreshed and then fails to
	// write the new one: the session cannot be saved any more.
	RefreshBetweenWrites bool
	// CreateFails makes the creation of tokens fail as with the primary down.
	CreateFails bool
	// RefreshDescription, when not empty, is the text with which every refresh
	// is refused as invalid_grant.
	RefreshDescription string
	// ReadLag hides token documents younger than this from bearer requests: the
	// loser of a race for a refresh may find his token unknown for a moment.
	ReadLag time.Duration
	// SecurityIndexDown makes API keys fail; file users go on working.
	SecurityIndexDown bool
	// StartupChallenges sorts the challenges as a node does before its first
	// licence notice: Bearer, ApiKey, Basic. Nobody may depend on their order.
	StartupChallenges bool
	// ClockSkew is added to the clock of this node.
	ClockSkew time.Duration
}

// IndexState is the state of the tokens index; the zero value is healthy.
type IndexState string

// The states of the tokens index (token contract 4.2).
const (
	IndexMissing     IndexState = "missing"
	IndexClosed      IndexState = "closed"
	IndexPrimaryDown IndexState = "primary_down"
)

// statusFailure is how a node that cannot serve says so.
func statusFailure(status int) error {
	e := &exception{status: status, kind: "exception", reason: fmt.Sprintf("fault with status %d", status)}
	switch status {
	case http.StatusTooManyRequests:
		e.kind, e.reason = "es_rejected_execution_exception", "rejected execution of TimedRunnable on EsThreadPoolExecutor"
	case http.StatusServiceUnavailable:
		e.kind, e.reason = "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];" //nolint:misspell // the wire's spelling
	}
	return e
}
