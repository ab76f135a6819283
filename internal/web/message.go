package web

import "github.com/esgateway/esgateway/internal/fault"

// Message says that something went wrong: what happened, what the person can
// do, and what to give to the administrator.
type Message struct {
	// Kind is shown beside the request id.
	Kind fault.Kind
	// Heading is the page's title; empty: the kind's own.
	Heading string
	// Text says what happened, Hint what to do. Both are for the person.
	Text, Hint string
	// Cause narrows the kind, and Facts are what else the administrator wants to know.
	// They are shown and copied beside the request id.
	Cause string
	Facts []fault.Fact
	// TryAgain offers to load the same address again. Only for what was got, not
	// for what was sent.
	TryAgain bool
	// SignInURL, if any, is a button with the text SignInLabel.
	SignInURL, SignInLabel string
	// Framed: the page stands in a frame of its own origin; links leave it.
	Framed bool
}

// Title implements Page.
func (p Message) Title() string {
	if p.Heading != "" {
		return p.Heading
	}
	return sayingOf(p.Kind).title
}

func (p Message) look() look {
	return look{template: "message.html", scripts: []string{"copy.js"}, framed: p.Framed, kind: p.Kind}
}
