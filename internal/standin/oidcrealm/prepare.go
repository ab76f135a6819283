package oidcrealm

import (
	"net/url"
	"slices"
	"strings"
)

// A Prepared is what a sign-in begins with. Nobody but the caller keeps it.
type Prepared struct{ Redirect, State, Nonce string }

// Prepare makes the address at the provider. State and nonce are used as given, or
// made when nil; given ones without text are a *Fault.
func (r *Realm) Prepare(state, nonce, loginHint *string) (Prepared, error) {
	p := Prepared{State: random(), Nonce: random()}
	for _, one := range []struct {
		given *string
		into  *string
	}{{state, &p.State}, {nonce, &p.Nonce}} {
		if one.given == nil {
			continue
		}
		if strings.TrimSpace(*one.given) == "" {
			return Prepared{}, &Fault{"illegal_argument_exception", "The value must not be null or empty string"}
		}
		*one.into = *one.given
	}
	scopes := slices.Clone(r.config.RP.RequestedScopes)
	if !slices.Contains(scopes, "openid") {
		scopes = append(scopes, "openid")
	}
	var query []string
	add := func(name, value string) { query = append(query, name+"="+url.QueryEscape(value)) }
	if loginHint != nil && strings.TrimSpace(*loginHint) != "" {
		add("login_hint", *loginHint)
	}
	add("scope", strings.Join(scopes, " "))
	add("response_type", r.config.RP.ResponseType)
	add("redirect_uri", r.config.RP.RedirectURI)
	add("state", p.State)
	add("nonce", p.Nonce)
	add("client_id", r.config.RP.ClientID)
	p.Redirect = extended(r.config.OP.AuthorizationEndpoint, query)
	return p, nil
}

// extended is an address with parameters behind those that it has.
func extended(address string, query []string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + strings.Join(query, "&")
}
