package samlrealm

import (
	"time"

	"github.com/beevik/etree"
)

// CompleteLogout judges the IdP's answer to a LogoutRequest: a raw query string
// (redirect binding) or, when query is nil, a base64 text (POST binding). A
// refusal is a *Rejection; a bad escape, and ids that are nil where the answer
// names one, are a *Fault.
func (r *Realm) CompleteLogout(now time.Time, query, content *string, ids []string) error {
	j, err := r.judge(now)
	if err != nil {
		return err
	}
	root, err := j.logoutResponse(query, content)
	if err != nil {
		return err
	}
	if ids == nil && hasText(attribute(root, "InResponseTo")) {
		return &Fault{"null_pointer_exception", `Cannot invoke "java.util.Collection.contains(Object)" because "allowedSamlRequestIds" is null`}
	}
	if err := inResponseTo(root, ids); err != nil {
		return err
	}
	if err := success(root); err != nil {
		return err
	}
	if err := j.issuer(root); err != nil {
		return err
	}
	// What was covered by a signature in the XML has lost it by now; only the
	// POST binding demands one, and there a destination may not be missing.
	return destination(root, r.config.Logout, query == nil || signatureOf(root) != nil)
}

// logoutResponse is the answer once a signature covers it: that of the query
// string, or that of the XML.
func (j *judge) logoutResponse(query, content *string) (*etree.Element, error) {
	if query == nil {
		return j.postedLogoutResponse(text(content))
	}
	q, err := j.query(*query, "SAMLResponse")
	if err != nil {
		return nil, err
	}
	if !q.signed {
		return nil, refuse("Query string is not signed, but is required for HTTP-Redirect binding")
	}
	message, err := q.xml()
	if err != nil {
		return nil, err
	}
	return rooted(message, "LogoutResponse")
}

func (j *judge) postedLogoutResponse(content string) (*etree.Element, error) {
	message, err := unbase64(content)
	if err != nil {
		return nil, err
	}
	root, err := rooted(message, "LogoutResponse")
	if err != nil {
		return nil, err
	}
	if signatureOf(root) == nil {
		return nil, refuse("LogoutResponse is not signed, but is required for HTTP-Post binding")
	}
	return j.idp.verify(root)
}
