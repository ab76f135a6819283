package login

import "github.com/esgateway/esgateway/internal/elastic"

// Step is what happens next in a sign-in or a sign-out. Build it with Redirect,
// Done, Restart, LoggedOut or Document.
type Step struct {
	kind    stepKind
	url     string
	id      string
	grant   elastic.Grant
	attempt Attempt
	reason  string

	contentType string
	body        []byte
}

type stepKind int

const (
	stepRedirect stepKind = iota + 1
	stepDone
	stepRestart
	stepLoggedOut
	stepDocument
)

// Redirect sends the browser to the identity provider. id is what its answer
// will name: the SAML request id or the OIDC state.
func Redirect(url, id string) Step { return Step{kind: stepRedirect, url: url, id: id} }

// Done says that ES has accepted the proof that answers this attempt.
func Done(grant elastic.Grant, answered Attempt) Step {
	return Step{kind: stepDone, grant: grant, attempt: answered}
}

// Restart drops what came and starts an ordinary sign-in with the same method,
// once. The reason is for the log.
func Restart(reason string) Step { return Step{kind: stepRestart, reason: reason} }

// LoggedOut brings the person back from the identity provider to the page that
// says so.
func LoggedOut() Step { return Step{kind: stepLoggedOut} }

// Document answers with a text for other programs, such as metadata.
func Document(contentType string, body []byte) Step {
	return Step{kind: stepDocument, contentType: contentType, body: body}
}
