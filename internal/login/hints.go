package login

import (
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/esgateway/esgateway/internal/certs"
	"github.com/esgateway/esgateway/internal/web"
)

// maxHint bounds a hint, in bytes.
const maxHint = 256

// hintsOf are the hints of a request. What is too long or no text is none.
func hintsOf(r *http.Request) Hints {
	read := func(name string) string {
		text := r.FormValue(name)
		if len(text) > maxHint || !utf8.ValidString(text) {
			return ""
		}
		return text
	}
	return Hints{LoginHint: read("login_hint"), UILocales: read("ui_locales"), Prompt: read("prompt")}
}

// fields are the hints as a form carries them.
func (h Hints) fields() map[string]string {
	all := map[string]string{}
	for name, text := range map[string]string{"login_hint": h.LoginHint, "ui_locales": h.UILocales, "prompt": h.Prompt} {
		if text != "" {
			all[name] = text
		}
	}
	return all
}

// beginFor starts a sign-in that another site has asked for, by the sign-in page: that
// site may choose the method, and nothing happens before a page of ours goes on.
func (f *Flow) beginFor(w http.ResponseWriter, r *http.Request, v *visit, step Step) error {
	q := url.Values{"next": {f.proven(step.next)}, "method": {v.method.Name}}
	for name, text := range step.hints.fields() {
		q.Set(name, text)
	}
	if step.hints.Prompt != "" {
		q.Set("again", "1") // whoever wants to be asked is not led on by a live session
	}
	web.Redirect(w, r, f.address("/login", q))
	return nil
}

// Lists are the revocation lists in use.
func (f *Flow) Lists() []certs.ListStatus {
	var all []certs.ListStatus
	for _, m := range f.methods {
		if lister, ok := m.Method.(Lister); ok {
			all = append(all, lister.Lists()...)
		}
	}
	return all
}

// Warnings are what the methods have to tell an operator.
func (f *Flow) Warnings() []string {
	var all []string
	for _, m := range f.methods {
		warner, ok := m.Method.(Warner)
		if !ok {
			continue
		}
		for _, text := range warner.Warnings() {
			all = append(all, "method "+m.Name+": "+text)
		}
	}
	return all
}
