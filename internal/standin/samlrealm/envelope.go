package samlrealm

import (
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// The checks that a Response, a LogoutResponse and, in part, an assertion and a
// LogoutRequest share.

// inResponseTo lets pass what answers one of the ids and what answers nothing
// (IdP-initiated), whatever the ids are.
func inResponseTo(e *etree.Element, ids []string) error {
	id := attribute(e, "InResponseTo")
	if !hasText(id) || slices.Contains(ids, *id) {
		return nil
	}
	// The blank at the end is Elasticsearch's.
	refused := refuse("SAML content is in-response-to [%s] but expected one of %s ", *id, list(ids))
	refused.Unsolicited = *id
	return refused
}

const statusSpace = "urn:oasis:names:tc:SAML:2.0:status:"

// success refuses every status but success and tells what the IdP said.
func success(e *etree.Element) error {
	status := child(e, protocolNS, "Status")
	if status == nil || child(status, protocolNS, "StatusCode") == nil {
		return refuse("SAML Response has no status code")
	}
	code := child(status, protocolNS, "StatusCode")
	name := printed(attribute(code, "Value"))
	if name == statusSpace+"Success" {
		return nil
	}
	return refuse("SAML Response is not a 'success' response: %s%s", blame(name), particulars(status, code))
}

func blame(code string) string {
	switch code {
	case statusSpace + "Requester":
		return "The SAML IdP did not grant the request. It indicated that the Elastic Stack side sent something invalid (" + code + ")."
	case statusSpace + "Responder":
		return "The request could not be granted due to an error in the SAML IDP side (" + code + ")."
	case statusSpace + "VersionMismatch":
		return "The request could not be granted because the SAML IDP doesn't support SAML 2.0 (" + code + ")."
	}
	return "The request could not be granted, the SAML IDP responded with a non-standard Status code (" + code + ")."
}

func particulars(status, code *etree.Element) string {
	var b strings.Builder
	if message := child(status, protocolNS, "StatusMessage"); message != nil {
		b.WriteString(" Message: [" + value(message) + "]")
	}
	if detail := child(status, protocolNS, "StatusDetail"); detail != nil {
		b.WriteString(" Detail: [" + markup(detail) + "]")
	}
	if second := child(code, protocolNS, "StatusCode"); second != nil {
		b.WriteString(" Specific status code which might indicate what the issue is: [" + printed(attribute(second, "Value")) + "]")
	}
	return b.String()
}

// markup is an element as XML text.
func markup(e *etree.Element) string {
	text, err := etree.NewDocumentWithRoot(e.Copy()).WriteToString()
	if err != nil {
		return ""
	}
	return text
}

// issuer believes only the configured entity.
func (j *judge) issuer(e *etree.Element) error {
	issuer := child(e, assertionNS, "Issuer")
	if issuer == nil {
		return refuse("Element %s (%s) has no issuer, but expected [%s]", qname(e), excerpt(e, 16, 0), j.config.IDPEntityID)
	}
	if value(issuer) != j.config.IDPEntityID {
		return refuse("SAML Issuer [%s] does not match expected value [%s]", value(issuer), j.config.IDPEntityID)
	}
	return nil
}

// destination must be the realm's own. Only an unsigned message may leave it out.
func destination(e *etree.Element, own string, signed bool) error {
	to := attribute(e, "Destination")
	if to != nil && *to == own {
		return nil
	}
	if signed || hasText(to) {
		return refuse("SAML response %s is for destination %s but this realm uses %s", printed(attribute(e, "ID")), printed(to), own)
	}
	return nil
}

// past is the time at which the realm may be while its clock is fast.
func (j *judge) past() time.Time { return j.now.Add(-j.config.AllowedClockSkew) }

// future is the time at which the realm may be while its clock is slow.
func (j *judge) future() time.Time { return j.now.Add(j.config.AllowedClockSkew) }

// over reports whether e's time limit is reached even for a fast clock.
func (j *judge) over(e *etree.Element, limit string) (at time.Time, over bool) {
	text := attribute(e, limit)
	if text == nil {
		return at, false
	}
	at, err := parseInstant(*text)
	return at, err != nil || !j.past().Before(at)
}

// notOnOrAfter is the limit of assertions, confirmations and logout requests.
func (j *judge) notOnOrAfter(e *etree.Element) error {
	if at, over := j.over(e, "NotOnOrAfter"); over {
		return refuse("Rejecting SAML assertion because [%s] is on/after [%s]", printedInstant(j.past()), printedInstant(at))
	}
	return nil
}
