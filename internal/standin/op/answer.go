package op

import (
	"errors"
	"net/url"
	"strings"
)

// An Answer bends what the provider says. The zero value is a good answer. Where a
// field is a pointer, nil is the right value and an empty string leaves the thing
// out.
type Answer struct {
	// Claims replace claims of the ID token; nil leaves one out. Times are seconds.
	Claims map[string]any
	// Signing bends the ID token's signature.
	Signing
	// SID is the session of Respond; empty: a new one. Browsers have sessions of their own.
	SID string
	// Error is the answer, instead of a good one.
	Error, ErrorDescription string
	// State and Issuer are parameters of the answer, the latter that of RFC 9207.
	State, Issuer *string
	// Extra parameters come on top, or in the place of others.
	Extra url.Values
	// Token and Userinfo replace members of the answers of those endpoints; nil
	// leaves one out.
	Token, Userinfo map[string]any
	// TokenStatus and UserinfoStatus are 200 when zero.
	TokenStatus, UserinfoStatus int
	// TokenType and UserinfoType are the media types, application/json when empty.
	TokenType, UserinfoType string
}

// Respond answers an authorization request for a person, without a browser: it gives
// the address to which a browser would be sent. Requests with response_mode
// form_post are answered by RespondForm.
func (o *OP) Respond(authorizeURL string, person Person, a Answer) (callbackURL string, err error) {
	req, form, err := o.respond(authorizeURL, person, a)
	if err != nil {
		return "", err
	}
	if req.mode == "form_post" {
		return "", errors.New("op: the request wants a form")
	}
	return req.callback(form), nil
}

// RespondForm answers a request with response_mode form_post: it gives the form that
// a browser would post, and where to.
func (o *OP) RespondForm(authorizeURL string, person Person, a Answer) (address string, form url.Values, err error) {
	req, form, err := o.respond(authorizeURL, person, a)
	if err == nil && req.mode != "form_post" {
		err = errors.New("op: the request does not want a form")
	}
	return req.redirectURI, form, err
}

func (o *OP) respond(authorizeURL string, person Person, a Answer) (request, url.Values, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return request{}, nil, err
	}
	if base, _, _ := strings.Cut(authorizeURL, "?"); base != o.config.Issuer+"/authorize" {
		return request{}, nil, errors.New("op: this is not the address of the authorization endpoint")
	}
	req, err := o.authorization(u.Query())
	if err != nil {
		return request{}, nil, err
	}
	if person.Username == "" && a.Error == "" {
		return request{}, nil, errors.New("op: nobody to answer for")
	}
	form, err := o.answer(req, login{person: person, sid: a.SID, at: o.config.Now()}, a)
	return req, form, err
}

// callback is the address that carries an answer.
func (r request) callback(form url.Values) string {
	separator := "?"
	switch {
	case r.mode == "fragment":
		separator = "#"
	case strings.Contains(r.redirectURI, "?"):
		separator = "&"
	}
	return r.redirectURI + separator + form.Encode()
}

// answer are the parameters of an answer.
func (o *OP) answer(req request, who login, a Answer) (url.Values, error) {
	form := url.Values{}
	set := func(name string, wanted *string, right string) {
		if wanted != nil {
			right = *wanted
		}
		if right != "" {
			form.Set(name, right)
		}
	}
	set("state", a.State, req.state)
	set("iss", a.Issuer, o.config.Issuer)
	if a.Error != "" {
		form.Set("error", a.Error)
		set("error_description", nil, a.ErrorDescription)
	} else if err := o.addTokens(form, req, who, a); err != nil {
		return nil, err
	}
	for name, values := range a.Extra {
		form[name] = values
	}
	return form, nil
}

// addTokens adds what the response type asks for.
func (o *OP) addTokens(form url.Values, req request, who login, a Answer) error {
	g := o.newGrant(req, who, a)
	if req.responseType == codeType {
		form.Set("code", o.keepCode(g))
		return nil
	}
	access := ""
	if req.responseType == implicitType {
		access = o.keepAccess(g)
		form.Set("access_token", access)
		form.Set("token_type", "Bearer")
		form.Set("expires_in", tokenSeconds)
	}
	idToken, err := o.idToken(g, access)
	form.Set("id_token", idToken)
	return err
}
