package oidc

import (
	"net/url"
	"slices"
	"strings"
)

// guess is what a provider will probably send, and why.
type guess struct {
	// Principal, Groups, FullName and Mail are claims. Groups "": there are none to be had.
	Principal, Groups, FullName, Mail string
	// Scopes are those to ask for, besides openid, as far as the provider has them.
	Scopes []string
	// Why explains the principal, Advice the groups, a line each.
	Why, Advice []string
}

// Claims by their standard names (OpenID Connect Core 5.1); groups is no standard,
// but what nearly all providers call it.
const (
	asUser   = "preferred_username"
	asGroups = "groups"
	asName   = "name"
	asMail   = "email"
)

// byStandard is a guess for providers that keep to the names of the standard.
func byStandard(why string, advice ...string) guess {
	return guess{
		Principal: asUser, Groups: asGroups, FullName: asName, Mail: asMail,
		Scopes: []string{"profile", "email", "groups"}, Why: []string{why}, Advice: advice,
	}
}

// guessFor knows some providers by their addresses, and otherwise goes by the claims
// that the document lists.
func guessFor(o offer) guess {
	u, err := url.Parse(o.Issuer)
	if err != nil {
		return guessByClaims(o)
	}
	host := u.Hostname()
	switch {
	case host == "login.microsoftonline.com", host == "sts.windows.net", host == "login.partner.microsoftonline.cn", host == "login.microsoftonline.us":
		return entraID()
	case host == "accounts.google.com":
		return google()
	case strings.HasSuffix(u.Path, "/adfs"):
		return adfs()
	case strings.HasSuffix(host, ".okta.com"), strings.HasSuffix(host, ".oktapreview.com"), strings.HasSuffix(host, ".okta-emea.com"):
		return byStandard("Okta: the user name there.",
			"Okta sends groups only after a groups claim with a filter was set for the application.")
	case strings.Contains(u.Path, "/realms/"):
		return byStandard("Keycloak: the user name there.",
			"Keycloak sends groups only with a mapper: Group Membership, Token Claim Name groups, Full group path off.")
	case strings.HasSuffix(o.Keys, "/oauth/discovery/keys"):
		g := byStandard("GitLab: the user name there. It comes from the userinfo endpoint, as the groups do.",
			"GitLab sends the paths of all groups, such as company/team; it has no scope for them.")
		g.Scopes = []string{"profile", "email"}
		return g
	}
	return guessByClaims(o)
}

func entraID() guess {
	return guess{
		Principal: asUser, Groups: asGroups, FullName: asName, Mail: asMail, Scopes: []string{"profile", "email"},
		Why: []string{
			"Microsoft Entra ID: the user principal name, such as alice@example.com. Somebody who is renamed is somebody else",
			"then; oid never changes, and nobody can read it.",
		},
		Advice: []string{"Groups come after a groups claim was added to the ID token, and as object ids: use those in role mappings."},
	}
}

func google() guess {
	return guess{
		Principal: asMail, FullName: asName, Mail: asMail, Scopes: []string{"profile", "email"},
		Why: []string{
			"Google: the e-mail address. Let only your own organization in (user type Internal): whoever has any Google",
			"account could sign in otherwise.",
		},
		Advice: []string{"Google sends no groups: role mappings have the user name alone, or authorization_realms looks groups up."},
	}
}

func adfs() guess {
	return guess{
		Principal: "upn", Groups: "group", FullName: "unique_name", Mail: asMail, Scopes: []string{"profile", "email", "allatclaims"},
		Why:    []string{"AD FS: the user principal name, such as alice@example.com."},
		Advice: []string{"AD FS sends groups and mail only by issuance rules, and with the scope allatclaims permitted to the client."},
	}
}

// guessByClaims takes the claims that the document lists.
func guessByClaims(o offer) guess {
	g := byStandard("The user name, by its standard name. It must stay the same for a person, and be nobody else's later.")
	listed := func(fallback string, names ...string) string {
		for _, name := range names {
			if slices.Contains(o.Claims, name) {
				return name
			}
		}
		return fallback
	}
	if len(o.Claims) == 0 {
		g.Advice = []string{"The document lists no claims; compare these names with what the provider sends."}
		return g
	}
	g.Principal = listed("sub", asUser, "upn", asMail)
	switch g.Principal {
	case "sub":
		g.Why = []string{"The provider lists no claim with the user name, so its own name for the person, which never changes."}
	case asMail:
		g.Why = []string{"The provider lists no user name, so the e-mail address. Take it only if people cannot choose it themselves."}
	}
	g.Groups = listed(asGroups, asGroups, "roles", "memberOf", "group")
	return g
}

// scopes are those to ask for: openid, and the wanted ones that the provider has.
func (g guess) scopes(o offer) []string {
	all := []string{"openid"}
	for _, scope := range g.Scopes {
		known := slices.Contains(o.Scopes, scope)
		if standard := scope == "profile" || scope == "email"; known || len(o.Scopes) == 0 && standard {
			all = append(all, scope)
		}
	}
	return all
}
