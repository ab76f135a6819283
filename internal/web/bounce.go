package web

// Bounce sends a form on that another site has posted, from a page of ours, so that
// the browser sends our cookies along.
type Bounce struct {
	// Action is our own address, where the form goes, by POST.
	Action string
	Fields []Field
}

// Field is a field of a form.
type Field struct{ Name, Value string }

// Title implements Page.
func (Bounce) Title() string { return "One moment" }

func (Bounce) look() look {
	return look{template: "bounce.html", scripts: []string{"bounce.js"}, posts: true}
}
