package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/login"
)

// initiate is GET and POST .../initiate: another site wants somebody to sign in here
// (OpenID Connect Core 4). It may name the provider, whom it is about, and where to go;
// the first must be ours and the last an address of ours. It goes by the sign-in page,
// so another site can make nobody sign in as somebody else.
func (m *Method) initiate(r *http.Request, _ login.Attempts) (login.Step, error) {
	if err := r.ParseForm(); err != nil {
		return login.Step{}, unreadable(err)
	}
	for _, name := range [...]string{"iss", "login_hint", "target_link_uri"} {
		if len(r.Form[name]) > 1 {
			return login.Step{}, unreadable(errors.New("a parameter twice: " + name))
		}
	}
	if r.Form.Get("iss") != m.cfg.Issuer {
		return login.Step{}, &fault.Error{
			Kind: fault.BadRequest, Public: "The link that brought you here is for another identity provider.",
			Hint: "Start at the application that you want to use.", Err: errors.New("iss is not the method's issuer"),
		}
	}
	return login.Begin(r.Form.Get("target_link_uri"), login.Hints{
		LoginHint: r.Form.Get("login_hint"), UILocales: r.Form.Get("ui_locales"), Prompt: promptOf(r.Form.Get("prompt")),
	}), nil
}

// promptOf is a prompt that is passed on; "" for any other. none is not: its answer is an
// error that helps nobody, and whoever wants nothing to be asked is led on by a session.
func promptOf(wanted string) string {
	switch wanted {
	case "login", "consent", "select_account":
		return wanted
	}
	return ""
}

// withHints adds hints to ES's request, which is not signed.
func withHints(request string, h login.Hints) string {
	q := url.Values{}
	for name, value := range map[string]string{"login_hint": h.LoginHint, "ui_locales": h.UILocales, "prompt": promptOf(h.Prompt)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return request
	}
	mark := "&"
	if !strings.Contains(request, "?") {
		mark = "?"
	}
	return request + mark + q.Encode()
}
