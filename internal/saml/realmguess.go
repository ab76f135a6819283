package saml

import (
	"cmp"
	"slices"
	"strings"
)

// guess is which attributes an identity provider will probably send, and why.
type guess struct {
	Principal, Groups, FullName, Mail string
	// Why explains the principal, Advice the groups, a line each.
	Why, Advice []string
}

// Names of attributes: those of Microsoft's claims, and those of LDAP (RFC 4524,
// X.520, eduPerson) as SAML's attribute profile writes them.
const (
	claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

	oidUID         = "urn:oid:0.9.2342.19200300.100.1.1"
	oidMail        = "urn:oid:0.9.2342.19200300.100.1.3"
	oidPrincipal   = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"
	oidMember      = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"
	oidDisplayName = "urn:oid:2.16.840.1.113730.3.1.241"
	oidCommonName  = "urn:oid:2.5.4.3"
)

// asGroups, asName and asMail are what the guide lets operators call attributes
// where the provider leaves the names to them (docs/identity-providers.md).
const (
	asGroups = "groups"
	asName   = "displayName"
	asMail   = "mail"
)

// byNameID is a guess for providers whose NameID is the user name.
func byNameID(why ...string) guess {
	return guess{
		Principal: "nameid", Groups: asGroups, FullName: asName, Mail: asMail, Why: why,
		Advice: []string{"The provider sends these only if you tell it to, under these names."},
	}
}

// guessFor knows some providers by their entity ids, and otherwise goes by the
// attributes that the metadata offers.
func guessFor(e entity) guess {
	switch id := e.ID; {
	case strings.HasPrefix(id, "https://sts.windows.net/"), strings.HasPrefix(id, "https://sts.chinacloudapi.cn/"):
		return guess{
			Principal: claims + "name", Groups: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
			FullName: "http://schemas.microsoft.com/identity/claims/displayname", Mail: claims + "emailaddress",
			Why:    []string{"Microsoft Entra ID: the claim name is the user principal name, such as alice@example.com."},
			Advice: []string{"Groups come after a group claim was added, and by default as object ids: use those in role mappings."},
		}
	case strings.HasSuffix(id, "/adfs/services/trust"):
		return guess{
			Principal: claims + "upn", Groups: "http://schemas.xmlsoap.org/claims/Group", FullName: claims + "name", Mail: claims + "emailaddress",
			Why:    []string{"AD FS: the user principal name, such as alice@example.com. Issue it by a claim rule."},
			Advice: []string{"AD FS sends what its claim rules issue, and nothing without them."},
		}
	case strings.HasPrefix(id, "http://www.okta.com/"):
		return byNameID("Okta: the NameID is the application username, which you choose there.")
	case strings.HasPrefix(id, "https://accounts.google.com/o/saml2"):
		return byNameID("Google: the NameID is the primary e-mail address, if you leave it so.")
	case strings.Contains(id, "/realms/"):
		return byNameID("Keycloak: the NameID is the user name, if the client's Name ID format is username and forced.")
	case strings.Contains(id, "/saml2/idp/metadata.php"), strings.HasSuffix(id, "/module.php/saml/idp/metadata"):
		return guess{
			Principal: "uid", Groups: asGroups, FullName: asName, Mail: asMail,
			Why:    []string{"SimpleSAMLphp: its NameID is another one at each sign-in by default, so the attribute uid."},
			Advice: []string{"The names are those of the authentication source; compare them with what it sends."},
		}
	}
	return guessByOffer(e)
}

// guessByOffer takes the attributes that the metadata says it can send.
func guessByOffer(e entity) guess {
	g := byNameID("The NameID, since the metadata tells of no attribute with the user name. It must be the same at each",
		"sign-in: if it is not (transient), put the name of an attribute here, such as uid.")
	if found := offered(e, oidUID, "uid", oidPrincipal, "eduPersonPrincipalName", claims+"upn"); found != "" {
		g.Principal = found
		g.Why = []string{"The metadata offers this attribute, which is mostly the user name."}
	} else if len(e.IdP.NameFormats) > 0 && !slices.ContainsFunc(e.IdP.NameFormats, lasting) {
		g.Principal = "uid"
		g.Why = []string{"The NameID would be another one at each sign-in (transient), so an attribute: uid, by its name or its", "friendly name. Compare it with what the provider sends."}
	}
	g.Groups = cmp.Or(offered(e, oidMember, "memberOf", "isMemberOf", "groups"), g.Groups)
	g.FullName = cmp.Or(offered(e, oidDisplayName, "displayName", oidCommonName, "cn", claims+"name"), g.FullName)
	g.Mail = cmp.Or(offered(e, oidMail, "mail", "email", claims+"emailaddress"), g.Mail)
	return g
}

// lasting reports whether a NameID of this format may name somebody twice.
func lasting(format string) bool { return !strings.HasSuffix(strings.TrimSpace(format), ":transient") }

// offered is the Name of the first of these attributes that the metadata offers.
func offered(e entity, wanted ...string) string {
	for _, w := range wanted {
		for _, a := range e.IdP.Attributes {
			if a.Name == w || a.Friendly == w {
				return a.Name
			}
		}
	}
	return ""
}
