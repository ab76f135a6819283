package parts

import (
	"crypto/tls"
	"encoding/base64"
)

// SAMLPeer is a service provider as an identity provider knows it. Behind the
// gateway that is a SAML realm of Elasticsearch.
type SAMLPeer struct {
	EntityID    string
	ACS         string
	SLO         string
	Certificate *tls.Certificate // signs requests; nil: requests are not signed and not verified
	// Encrypt: assertions come encrypted, to EncryptionCertificate or, if that is nil, to Certificate.
	Encrypt               bool
	EncryptionCertificate *tls.Certificate
	// Signed says what of its answers the identity provider signs; its zero value: all.
	Signed Signed
	// SLOByPost: messages about logout come to SLO by POST instead of by redirect.
	SLOByPost bool
}

// Signed is what an identity provider signs when it signs somebody in.
type Signed int

// An identity provider signs the response, the assertion in it, or both.
const (
	BothSigned Signed = iota
	ResponseSigned
	AssertionSigned
)

// SignsResponse is for templates.
func (p SAMLPeer) SignsResponse() bool { return p.Signed != AssertionSigned }

// SignsAssertion is for templates.
func (p SAMLPeer) SignsAssertion() bool { return p.Signed != ResponseSigned }

// Signing is for templates: the certificate in base64, or "".
func (p SAMLPeer) Signing() string {
	if p.Certificate == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(p.Certificate.Certificate[0])
}

// Encryption is for templates: that certificate in base64, or "".
func (p SAMLPeer) Encryption() string {
	if p.EncryptionCertificate == nil {
		return p.Signing()
	}
	return base64.StdEncoding.EncodeToString(p.EncryptionCertificate.Certificate[0])
}

// IdentityProvider is a running identity provider, of whatever kind.
//
// Its people are alice (password alicepw, groups admins and dev) and bob (bobpw,
// groups users). Attributes: uid, mail, displayName, groups.
type IdentityProvider struct {
	EntityID string
	URL      string // what all its pages' addresses start with
	SSO      string // single sign-on by redirect
	SLO      string // single logout by redirect
	// Initiated signs people in without a request (IdP-initiated); a RelayState parameter may follow.
	Initiated string
	Metadata  []byte // as it publishes it
	Process   *Process

	form    form
	signOut signOut
	issuer  string // of OpenID Connect, without Keycloak's realm
}

// IdentityProviderConfig says how an identity provider is reached and by whom.
type IdentityProviderConfig struct {
	// Host is its https name. Empty: plain http on localhost, as in a demo; not all can do that.
	Host string
	CA   *CA
	Port int // FreePort; the public one
	Peer SAMLPeer
	// Clients are those of OpenID Connect.
	Clients []Client
}

// form is the login form's fields and button.
type form struct{ user, password, button string }

// signOut is how a person signs out everywhere: a page, the button on it, if it asks,
// and what the last page says.
type signOut struct {
	page, confirm, farewell string
	// onward is the button on the page to which an OpenID Connect client sends people for
	// a sign-out; empty: they come back by themselves.
	onward string
}

// FillIn is what alice or bob does at the login form.
func (i *IdentityProvider) FillIn(tab *Tab, user string) {
	tab.t.Helper()
	tab.Fill(i.form.user, user)
	tab.Fill(i.form.password, user+"pw")
	tab.Click(i.form.button)
}

// WaitForm waits until the identity provider asks for the password.
func (i *IdentityProvider) WaitForm(tab *Tab) {
	tab.t.Helper()
	tab.WaitURLPrefix(i.URL)
	tab.Wait(i.form.password)
}

// SignOut signs the person out at the identity provider's own page, which tells the
// service providers, and waits until it says that it has.
func (i *IdentityProvider) SignOut(tab *Tab) {
	tab.t.Helper()
	i.Leave(tab)
	tab.WaitText("body", i.signOut.farewell)
}

// Leave is SignOut that does not wait.
func (i *IdentityProvider) Leave(tab *Tab) {
	tab.t.Helper()
	tab.Goto(i.signOut.page)
	if i.signOut.confirm != "" {
		tab.Click(i.signOut.confirm)
	}
}
