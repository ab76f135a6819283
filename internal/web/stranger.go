package web

import "github.com/esgateway/esgateway/internal/fault"

// Lost answers a form that was sent without a session. A redirect would lose
// what was typed; the browser still has it and can send it again.
type Lost struct {
	// SignInURL opens in a new tab.
	SignInURL string
}

// Title implements Page.
func (Lost) Title() string { return "Not saved yet" }

func (Lost) look() look {
	return look{template: "lost.html", kind: fault.LoginRequired}
}

// Framed stands in a frame whose content needs a sign-in. Identity providers
// refuse to be framed, so the sign-in opens in a new tab. This page alone, and
// errors shown in a frame, may be framed, by their own origin.
type Framed struct {
	// SignInURL opens in a new tab. The script adds the frame's fragment.
	SignInURL string
}

// Title implements Page.
func (Framed) Title() string { return "Sign in to see this" }

func (Framed) look() look {
	return look{template: "framed.html", scripts: []string{"framed.js"}, framed: true, kind: fault.LoginRequired}
}
