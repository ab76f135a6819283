package samlrealm

import (
	"slices"
	"strings"

	"github.com/beevik/etree"
)

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// assertion makes the checks of an assertion and returns what its signature, if
// it has one, covers. It must have one when nothing around it was signed.
func (j *judge) assertion(e *etree.Element, mustBeSigned bool, ids []string) (*etree.Element, error) {
	if !is(e, assertionNS, "Assertion") {
		return nil, refuse("SAML object [%s] is incorrect type.", e.FullTag())
	}
	if signatureOf(e) != nil {
		covered, err := j.idp.verify(e)
		if err != nil {
			return nil, err
		}
		e = covered
	} else if mustBeSigned {
		return nil, refuse("Assertion [%s] is not signed, but a signature is required", qname(e))
	}
	if err := j.conditions(e); err != nil {
		return nil, err
	}
	if err := j.issuer(e); err != nil {
		return nil, err
	}
	if err := j.subject(e, ids); err != nil {
		return nil, err
	}
	return e, j.authnStatement(e)
}

// conditions are optional, and so is each of them.
func (j *judge) conditions(assertion *etree.Element) error {
	conditions := child(assertion, assertionNS, "Conditions")
	if conditions == nil {
		return nil
	}
	restrictions := children(conditions, assertionNS, "AudienceRestriction")
	if slices.ContainsFunc(restrictions, j.excluded) {
		texts := make([]string, 0, len(restrictions))
		for _, r := range restrictions {
			texts = append(texts, excerpt(r, 56, 8))
		}
		return refuse("Conditions [%s] do not match required audience [%s]", strings.Join(texts, " | "), j.config.SPEntityID)
	}
	if text := attribute(conditions, "NotBefore"); text != nil {
		if at, err := parseInstant(*text); err != nil || j.future().Before(at) {
			return refuse("Rejecting SAML assertion because [%s] is before [%s]", printedInstant(j.future()), printedInstant(at))
		}
	}
	return j.notOnOrAfter(conditions)
}

// excluded reports whether a restriction does not name this realm.
func (j *judge) excluded(restriction *etree.Element) bool {
	for _, audience := range children(restriction, assertionNS, "Audience") {
		if value(audience) == j.config.SPEntityID {
			return false
		}
	}
	return true
}

// subject needs exactly one bearer confirmation with data. NotBefore and
// Address of the data are not looked at.
func (j *judge) subject(assertion *etree.Element, ids []string) error {
	subject := child(assertion, assertionNS, "Subject")
	if subject == nil {
		return refuse("SAML Assertion (%s) has no Subject", excerpt(assertion, 16, 0))
	}
	var found []*etree.Element
	for _, c := range children(subject, assertionNS, "SubjectConfirmation") {
		data := child(c, assertionNS, "SubjectConfirmationData")
		if printed(attribute(c, "Method")) == bearer && data != nil {
			found = append(found, data)
		}
	}
	if len(found) != 1 {
		return refuse("SAML Assertion subject contains [%d] bearer SubjectConfirmation, while exactly one was expected.", len(found))
	}
	return j.confirmation(found[0], ids)
}

func (j *judge) confirmation(data *etree.Element, ids []string) error {
	if recipient := attribute(data, "Recipient"); recipient == nil || *recipient != j.config.ACS {
		return refuse("SAML Assertion SubjectConfirmationData Recipient [%s] does not match expected value [%s]",
			printed(recipient), j.config.ACS)
	}
	if err := j.notOnOrAfter(data); err != nil {
		return err
	}
	if id := attribute(data, "InResponseTo"); hasText(id) && !slices.Contains(ids, *id) {
		return refuse("SAML Assertion SubjectConfirmationData is in-response-to [%s] but expected one of [%s]", *id, list(ids))
	}
	return nil
}

// authnStatement must be one, still running, and of a requested strength.
func (j *judge) authnStatement(assertion *etree.Element) error {
	statements := children(assertion, assertionNS, "AuthnStatement")
	if len(statements) != 1 {
		return refuse("SAML Assertion subject contains [%d] Authn Statements while exactly one was expected.", len(statements))
	}
	if at, over := j.over(statements[0], "SessionNotOnOrAfter"); over {
		return refuse("Rejecting SAML assertion's Authentication Statement because [%s] is on/after [%s]",
			printedInstant(j.past()), printedInstant(at))
	}
	wanted := j.config.ReqAuthnContextClassRef
	if class := classRef(statements[0]); len(wanted) > 0 && (class == nil || !slices.Contains(wanted, *class)) {
		return refuse("Rejecting SAML assertion as the AuthnContextClassRef [%s] is not one of the (%s) that were requested in the corresponding AuthnRequest",
			printed(class), list(wanted))
	}
	return nil
}

func classRef(statement *etree.Element) *string {
	if context := child(statement, assertionNS, "AuthnContext"); context != nil {
		if class := child(context, assertionNS, "AuthnContextClassRef"); class != nil {
			text := value(class)
			return &text
		}
	}
	return nil
}

// session is the SessionIndex of the assertion's AuthnStatement.
func session(assertion *etree.Element) *string {
	for _, s := range children(assertion, assertionNS, "AuthnStatement") {
		if index := attribute(s, "SessionIndex"); index != nil {
			return index
		}
	}
	return nil
}
