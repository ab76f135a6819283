package samlrealm

import (
	"time"

	"github.com/beevik/etree"
)

// LogoutRequest makes the request that ends the user's session at the IdP. It
// is not ok when single logout is off or the IdP has no redirect endpoint for
// it. tokenMetadata is that of the user's tokens; a key that is missing there
// (nil values are fine) or another realm's metadata is a *Rejection.
func (r *Realm) LogoutRequest(now time.Time, tokenMetadata map[string]*string) (id, redirect string, ok bool, err error) {
	if err := r.own(tokenMetadata); err != nil || r.config.NoSingleLogout {
		return "", "", false, err
	}
	j, err := r.judge(now)
	if err != nil {
		return "", "", false, err
	}
	location, err := j.idp.endpoint("SingleLogoutService")
	if err != nil || location == "" {
		return "", "", false, err
	}
	id = newID()
	redirect, err = r.redirect(location, "SAMLRequest", r.logoutRequest(id, location, now, tokenMetadata), nil)
	return id, redirect, err == nil, err
}

// own reports what keeps a token from being this realm's.
func (r *Realm) own(tokenMetadata map[string]*string) error {
	for _, key := range []string{keyValue, keyFormat, keyQualifier, keySPQualifier, keySPProvided, keySession, keyRealm} {
		if _, ok := tokenMetadata[key]; !ok {
			return refuse("Access token does not have SAML metadata [%s]", key)
		}
	}
	if name := tokenMetadata[keyRealm]; name == nil || *name != r.config.Name {
		return refuse("Authenticating realm [%s] does not match token realm [%s]", r.config.Name, printed(name))
	}
	return nil
}

func (r *Realm) logoutRequest(id, location string, now time.Time, tokenMetadata map[string]*string) *etree.Element {
	e := r.message("LogoutRequest", id, location, now)
	name := e.CreateElement("saml2:NameID")
	name.CreateAttr("xmlns:saml2", assertionNS)
	optional(name, "Format", tokenMetadata[keyFormat])
	optional(name, "NameQualifier", tokenMetadata[keyQualifier])
	optional(name, "SPNameQualifier", tokenMetadata[keySPQualifier])
	optional(name, "SPProvidedID", tokenMetadata[keySPProvided])
	name.SetText(text(tokenMetadata[keyValue]))
	e.CreateElement("saml2p:SessionIndex").SetText(text(tokenMetadata[keySession]))
	return e
}

func optional(e *etree.Element, key string, value *string) {
	if value != nil {
		e.CreateAttr(key, *value)
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// LogoutResponse makes the answer to an IdP's LogoutRequest. Its status is
// always success. It does not depend on single logout being on.
func (r *Realm) LogoutResponse(now time.Time, inResponseTo string, relayState *string) (redirect string, err error) {
	j, err := r.judge(now)
	if err != nil {
		return "", err
	}
	location, err := j.idp.endpoint("SingleLogoutService")
	if err != nil {
		return "", err
	}
	if location == "" {
		return "", refuse("Cannot send LogoutResponse because the IDP %s does not provide a logout service", j.config.IDPEntityID)
	}
	e := r.message("LogoutResponse", newID(), location, now)
	e.CreateAttr("InResponseTo", inResponseTo)
	e.CreateElement("saml2p:Status").CreateElement("saml2p:StatusCode").CreateAttr("Value", statusSpace+"Success")
	return r.redirect(location, "SAMLResponse", e, relayState)
}
