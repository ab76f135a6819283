package samlrealm

import (
	"time"

	"github.com/beevik/etree"
)

// Authenticate judges a Response, given as XML, at the time now. The ids are
// those of the caller's open AuthnRequests. A refusal is a *Rejection.
func (r *Realm) Authenticate(now time.Time, message []byte, ids []string) (*User, error) {
	j, err := r.judge(now)
	if err != nil {
		return nil, r.unresolved()
	}
	root, err := rooted(message, "Response")
	if err != nil {
		return nil, err
	}
	response, assertion, err := j.response(root, ids)
	if err != nil {
		return nil, err
	}
	found := r.attributes(assertion)
	name := subjectName(assertion)
	if len(found) == 0 && name == nil {
		return nil, refuse("Could not process any SAML attributes in %s", qname(response))
	}
	user, err := r.user(found, name, session(assertion))
	if err != nil {
		return nil, err
	}
	if id := attribute(response, "InResponseTo"); hasText(id) {
		user.InResponseTo = *id
	}
	return user, nil
}

// response makes the checks of a Response in Elasticsearch's order and returns
// it and its assertion, both as their signatures cover them.
func (j *judge) response(root *etree.Element, ids []string) (response, assertion *etree.Element, err error) {
	response = root
	signed := signatureOf(root) != nil
	if signed {
		if response, err = j.idp.verify(root); err != nil {
			return nil, nil, err
		}
	}
	if err := inResponseTo(response, ids); err != nil {
		return nil, nil, err
	}
	if err := success(response); err != nil {
		return nil, nil, err
	}
	if err := j.issuer(response); err != nil {
		return nil, nil, err
	}
	if err := destination(response, j.config.ACS, signed); err != nil {
		return nil, nil, err
	}
	assertion, err = j.onlyAssertion(root, response)
	if err == nil {
		assertion, err = j.assertion(assertion, !signed, ids)
	}
	return response, assertion, err
}

// onlyAssertion is the one assertion of a Response. A signed one is taken from
// the message as it came, because its own signature may need a namespace that
// canonicalization took out of the covered octets; verifying it gives octets
// again. An unsigned one exists only inside what the Response's signature covers.
func (j *judge) onlyAssertion(root, response *etree.Element) (*etree.Element, error) {
	plain, closed := children(response, assertionNS, "Assertion"), children(response, assertionNS, "EncryptedAssertion")
	switch n := len(plain) + len(closed); {
	case n > 1:
		return nil, refuse("Expecting only 1 assertion, but response contains multiple (%d)", n)
	case n == 0:
		return nil, refuse("No assertions found in SAML response")
	case len(closed) == 1:
		return j.openAssertion(closed[0])
	case signatureOf(plain[0]) != nil:
		return child(root, assertionNS, "Assertion"), nil
	}
	return plain[0], nil
}

func (j *judge) openAssertion(closed *etree.Element) (*etree.Element, error) {
	if len(j.config.EncryptionKeys) == 0 {
		return nil, refuse("SAML assertion [%s] is encrypted, but no decryption key is available", excerpt(closed, 32, 0))
	}
	opened, err := j.decrypt(closed)
	if err == nil {
		err = conforms(opened, map[string]bool{})
	}
	if err != nil {
		return nil, undecrypted("assertion", closed, err)
	}
	return opened, nil
}

// undecrypted keeps the cause apart: only the log may say why.
func undecrypted(what string, closed *etree.Element, cause error) *Rejection {
	refused := refuse("Failed to decrypt SAML %s %s", what, excerpt(closed, 32, 0))
	refused.Cause = &Fault{"decryption_exception", cause.Error()}
	return refused
}
