package login

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/elastic"
	"github.com/esgateway/esgateway/internal/peer"
	"github.com/esgateway/esgateway/internal/session"
)

// Method is one configured way to sign in. It proves identities; it never
// writes a response, sets a cookie or touches a session: those phases are the
// Flow's, so that no method can get them wrong.
type Method interface {
	// Start answers someone who wants to sign in: where to go, and what will
	// come back.
	Start(ctx context.Context, ask Ask) (Step, error)
	// Routes lists the endpoints of the later legs. One-leg methods return nil.
	Routes() []Route
}

// Ask is a wish to sign in.
type Ask struct {
	// Again is set where a live session must be proven anew.
	Again bool
	// Hints are for the identity provider.
	Hints Hints
}

// Hints are what an identity provider may be told at the start. Whoever asked for the
// sign-in has written them; a method passes on what its protocol can carry.
type Hints struct {
	// LoginHint is whom it is probably about; UILocales the languages of its pages, by
	// preference; Prompt what it should ask for.
	LoginHint, UILocales, Prompt string
}

// IssuedBy is a method that knows its identity provider by name. The sign-in page
// finds it by that (parameter iss).
type IssuedBy interface{ Issuer() string }

// Warner is a method that may have to tell an operator something, while it works all
// the same. /readyz?verbose shows it.
type Warner interface{ Warnings() []string }

// Lister is a method that asks revocation lists.
type Lister interface {
	// Lists are those in use.
	Lists() []certs.ListStatus
}

// Route is one endpoint below /_gateway/{type}/{name}/.
type Route struct {
	// Verb is the HTTP method, Path the last segment.
	Verb, Path string
	// CrossSite is true for the protocol's own endpoints, which other sites
	// post to by design. All others need same-origin evidence to be unsafe.
	CrossSite bool
	// Aside is true for what is no part of a sign-in, such as metadata: a failure
	// there is nobody's failed sign-in.
	Aside  bool
	Handle func(r *http.Request, attempts Attempts) (Step, error)
}

// Attempts gives a method the attempts of the browser that is asking.
type Attempts interface {
	// Take takes the attempt with that id, once. Errors are faults ready to be
	// returned: the attempt is unknown, used, too old, or another browser's.
	Take(ctx context.Context, id string) (Attempt, error)
	// Once claims a message of the identity provider: true for the first who comes
	// with that id until then, over all nodes. The claim is given back if the
	// callback ends with an error, so that what was refused burns nothing.
	Once(ctx context.Context, id string, until time.Time) (bool, error)
	// Unsolicited is the attempt of an answer that nobody asked for. next is where
	// it asks to go, unproven; "" is the landing page. Claim it by Once.
	Unsolicited(next string) Attempt
	// Left takes the sign-out that was sent to the identity provider under that id,
	// once. ok is false if this browser has sent none.
	Left(ctx context.Context, id string) (left Left, ok bool, err error)
}

// Leaver is a method whose sessions are also ended at the identity provider.
type Leaver interface {
	// Leave tells ES that the session with this pair is over and returns the way to
	// the identity provider, if there is one.
	Leave(ctx context.Context, p session.Pair) (Leaving, error)
}

// Leaving is the way to the identity provider after a sign-out.
type Leaving struct {
	// URL is where to go; "": the identity provider is not told.
	URL string
	// ID is what its answer will name.
	ID string
}

// Checker is a method that can be tried by `gateway check`.
type Checker interface {
	Diagnose(ctx context.Context) []Finding
}

// Finding is one line of `gateway check`.
type Finding struct {
	// OK tells whether all is well; a finding that is not OK fails the check.
	OK bool
	// Subject is what was looked at, Text what was found, Advice what to do.
	Subject, Text, Advice string
}

// Because is an error of a realm with ES's own words, which hold no secret where a realm
// cannot be used (contract saml 10, oidc 1).
func Because(err error) string {
	if e, ok := errors.AsType[*elastic.Error](err); ok && e.Class == elastic.SetUp && e.Reason != "" {
		return e.Reason
	}
	return err.Error()
}

// Deps are what every method gets.
type Deps struct {
	// Name is the method's name, unique, and part of its addresses.
	Name string
	// Title is what people read on the button.
	Title string
	// Base is the absolute address below which the method's routes lie, for
	// example https://sso.example.com/_gateway/saml/corp, without a slash at
	// the end.
	Base *url.URL
	// Elastic is the client of ES's security API.
	Elastic *elastic.Client
	// ClientCertificates is true where our own listener asks for them.
	ClientCertificates bool
	// Trusted are the peers that may say in headers for whom they speak.
	Trusted peer.Trusted
	Now     func() time.Time
	Log     *slog.Logger
	// Alarm counts an event that needs a person, by a word of a short list.
	Alarm func(kind string)
}

// Configured is a method as the Flow knows it.
type Configured struct {
	Name, Type, Title string
	// Realm is the ES realm whose sessions belong to this method.
	Realm string
	Method
}

// Address is where a method's routes lie: what identity providers and Elasticsearch
// are told, so it never changes its form.
func Address(public *url.URL, prefix, kind, name string) *url.URL {
	return public.JoinPath(prefix, kind, name)
}
