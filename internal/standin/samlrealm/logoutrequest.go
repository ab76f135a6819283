package samlrealm

import (
	"time"

	"github.com/beevik/etree"
)

// A LogoutRequest is what the IdP asked for.
type LogoutRequest struct {
	// ID is the request's own.
	ID string
	// Values has the seven keys of a token's metadata. Exactly the tokens whose
	// metadata equals them are meant, nil equal to nil. It is nil when the
	// request has no NameID: no token is meant.
	Values map[string]*string
	// RelayState must go back with the answer; nil: there was none.
	RelayState *string
}

// ReadLogoutRequest judges an IdP's LogoutRequest. rawQuery is the query string
// as the browser sent it: the signature covers those octets. A refusal is a
// *Rejection, a query string with a bad escape a *Fault.
func (r *Realm) ReadLogoutRequest(now time.Time, rawQuery string) (LogoutRequest, error) {
	j, err := r.judge(now)
	if err != nil {
		return LogoutRequest{}, err
	}
	q, err := j.query(rawQuery, "SAMLRequest")
	if err != nil {
		return LogoutRequest{}, err
	}
	message, err := q.xml()
	if err != nil {
		return LogoutRequest{}, err
	}
	root, err := rooted(message, "LogoutRequest")
	if err != nil {
		return LogoutRequest{}, err
	}
	if root, err = j.logoutRequest(root, q.signed); err != nil {
		return LogoutRequest{}, err
	}
	values, err := r.meant(root)
	return LogoutRequest{ID: text(attribute(root, "ID")), Values: values, RelayState: q.relayState}, err
}

// logoutRequest needs a signature around it or its own; its own is verified
// whenever it is there.
func (j *judge) logoutRequest(root *etree.Element, signed bool) (*etree.Element, error) {
	if signatureOf(root) != nil {
		covered, err := j.idp.verify(root)
		if err != nil {
			return nil, err
		}
		root = covered
	} else if !signed {
		return nil, refuse("Logout request is not signed")
	}
	if err := j.issuer(root); err != nil {
		return nil, err
	}
	if to := attribute(root, "Destination"); to == nil || *to != j.config.Logout {
		return nil, refuse("SAML request %s is for destination %s but this realm uses %s",
			printed(attribute(root, "ID")), printed(to), j.config.Logout)
	}
	return root, j.notOnOrAfter(root)
}

// meant are the metadata of the tokens to end. Only the first SessionIndex counts.
func (r *Realm) meant(root *etree.Element) (map[string]*string, error) {
	name, err := r.logoutName(root)
	if err != nil || name == nil || name.value == "" {
		return nil, err
	}
	var index *string
	if e := child(root, protocolNS, "SessionIndex"); e != nil && value(e) != "" {
		text := value(e)
		index = &text
	}
	return r.tokenMetadata(name, index), nil
}

// logoutName is the NameID, plain or encrypted.
func (r *Realm) logoutName(root *etree.Element) (*nameID, error) {
	closed := child(root, assertionNS, "EncryptedID")
	switch {
	case closed == nil:
		return readNameID(child(root, assertionNS, "NameID")), nil
	case len(r.config.EncryptionKeys) == 0:
		return nil, refuse("SAML EncryptedID [%s] is encrypted, but no decryption key is available", excerpt(closed, 32, 0))
	}
	opened, err := r.decrypt(closed)
	if err != nil {
		return nil, undecrypted("EncryptedID", closed, err)
	}
	if !is(opened, assertionNS, "NameID") {
		return nil, nil
	}
	return readNameID(opened), nil
}
