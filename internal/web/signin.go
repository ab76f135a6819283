package web

import "net/url"

// SignIn is where every sign-in begins. With script and Auto it goes on by
// itself; without, it is a button, so that nothing starts when a page is only
// fetched ahead.
type SignIn struct {
	// Next is where the person wants to go. The script adds the fragment of the
	// page's address, which browsers carry over redirects and keep from servers.
	Next string
	// Choices are the ways to sign in. None: the page says that there is none, unless
	// Notice says more.
	Choices []Choice
	// Hidden are further fields that every choice sends along.
	Hidden map[string]string
	// Auto: go on with the only choice without waiting for a click.
	Auto bool
	// Notice is a sentence above the choices, such as why the person is here, or why
	// there are none.
	Notice string
}

// Choice is a way to sign in.
type Choice struct {
	// Name is its name in the configuration, for scripts and tests.
	Name string
	// Title is what people call it.
	Title string
	// As is who would be signed in, where that is known before.
	As string
	// Action is where its form goes, by POST, or by GET where the script goes on.
	Action string
}

// Title implements Page.
func (SignIn) Title() string { return "Sign in" }

func (SignIn) look() look {
	return look{template: "signin.html", scripts: []string{"signin.js"}, posts: true}
}

// First is the choice that the form goes to by itself; html/template needs one
// address even where each button has its own.
func (p SignIn) First() Choice {
	if len(p.Choices) == 0 {
		return Choice{}
	}
	return p.Choices[0]
}

// Alone reports whether there is exactly one choice, and so nothing to choose.
func (p SignIn) Alone() bool { return len(p.Choices) == 1 }

// GoesOn reports whether the script may go on by itself.
func (p SignIn) GoesOn() bool { return p.Auto && p.Alone() }

// Host is where Next leads, as people know it, or "" if it stays here.
func (p SignIn) Host() string {
	u, err := url.Parse(p.Next)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
