package login

import (
	"net/http"

	"github.com/esgateway/esgateway/internal/web"
)

// bounced marks a form that has gone by our own page.
const bounced = "esgateway_bounced"

// maxFields bounds the fields of a form that goes by our own page.
const maxFields = 20

// bounces reports whether a form that another site has posted should go by a page of
// ours. A browser that keeps cookies from cross-site posts (all of them on plain
// http, where SameSite=None is not to be had, and some old ones) sends them with
// the second post, which is same-site.
func bounces(r *http.Request) bool {
	if r.Method != http.MethodPost || web.AudienceOf(r) != web.Navigation || r.ParseForm() != nil {
		return false
	}
	return len(r.PostForm) > 0 && len(r.PostForm) <= maxFields && !r.PostForm.Has(bounced)
}

// bounce is that page.
func (f *Flow) bounce(w http.ResponseWriter, r *http.Request) error {
	page := web.Bounce{Action: r.URL.EscapedPath()}
	for name, values := range r.PostForm {
		for _, value := range values {
			page.Fields = append(page.Fields, web.Field{Name: name, Value: value})
		}
	}
	page.Fields = append(page.Fields, web.Field{Name: bounced, Value: "1"})
	return f.pages.Page(w, r, http.StatusOK, page)
}
