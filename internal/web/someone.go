package web

import "github.com/esgateway/esgateway/internal/fault"

// NoRoles tells somebody who signed in that Elasticsearch allows them nothing.
// There is no session to go on with.
type NoRoles struct {
	User, Realm string
	// AgainURL is where to sign in as someone else; empty: no such button.
	AgainURL string
}

// Title implements Page.
func (NoRoles) Title() string { return sayingOf(fault.NoRoles).title }

func (NoRoles) look() look {
	return look{template: "noroles.html", scripts: []string{"copy.js"}, kind: fault.NoRoles}
}

// Kind is shown beside the request id.
func (NoRoles) Kind() fault.Kind { return fault.NoRoles }

// OtherUser tells a person that the browser now belongs to another user, before
// they go on under a name that they may not expect (threat: somebody else signs
// them in, and they hand over what they type).
type OtherUser struct {
	Old, New string
	// Continue is the return URL of the sign-in.
	Continue string
}

// Title implements Page.
func (OtherUser) Title() string { return "Another user is signed in now" }

func (OtherUser) look() look { return look{template: "otheruser.html"} }
