package oidc

import (
	"fmt"
	"slices"
	"strings"
)

// examine says what will not work with this provider. asked is the issuer that was
// asked for, "" if the document alone was given; kind is rp.response_type.
func examine(o offer, g guess, asked, kind string) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	if asked != "" && o.Issuer != asked {
		warn("the document names the issuer %q, and %q was asked for: what it names must stand in ID tokens and in both configurations, to the letter%s", o.Issuer, asked, forTenants(o.Issuer))
	}
	if o.Issuer != "" {
		if wrong := checkIssuer(o.Issuer); wrong != "" {
			warn("the issuer %q %s", o.Issuer, wrong)
		}
	}
	warnings = append(append(warnings, examineFlow(o, kind)...), examineKeys(o)...)
	if o.EndSession == "" {
		warn("the provider has no end_session_endpoint: a sign-out ends the session here and at Elasticsearch, but people stay signed in at the provider, and the next sign-in may ask for nothing")
	}
	switch {
	case !o.BackChannel:
		warn("the provider does not say that it has back-channel logout: a session that ends there goes on here until it ends by itself")
	case !o.BackChannelSession:
		warn("the provider's logout tokens do not name a session: a sign-out there ends all sessions of the person here")
	}
	if g.Groups != "" && !slices.Contains(o.Claims, g.Groups) && !slices.Contains(o.Scopes, g.Groups) {
		warn("neither the scopes nor the claims that the provider lists have %q: let it send groups (docs/identity-providers.md), or map roles by user names", g.Groups)
	}
	return warnings
}

// forTenants explains an issuer that is none, as Microsoft publishes it for all tenants.
func forTenants(issuer string) string {
	if strings.Contains(issuer, "{") {
		return "; ask for your own tenant's address"
	}
	return ""
}

// examineFlow looks at how people come back from the provider.
func examineFlow(o offer, kind string) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	if len(o.Types) > 0 && !o.answers(kind) {
		advice := ""
		for _, other := range [...]string{codeFlow, implicitFlow, idTokenFlow} {
			if o.answers(other) {
				advice = fmt.Sprintf("; it does offer %q (--response-type)", other)
				break
			}
		}
		warn("the provider does not offer the response type %q: nobody will be able to sign in%s", kind, advice)
	}
	if kind != codeFlow {
		return warnings
	}
	if o.Token == "" {
		warn("the document has no token_endpoint, without which Elasticsearch does not start with rp.response_type code")
	}
	if _, ok := o.clientAuth(); !ok {
		warn("the provider takes %s at its token endpoint, and Elasticsearch can prove itself only by its secret (client_secret_basic, _post or _jwt): nobody will be able to sign in", strings.Join(o.ClientAuth, ", "))
	}
	return warnings
}

// examineKeys looks at how the provider's tokens are known to be its own.
func examineKeys(o offer) []string {
	var warnings []string
	switch {
	case o.Keys == "":
		warnings = append(warnings, "the document has no jwks_uri: save the provider's keys as a file at Elasticsearch and name it in op.jwkset_path; the gateway cannot verify anything")
	case !strings.HasPrefix(o.Keys, "https://"):
		warnings = append(warnings, fmt.Sprintf("jwks_uri %q is not https: Elasticsearch does not start with it, since whoever is on the way could put a key of their own into it and sign in as anybody", o.Keys))
	}
	shared := func(a string) bool { return strings.HasPrefix(a, "HS") }
	takes := func(a string) bool { return slices.Contains(preferred[:], a) }
	switch {
	case len(o.Algorithms) == 0:
	case !slices.ContainsFunc(o.Algorithms, takes):
		warnings = append(warnings, fmt.Sprintf("the provider signs ID tokens by %s, and Elasticsearch takes none of that", strings.Join(o.Algorithms, ", ")))
	case !slices.ContainsFunc(o.Algorithms, func(a string) bool { return takes(a) && !shared(a) }):
		warnings = append(warnings, "the provider signs ID tokens with the client's secret alone (HS...), which Elasticsearch has and the gateway has not: they are not verified a second time, and its logout tokens are refused")
	}
	return warnings
}
