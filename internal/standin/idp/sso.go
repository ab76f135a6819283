package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
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
		return i.show(w, http.StatusOK, "login.html", i.loginPage(r, req, ""))
	}
	text, err := i.response(req, s.person, Answer{SignResponse: true, SessionIndex: &s.index})
	if err != nil {
		return err
	}
	i.sessions.told(key, req.provider)
	i.config.Log.Info("identity provider asserts", slog.String("user", s.person.Username), slog.String("to", req.provider.EntityID))
	return i.show(w, http.StatusOK, "post.html", page{
		ACS:          req.provider.ACS,
		SAMLResponse: base64.StdEncoding.EncodeToString(text),
		RelayState:   req.relayState,
	}, origin(req.provider.ACS))
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
	person, ok := i.checkPassword(r.PostForm.Get("username"), r.PostForm.Get("password"))
	if !ok {
		i.config.Log.Info("identity provider: wrong password")
		return i.show(w, http.StatusUnauthorized, "login.html", i.loginPage(r, req, "That name and password do not match."))
	}
	http.SetCookie(w, i.cookie(i.sessions.begin(person, req.id)))
	seeOther(w, i.path+"/sso?"+r.URL.RawQuery)
	return nil
}

// checkPassword takes as long for a wrong name as for a wrong password.
func (i *IdP) checkPassword(username, password string) (Person, bool) {
	person, known := i.person(username)
	want, got := sha256.Sum256([]byte(person.Password)), sha256.Sum256([]byte(password))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	return person, known && same && person.Password != ""
}

// origin is what a content security policy calls an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
