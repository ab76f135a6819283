package login

import (
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/session"
)

// Step is what happens next in a sign-in or a sign-out. The functions below build it.
type Step struct {
	kind     stepKind
	url      string
	id       string
	grant    elastic.Grant
	attempt  Attempt
	provider session.Provider
	chain    [][]byte // what has proven it, where that was a certificate
	reason   string
	next     string
	err      error
	hints    Hints
	ends     session.ProviderEnds
	subject  string // whom it may mean in this browser
	quiet    bool
	anybody  bool
	undone   []Undone

	contentType string
	body        []byte
}

type stepKind int

const (
	stepRedirect stepKind = iota + 1
	stepDone
	stepRefused
	stepRestart
	stepBegin
	stepFragment
	stepLoggedOut
	stepProviderSignOut
	stepDocument
)

// Redirect sends the browser to the identity provider. id is what its answer
// will name: the SAML request id or the OIDC state.
func Redirect(url, id string) Step { return Step{kind: stepRedirect, url: url, id: id} }

// Expecting is what the answer's token must name.
func (s Step) Expecting(nonce, audience string) Step {
	s.attempt.Nonce, s.attempt.Audience = nonce, audience
	return s
}

// Done says that ES has accepted the proof that answers this attempt, and how the
// identity provider knows the person.
func Done(grant elastic.Grant, answered Attempt, by session.Provider) Step {
	return Step{kind: stepDone, grant: grant, attempt: answered, provider: by}
}

// Refused says that ES has accepted a proof that must not become a session. Its
// tokens are invalidated; the fault is shown.
func Refused(grant elastic.Grant, fault error) Step {
	return Step{kind: stepRefused, grant: grant, err: fault}
}

// Restart drops what came and starts an ordinary sign-in with the same method,
// once. next is where it asked to go, unproven; "" is nowhere. The reason is for the
// log, and for the page if it happens again.
func Restart(reason, next string) Step { return Step{kind: stepRestart, reason: reason, next: next} }

// Begin starts a sign-in that somebody else has asked for. next is where it asks to go,
// unproven; "" is the landing page.
func Begin(next string, hints Hints) Step { return Step{kind: stepBegin, next: next, hints: hints} }

// Fragment shows a page whose script posts the fragment of its address, as it is, to
// the same address in a field of that name: answers that servers do not see.
func Fragment() Step { return Step{kind: stepFragment} }

// LoggedOut brings the person back from the identity provider to the page that
// says so, and what was not done.
func LoggedOut(undone ...Undone) Step { return Step{kind: stepLoggedOut, undone: undone} }

// ProviderSignOut ends the sessions that the identity provider has ended, with or
// without their cookie on this request, and goes back to it by redirect; "" goes to
// the page that says so.
func ProviderSignOut(ends session.ProviderEnds, redirect string, undone ...Undone) Step {
	return Step{kind: stepProviderSignOut, ends: ends, url: redirect, undone: undone}
}

// ProviderNotice is the same where no person's browser brings it: the provider itself,
// or a frame. It is answered by an empty 200, also if nobody was signed in; a session
// that cannot be ended is an error, so that the provider tries again.
func ProviderNotice(ends session.ProviderEnds) Step {
	return Step{kind: stepProviderSignOut, ends: ends, quiet: true}
}

// FrameNotice is ProviderNotice of a frame of the provider's own page, which names one of
// its sessions. Some providers name the person there: then it means what this browser has
// of that person, if it shows its key, and as far as no session of the provider is known.
func FrameNotice(realm, id string) Step {
	return Step{kind: stepProviderSignOut, ends: session.ProviderEnds{Realm: realm, Sessions: []string{id}}, subject: id, quiet: true}
}

// ProviderSignOutOfAnybody is the same where nobody can say who was meant: ES has
// ended the tokens, and is asked about all the sessions of the realm.
func ProviderSignOutOfAnybody(realm, redirect string, undone ...Undone) Step {
	return Step{kind: stepProviderSignOut, ends: session.ProviderEnds{Realm: realm}, anybody: true, url: redirect, undone: undone}
}

// Document answers with a text for other programs, such as metadata.
func Document(contentType string, body []byte) Step {
	return Step{kind: stepDocument, contentType: contentType, body: body}
}

// Undone is what a sign-out could not do. The words stand in the address of the
// signed-out page.
type Undone string

// What a sign-out may leave undone.
const (
	// UndoneElasticsearch: the tokens are not invalidated yet.
	UndoneElasticsearch Undone = "elasticsearch"
	// UndoneProvider: the identity provider was not told.
	UndoneProvider Undone = "provider"
	// UndoneUnsure: the identity provider's answer proves nothing.
	UndoneUnsure Undone = "provider_unsure"
	// UndoneRepeated: the identity provider's wish came before, and what came of it is
	// shown there.
	UndoneRepeated Undone = "repeated"
	// UndoneAnswer: the identity provider gets no answer to its wish.
	UndoneAnswer Undone = "provider_unanswered"
)
