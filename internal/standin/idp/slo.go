package idp

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/esgateway/esgateway/internal/standin/people"
)

// slo takes what service providers send for single logout: their requests, and
// their answers to ours.
func (i *IdP) slo(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("SAMLResponse") {
		return i.leave(w, r)
	}
	var read saml.LogoutRequest
	if err := decode(r.URL.Query().Get("SAMLRequest"), &read); err != nil {
		return fmt.Errorf("the LogoutRequest cannot be read: %w", err)
	}
	sp, err := i.leaving(read)
	if err != nil {
		return err
	}
	index := ""
	if read.SessionIndex != nil {
		index = read.SessionIndex.Value
	}
	ended := i.sessions.end(read.NameID.Value, index, sp)
	i.config.Log.Info("identity provider ends sessions", slog.Int("count", ended), slog.String("for", sp.EntityID))
	var relayState *string
	if r.URL.Query().Has("RelayState") {
		text := r.URL.Query().Get("RelayState")
		relayState = &text
	}
	location, err := i.logoutResponse(read.ID, sp, relayState)
	if err != nil {
		return err
	}
	if _, _, ok := i.sessions.of(r); !ok {
		http.SetCookie(w, i.cookie(""))
	}
	people.SeeOther(w, location)
	return nil
}

// leaving is the service provider behind a LogoutRequest. A signature is not
// asked for: whoever knows a NameID may end that login, and nothing else.
func (i *IdP) leaving(read saml.LogoutRequest) (ServiceProvider, error) {
	if read.Issuer == nil || read.NameID == nil {
		return ServiceProvider{}, errors.New("the LogoutRequest has no issuer or no NameID")
	}
	sp, ok := i.provider(read.Issuer.Value)
	switch {
	case !ok:
		return sp, fmt.Errorf("the service provider %q is not known here", read.Issuer.Value)
	case sp.Logout == "":
		return sp, fmt.Errorf("the service provider %q has no address for logouts", sp.EntityID)
	case read.Destination != i.base+"/slo":
		return sp, errors.New("the LogoutRequest is for another destination")
	case read.NotOnOrAfter != nil && !i.config.Now().Before(*read.NotOnOrAfter):
		return sp, errors.New("the LogoutRequest is too old")
	}
	return sp, nil
}

// logoutResponse is the address that carries the answer to a LogoutRequest.
func (i *IdP) logoutResponse(id string, sp ServiceProvider, relayState *string) (string, error) {
	return i.redirect(sp.Logout, "SAMLResponse", i.logoutResponseTo(id, sp), relayState)
}

func (i *IdP) logoutResponseTo(id string, sp ServiceProvider) *etree.Element {
	e := i.logoutMessage("LogoutResponse", sp, i.config.Now())
	e.CreateAttr("InResponseTo", id)
	e.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", statusSpace+"Success")
	return e
}

// A Logout bends a LogoutRequest. The zero value names the person alone.
type Logout struct {
	// SessionIndexes are the assertions'; none: the request names none.
	SessionIndexes []string
	// NameIDFormat is persistent, if not said otherwise.
	NameIDFormat string
	// EncryptFor encrypts the NameID for this certificate's RSA key.
	EncryptFor *x509.Certificate
	// RelayState must come back with the answer; nil: there is none.
	RelayState *string
	// Edit changes the message before it is signed.
	Edit func(*etree.Element)
}

// LogoutRequest is the signed address by which the IdP asks a service provider
// to end a person's session there (redirect binding).
func (i *IdP) LogoutRequest(sp ServiceProvider, person Person, how Logout) (string, error) {
	e, err := i.logoutRequest(sp, person, how)
	if err != nil {
		return "", err
	}
	return i.redirect(sp.Logout, "SAMLRequest", e, how.RelayState)
}

// LogoutForm is the same for the POST binding: the field SAMLRequest, with the
// signature inside.
func (i *IdP) LogoutForm(sp ServiceProvider, person Person, how Logout) (string, error) {
	e, err := i.logoutRequest(sp, person, how)
	if err != nil {
		return "", err
	}
	if err := i.sign(e, Answer{}); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(document(e)), nil
}

// LogoutResponseForm is the answer to a LogoutRequest for the POST binding: the field
// SAMLResponse, with the signature inside.
func (i *IdP) LogoutResponseForm(id string, sp ServiceProvider) (string, error) {
	e := i.logoutResponseTo(id, sp)
	if err := i.sign(e, Answer{}); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(document(e)), nil
}

func (i *IdP) logoutRequest(sp ServiceProvider, person Person, how Logout) (*etree.Element, error) {
	now := i.config.Now()
	e := i.logoutMessage("LogoutRequest", sp, now)
	e.CreateAttr("NotOnOrAfter", instant(now.Add(lifetime)))
	name := etree.NewElement("saml:NameID")
	name.CreateAttr("xmlns:saml", assertionNS)
	name.CreateAttr("Format", cmp.Or(how.NameIDFormat, persistentFormat))
	name.SetText(persistentName(person, sp))
	if how.EncryptFor == nil {
		e.AddChild(name)
	} else if err := seal(e, "EncryptedID", name, how.EncryptFor); err != nil {
		return nil, err
	}
	for _, index := range how.SessionIndexes {
		e.CreateElement("samlp:SessionIndex").SetText(index)
	}
	if how.Edit != nil {
		how.Edit(e)
	}
	return e, nil
}

func (i *IdP) logoutMessage(tag string, sp ServiceProvider, at time.Time) *etree.Element {
	e := etree.NewElement("samlp:" + tag)
	e.CreateAttr("xmlns:samlp", protocolNS)
	begin(e, at)
	e.CreateAttr("Destination", sp.Logout)
	i.addIssuer(e, Answer{})
	return e
}

// logout is "sign out everywhere": it starts the round of service providers.
func (i *IdP) logout(w http.ResponseWriter, r *http.Request) error { return i.leave(w, r) }

// leave goes to the next service provider of an ending login, and at last to
// the page that says so. Each provider's answer comes back here by slo; what it
// says does not matter, since the round must end.
func (i *IdP) leave(w http.ResponseWriter, r *http.Request) error {
	key, s, ok := i.sessions.of(r)
	if ok {
		if sp, more := i.sessions.nextToLeave(key); more {
			location, err := i.LogoutRequest(sp, s.person, Logout{SessionIndexes: []string{s.index}})
			if err != nil {
				return err
			}
			people.SeeOther(w, location)
			return nil
		}
	}
	http.SetCookie(w, i.cookie(""))
	i.pages.Notice(w, http.StatusOK, "You are signed out", "You can close this page.")
	return nil
}
