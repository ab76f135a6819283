package web

// Fragment is a page for answers that stand in the fragment of its address, which
// browsers keep from servers. Its script posts the fragment on and takes it out of the
// address.
type Fragment struct {
	// Action is our own address, where the form goes, by POST.
	Action string
}

// Title implements Page.
func (Fragment) Title() string { return "One moment" }

func (Fragment) look() look {
	return look{template: "fragment.html", scripts: []string{"fragment.js"}, posts: true}
}
