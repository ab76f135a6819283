package idp

import (
	"encoding/base64"
	"log/slog"
	"net/http"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// sso answers an AuthnRequest: with an assertion when the browser is logged in,
// otherwise with the login page.
func (i *IdP) sso(w http.ResponseWriter, r *http.Request) error {
	req, err := i.authnRequest(r.URL.Query())
	if err != nil {
		return err
	}
	key, s, ok := i.sessions.of(r)
	if !ok || (req.forced && s.freshFor != req.id) {
		return i.pages.Show(w, http.StatusOK, "login.html", i.loginPage(r, req, ""))
	}
	text, err := i.response(req, s.person, Answer{SignResponse: true, SessionIndex: &s.index})
	if err != nil {
		return err
	}
	i.sessions.told(key, req.provider)
	i.config.Log.Info("identity provider asserts", slog.String("user", s.person.Username), slog.String("to", req.provider.EntityID))
	fields := []people.Field{{Name: "SAMLResponse", Value: base64.StdEncoding.EncodeToString(text)}}
	if req.relayState != "" {
		fields = append(fields, people.Field{Name: "RelayState", Value: req.relayState})
	}
	return i.pages.Show(w, http.StatusOK, "post.html", people.Page{Target: req.provider.ACS, Fields: fields}, people.Origin(req.provider.ACS))
}

// maxForm bounds the login form.
const maxForm = 8 << 10

// login takes the password. The request to answer is in the address, as it was
// on the page; the answer follows by GET, so that a reload does not post again.
func (i *IdP) login(w http.ResponseWriter, r *http.Request) error {
	req, err := i.authnRequest(r.URL.Query())
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return err
	}
	person, ok := people.Check(i.config.People, r.PostForm.Get("username"), r.PostForm.Get("password"))
	if !ok {
		i.config.Log.Info("identity provider: wrong password")
		return i.pages.Show(w, http.StatusUnauthorized, "login.html", i.loginPage(r, req, "That name and password do not match."))
	}
	http.SetCookie(w, i.cookie(i.sessions.begin(person, req.id)))
	people.SeeOther(w, i.path+"/sso?"+r.URL.RawQuery)
	return nil
}

func (i *IdP) loginPage(r *http.Request, req request, problem string) people.Page {
	return people.Page{
		Action:   i.path + "/sso?" + r.URL.RawQuery,
		Problem:  problem,
		Username: r.PostForm.Get("username"),
		Provider: req.provider.EntityID,
		People:   i.config.People,
	}
}

// home says who is logged in and lets them sign out.
func (i *IdP) home(w http.ResponseWriter, r *http.Request) error {
	_, s, _ := i.sessions.of(r)
	targets := []string{}
	for _, sp := range i.config.ServiceProviders {
		targets = append(targets, people.Origin(sp.Logout))
	}
	return i.pages.Show(w, http.StatusOK, "home.html", people.Page{Username: s.person.Shown(), Action: i.path + "/logout"}, targets...)
}
