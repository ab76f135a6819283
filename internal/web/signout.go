package web

// SignOut asks whether to sign out: a link or an image of another site must
// not be able to do it.
type SignOut struct {
	// Action is where the form goes, by POST.
	Action string
	// User is who is signed in.
	User string
}

// Title implements Page.
func (SignOut) Title() string { return "Sign out" }

func (SignOut) look() look { return look{template: "signout.html", posts: true} }

// SignedOut is the page after a sign-out. It signs nobody in again.
type SignedOut struct {
	// Undone are sentences about what could not be done.
	Undone []string
	// SignInURL is where to sign in again; empty: no such button.
	SignInURL string
}

// Title implements Page.
func (SignedOut) Title() string { return "You are signed out" }

func (SignedOut) look() look { return look{template: "signedout.html"} }
