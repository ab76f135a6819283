package op

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// Bend makes answers to browsers as wrong as those of Respond, until the next call.
func (o *OP) Bend(a Answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bent = a
}

func (o *OP) bend() Answer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bent
}

// authorize answers a request: with what it asks for when the browser is logged in,
// otherwise with the login page.
func (o *OP) authorize(w http.ResponseWriter, r *http.Request) error {
	req, err := o.authorization(r.URL.Query())
	if mistake, is := errors.AsType[*redirectable](err); is {
		return o.deliver(w, req, login{}, Answer{Error: mistake.code, ErrorDescription: mistake.description})
	}
	if err != nil {
		return err
	}
	_, s, ok := o.session(r)
	switch {
	case ok && (!req.forced || s.freshFor == req.id):
		o.told(s, req.client.ID)
		o.config.Log.Info("OpenID provider answers", slog.String("user", s.person.Username), slog.String("client", req.client.ID))
		return o.deliver(w, req, s.login, o.bend())
	case req.silent:
		return o.deliver(w, req, login{}, Answer{Error: "login_required", ErrorDescription: "nobody is signed in, and no page may be shown"})
	}
	return o.pages.Show(w, http.StatusOK, "login.html", o.loginPage(r, req, ""), people.Origin(req.redirectURI))
}

// deliver sends the answer to the client, through the browser.
func (o *OP) deliver(w http.ResponseWriter, req request, who login, a Answer) error {
	form, err := o.answer(req, who, a)
	if err != nil {
		return err
	}
	if req.mode != "form_post" {
		people.SeeOther(w, req.callback(form))
		return nil
	}
	var fields []people.Field
	for _, name := range slices.Sorted(maps.Keys(form)) {
		fields = append(fields, people.Field{Name: name, Value: form.Get(name)})
	}
	return o.pages.Show(w, http.StatusOK, "post.html", people.Page{Target: req.redirectURI, Fields: fields}, people.Origin(req.redirectURI))
}

// logIn takes the password. The request to answer is in the address, as it was on the
// page; the answer follows by GET, so that a reload does not post again.
func (o *OP) logIn(w http.ResponseWriter, r *http.Request) error {
	req, err := o.authorization(r.URL.Query())
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return err
	}
	person, ok := people.Check(o.config.People, r.PostForm.Get("username"), r.PostForm.Get("password"))
	if !ok {
		o.config.Log.Info("OpenID provider: wrong password")
		return o.pages.Show(w, http.StatusUnauthorized, "login.html", o.loginPage(r, req, "That name and password do not match."), people.Origin(req.redirectURI))
	}
	http.SetCookie(w, o.cookie(o.begin(person, req.id)))
	people.SeeOther(w, o.path+"/authorize?"+r.URL.RawQuery)
	return nil
}

func (o *OP) loginPage(r *http.Request, req request, problem string) people.Page {
	p := people.Page{
		Action: o.path + "/authorize?" + r.URL.RawQuery, Problem: problem,
		Username: req.hint, Provider: req.client.ID, People: o.config.People,
	}
	if r.PostForm.Has("username") {
		p.Username = r.PostForm.Get("username")
	}
	return p
}

// home says who is logged in and lets them sign out.
func (o *OP) home(w http.ResponseWriter, r *http.Request) error {
	p := people.Page{Action: o.path + "/end_session"}
	if _, s, ok := o.session(r); ok {
		p.Username = s.person.Shown()
	}
	return o.pages.Show(w, http.StatusOK, "home.html", p)
}

// withQuery is an address with parameters behind those that it has.
func withQuery(address string, more url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // a client's own, which was configured
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += more.Encode()
	return u.String()
}
